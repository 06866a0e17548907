/** Whose priority a server has: those of messages and of what waits, up and down, one hop. */
import type { State } from "../../../core/kernel.ts";
import { MessageState } from "../../../core/ipc/tables.ts";
import { ownPriority } from "../../../core/sched/effective_priority.ts";
import type { Scene } from "../../schedules/scene.ts";
import {
  fork,
  go,
  halt,
  held,
  label,
  Nr,
  type Op,
  quiet,
  script,
  stayOn,
} from "../../schedules/script.ts";
import type { Configuration } from "../configuration.ts";
import {
  attach,
  channel,
  exit,
  level,
  pipe,
  pulse,
  read,
  receive,
  reply,
  send,
  serves,
  together,
  write,
} from "./ops.ts";

/** A client of a level that has connected to a process's first channel before the rest. */
const levelled = (who: string, at: number, pid: number, ...ops: readonly Op[]): readonly Op[] => [
  label(who),
  attach(pid),
  level(at),
  go,
  ...ops,
  halt,
];

/** What the servers in a row were busy with before the rest. */
const BEFORE = 12;

/**
 * One hop: a server has no more than the messages of its channel were sent or received with, whatever
 * those who sent them have been raised to since.
 */
function oneHop(s: State, server: number): string {
  let most = 0;
  for (let m = 1; m <= s.message.$header[0]; m++) {
    const state = s.message.state[m];
    const sends = state === MessageState.Sent || state === MessageState.Received;
    if (!sends || s.channel.server[s.message.channel[m]] !== server) continue;
    most = Math.max(most, BEFORE, s.message.priority[m]);
  }
  const own = ownPriority(s, server);
  return most > 0 && own > most ? `thread ${server} serves at ${own} what came with ${most}` : "";
}

/** The thread of an actor, or 0. */
const threadOf = (scene: Scene, who: string): number =>
  Math.max(0, scene.model.actors.findIndex((a) => a?.name === who));

/** A channel whose server is busy with a pulse of 12. */
const busy: readonly Op[] = [channel(), ...fork("P"), ...receive()];
const busyToo: readonly Op[] = [channel(), ...fork("Q"), ...receive()];

export const PRIORITIES: readonly Configuration[] = [
  {
    name: "a server of 13, clients of 10 and 22, an intruder of 11 that never ends, 3 x 5",
    about: "priorities",
    small: true,
    harts: 3,
    actors: 4,
    script: script(
      channel(),
      ...fork("B"),
      ...fork("C"),
      ...fork("I"),
      stayOn(0),
      go,
      level(13),
      ...serves(1, 2),
      halt,
      levelled("B", 10, 1, stayOn(1), send("s")),
      levelled("C", 22, 1, stayOn(2), send("s")),
      [label("I"), stayOn(0), go, level(11), halt],
    ),
    // Without the boost at the send nobody would come before the intruder. Serving 10 alone, it may.
    results: ["A: | B: s=1 | C: s=2 | I:", "A: | B: blocked | C: s=1 | I:"],
  },
  {
    name: "equals in the order they came, 3 x 5",
    about: "priorities",
    small: true,
    harts: 3,
    actors: 3,
    script: script(
      channel(),
      ...together("B", "C"),
      ...receive(),
      ...receive(0, "receipt 2"),
      reply(1),
      reply(2, held("receipt 2")),
      halt,
      levelled("B", 20, 1, quiet(Nr.setpriority, 0, 3, 0), send("s")),
      levelled("C", 20, 1, send("s"), quiet(Nr.setpriority, 0, 2, 0)),
    ),
    results: ["A: | B: s=1 | C: s=2", "A: | B: s=2 | C: s=1"],
  },
  {
    name: "the base of a server changes while it serves, 3 x 5",
    about: "priorities",
    small: true,
    harts: 3,
    actors: 3,
    script: script(
      channel(),
      ...together("B", "C"),
      ...receive(),
      level(10),
      reply(1),
      ...serves(2),
      halt,
      levelled("B", 20, 1, send("s"), quiet(Nr.setpriority, 0, 1, -2)),
      levelled("C", 20, 1, send("s")),
    ),
    results: ["A: | B: s=1 | C: s=2", "A: | B: s=2 | C: s=1"],
  },
  {
    name: "three in a row, and the last is not raised for the first, 3 x 4",
    about: "priorities",
    small: true,
    harts: 3,
    actors: 3,
    script: script(
      pipe,
      ...busy,
      ...fork("M"),
      read(3),
      ...together("C"),
      ...serves(3),
      halt,
      [label("P"), attach(1), pulse(0, BEFORE), exit(0)],
      [label("Q"), attach(3), pulse(0, BEFORE), exit(0)],
      [label("M"), ...busyToo, attach(1), write(4)],
      go,
      send("m", 1),
      ...serves(1),
      halt,
      levelled("C", 22, 3, send("s")),
    ),
    results: ["A: | C: s=1 | M: m=3 | P: | Q:"],
    rule: (scene) => oneHop(scene.s, threadOf(scene, "A")),
  },
];
