/**
 * Random scripts of threads that talk: messages, pulses, futexes, notifications and capabilities,
 * among signals, moves and deaths. A server and threads of its own, clients that were made from it,
 * and one that keeps the others going. What comes of a script is not known: the rules are checked,
 * and the books at the end.
 */
import type { Scenario } from "../schedules/scene_state.ts";
import {
  fork,
  Futex,
  futex,
  go,
  halt,
  handler,
  held,
  keep,
  label,
  load,
  Nr,
  onSignal,
  type Op,
  quiet,
  SA_RESTART,
  script,
  Sig,
  store,
  thread,
  timespec,
  words64,
} from "../schedules/script.ts";
import { type Below, generator } from "../schedules/wild.ts";
import {
  attach,
  Channel,
  channel,
  copy,
  derive,
  destroy,
  detach,
  During,
  exit,
  exitThread,
  kill,
  limit,
  mapShared,
  moveToken,
  name,
  PAGE,
  pulse,
  receive,
  remove,
  reply,
  revoke,
  send,
} from "./configurations/ops.ts";

/** Pages with futexes: shared with whoever was made later. */
const WORDS = 2;

/** A futex call on one of the words. */
function anyFutex(below: Below): Op {
  const page = PAGE + below(WORDS);
  const other = PAGE + below(WORDS);
  const deadline = below(2) === 0 ? timespec(1000 * (1 + below(20))) : null;
  switch (below(7)) {
    case 0:
    case 1:
      return futex("", page, Futex.wait, below(2), deadline);
    case 2:
      return quiet(Nr.futex, page * 4096, Futex.wake, 1 + below(3), 0, 0, 0);
    case 3:
      return futex("", page, Futex.compareRequeue, 1, 2, other * 4096, below(2));
    case 4:
      return futex("", page, Futex.lock, 0, deadline);
    case 5:
      return futex("", page, Futex.unlock, 0);
    default:
      return store(page, below(2));
  }
}

/** A call on a capability the caller may have. */
function anyCapability(below: Below, processes: number): Op {
  const token = below(3) === 0 ? held("token") : name(below(6));
  const process = below(2) === 0 ? 0 : 1 + below(processes);
  switch (below(7)) {
    case 0:
      return derive(token, below(256));
    case 1:
      return quiet(Nr.capMint, token, below(256), below(5));
    case 2:
      return copy(token, process);
    case 3:
      return moveToken(token, process);
    case 4:
      return remove(token);
    case 5:
      return revoke("", token);
    default:
      return quiet(Nr.capIdentify, token);
  }
}

/** A call of somebody who sends. */
function client(below: Below): readonly Op[] {
  const nth = below(3);
  switch (below(9)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return [send("", nth)];
    case 4:
      return [limit(During.any, 1000 * (1 + below(20))), send("", nth)];
    case 5:
      return [pulse(nth, 10 + below(30), 1 + below(9))];
    case 6:
      return [attach(1)];
    case 7:
      return [detach(nth)];
    default:
      return [attach(1, name(below(3)))];
  }
}

/** A call of somebody who receives. */
function server(below: Below): readonly Op[] {
  const nth = below(2);
  switch (below(9)) {
    case 0:
    case 1:
    case 2:
      return [...receive(nth), reply(below(3))];
    case 3:
      return receive(nth);
    case 4:
      return [reply(below(3))];
    case 5:
      return [quiet(Nr.msgError, held("receipt"), 1 + below(30))];
    case 6:
      return [limit(During.receiving, 1000 * (1 + below(20))), ...receive(nth)];
    case 7:
      return [quiet(Nr.notificationWait, name(2))];
    default:
      return [quiet(Nr.notificationSignal, name(2), 1 + below(7))];
  }
}

/** Anything else, seldom an end. */
function other(below: Below, processes: number, harts: number): Op {
  const pid = () => 1 + below(processes);
  const rare = below(10) === 0;
  switch (below(8)) {
    case 0:
      return kill(pid(), rare ? Sig.kill : Sig.usr1);
    case 1:
      return quiet(Nr.tgkill, pid(), 1 + below(processes + 3), Sig.usr1);
    case 2:
      return quiet(Nr.setaffinity, below(2) * pid(), 8, words64(1 + below(2 ** harts - 1)));
    case 3:
      return quiet(Nr.setpriority, 0, 0, below(30) - 10);
    case 4:
      return quiet(Nr.nanosleep, timespec(1000 * below(20)), 0);
    case 5:
      return rare ? destroy(below(2)) : quiet(Nr.yield);
    case 6:
      return rare ? exitThread : load(PAGE + below(WORDS));
    default:
      return rare ? exit(0) : kill(pid(), Sig.cont);
  }
}

/** What keeps the others going; it waits only for room in nobody's way. */
function pump(below: Below, processes: number): Op {
  switch (below(5)) {
    case 0:
      return pulse(0, 20, 1 + below(9));
    case 1:
    case 2:
      return quiet(Nr.futex, (PAGE + below(WORDS)) * 4096, Futex.wake, 2, 0, 0, 0);
    case 3:
      return kill(1 + below(processes), Sig.cont);
    default:
      return kill(1 + below(processes), Sig.usr1);
  }
}

/** The scenario of a seed. */
export function talkScenario(seed: number): Scenario {
  const below = generator(seed + 0x3000_0000);
  const harts = 1 + below(4);
  const clients = 1 + below(2);
  const workers = 1 + below(2);
  const processes = clients + 2;
  const one = (sends: boolean): readonly Op[] => {
    const which = below(10);
    if (which < 5) return sends ? client(below) : server(below);
    if (which < 7) return [anyFutex(below)];
    if (which < 8) return [anyCapability(below, processes)];
    return [other(below, processes, harts)];
  };
  const body = (sends: boolean): Op[] =>
    Array.from({ length: 6 + below(10) }, () => one(sends)).flat();
  const flags = [0, Channel.fixedPriority, Channel.unblock, Channel.disconnect][below(4)];
  const names = {
    clients: Array.from({ length: clients }, (_, i) => `C${i}`),
    workers: Array.from({ length: workers }, (_, i) => `W${i}`),
  };
  return {
    name: `talk ${seed}`,
    harts,
    actors: 2 + clients + workers,
    preemptions: 6,
    script: script(
      onSignal(Sig.usr1, "one", below(2) * SA_RESTART),
      mapShared(WORDS),
      store(PAGE, 0),
      store(PAGE + 1, 0),
      channel(flags),
      channel(),
      quiet(Nr.notificationCreate),
      keep("token"),
      ...names.clients.map((to) => fork(to)).flat(),
      ...fork("P"),
      ...names.workers.map((to, i) => thread(to, i + 1)).flat(),
      go,
      ...body(false),
      halt,
      ...names.workers.flatMap((to) => [label(to), go, ...body(false), halt]),
      ...names.clients.flatMap((to) => [
        label(to),
        attach(1),
        attach(1, name(1)),
        go,
        ...body(true),
        halt,
      ]),
      [label("P"), attach(1), go],
      Array.from({ length: 30 }, () => pump(below, processes)),
      halt,
      handler("one"),
    ),
  };
}
