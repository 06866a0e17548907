/**
 * How each wait ends by what others do: a table of what a thread waits for and of causes, and the
 * scenarios that try the cells which `disturb.ts` does not.
 */
import { MessageState } from "../../core/ipc/tables.ts";
import type { WaitKind } from "../../core/sched/tables.ts";
import type { Scenario } from "./scene_state.ts";
import {
  BUFFER,
  call,
  fork,
  Futex,
  futex,
  go,
  halt,
  heldBy,
  keep,
  label,
  Nr,
  type Op,
  pollfd,
  quiet,
  say,
  script,
  Sig,
  store,
  thread,
  timespec,
} from "./script.ts";
import type { Site } from "./site.ts";
import { execute, loaded } from "./thread_sites.ts";

/** What may end a wait, beside what is waited for. */
export const CAUSES = [
  "channel destroyed",
  "connection detached",
  "export revoked",
  "server process exits",
  "server thread exits",
  "own process killed",
  "exit_group by another thread",
  "execve by another thread",
  "own thread destroyed",
  "handled signal",
  "timeout",
] as const;
export type Cause = (typeof CAUSES)[number];

/** What a blocked call does then. */
export type Ending =
  /** It returns that error, once; a call that is made after the cause may return the one after "/". */
  | "ESRCH"
  | "ESRCH/EBADF"
  | "EBADF"
  | "ETIMEDOUT"
  /** EINTR; a call that Linux restarts runs again with SA_RESTART. */
  | "EINTR"
  /** It returns what it would have without the cause. */
  | "returns"
  /** It waits on. */
  | "waits"
  /** The thread ends without it, or right after it. */
  | "dies"
  /** The cause cannot meet this wait. */
  | "-";

/** What a thread may wait for; a futex whose waiters lend their priority is another thing. */
export type Waited = Exclude<keyof typeof WaitKind, "None"> | "FutexOwned";

const row = (...endings: readonly Ending[]): Readonly<Record<Cause, Ending>> =>
  Object.fromEntries(CAUSES.map((cause, i) => [cause, endings[i] ?? "-"])) as Record<Cause, Ending>;
/** A wait that no message is about. */
const plain = (signal: Ending, timeout: Ending) =>
  row("-", "-", "-", "-", "-", "dies", "dies", "dies", "dies", signal, timeout);

/** Every wait and every cause. A wait kind without a row does not compile. */
export const ENDINGS: Readonly<Record<Waited, Readonly<Record<Cause, Ending>>>> = {
  Child: plain("EINTR", "-"),
  PipeRead: plain("EINTR", "returns"),
  PipeWrite: plain("EINTR", "returns"),
  Sleep: plain("EINTR", "returns"),
  Chunk: plain("returns", "-"),
  Terminal: plain("EINTR", "returns"),
  SpaceOperation: plain("returns", "-"),
  FileOperation: plain("returns", "-"),
  Shootdown: plain("returns", "-"),
  Vfork: plain("returns", "-"),
  Stream: plain("EINTR", "returns"),
  Futex: plain("EINTR", "ETIMEDOUT"),
  FutexOwned: plain("returns", "ETIMEDOUT"),
  Threads: plain("returns", "-"),
  Notification: plain("EINTR", "ETIMEDOUT"),
  MessageSend: row(
    "ESRCH/EBADF",
    "EBADF",
    "EBADF",
    "ESRCH/EBADF",
    "returns",
    "dies",
    "dies",
    "dies",
    "dies",
    "EINTR",
    "ETIMEDOUT",
  ),
  MessageReply: row(
    "ESRCH",
    "EBADF",
    "EBADF",
    "ESRCH",
    "returns",
    "dies",
    "dies",
    "dies",
    "dies",
    "EINTR",
    "ETIMEDOUT",
  ),
  MessageReceive: row(
    "ESRCH",
    "-",
    "waits",
    "-",
    "-",
    "dies",
    "dies",
    "dies",
    "dies",
    "EINTR",
    "ETIMEDOUT",
  ),
  Join: plain("EINTR", "ETIMEDOUT"),
};

/** What a site waits for. */
export function waitedAt(site: Site): Waited {
  const kind = site.blocks.split(":")[1] as Waited;
  return kind === "Futex" && site.name.includes("owner") ? "FutexOwned" : kind;
}

/** Status of the process that another thread ends. */
export const ENDED = "exit=7";

/** Causes that another thread of the process brings about, and how the blocked one ends then. */
export const BY_THREAD = {
  "exit_group by another thread": ENDED,
  "execve by another thread": "ended",
  "own thread destroyed": "ended",
} as const;

/** What the other thread does; the blocked one keeps a token of itself. */
function actOf(cause: keyof typeof BY_THREAD): Op {
  if (cause === "execve by another thread") return execute;
  if (cause === "own thread destroyed") {
    return call("destroy", Nr.threadDestroy, heldBy("A", "self"));
  }
  return call("exit", Nr.exit, 7);
}

/** A site whose thread or process another thread ends, or leads into another program. */
export function endedByThread(
  site: Site,
  cause: keyof typeof BY_THREAD,
  harts: number,
): Scenario {
  const executes = cause === "execve by another thread";
  const program = executes ? "main" : site.program;
  return {
    name: `${site.name}, ${cause}, harts: ${harts}`,
    harts,
    actors: 2 + (site.waker === undefined ? 0 : 1) + (site.others ?? 0),
    preemptions: harts === 1 ? 1 : 0,
    terminal: site.terminal === true,
    arrivals: site.arrivals ?? [],
    ...(program === undefined ? {} : { program }),
    script: script(
      executes && waitedAt(site) !== "Chunk" ? loaded : [],
      // It takes the place that `disturb.ts` gives to a process, so that ids are those of the sites.
      ...thread("T", 9),
      ...(site.before ?? []),
      ...(site.waker === undefined ? [] : fork("W")),
      ...(cause === "own thread destroyed" ? [quiet(Nr.threadSelf), keep("self")] : []),
      go,
      ...site.blocker,
      halt,
      [label("W"), go, ...(site.waker ?? []), halt],
      [label("T"), go, actOf(cause), halt],
      ...(site.more ?? []),
      [label("main"), say("main"), halt],
    ),
  };
}

const FIRST = 4096;
const CONNECTION = 2 ** 30 + FIRST;
const send = call("send", Nr.msgSend, CONNECTION, 8);
const receive = quiet(Nr.msgReceive, FIRST, 0, 0, 0);
/** The client makes the row of its messages the first, and connects when the server is there. */
const connect = (pid: number): readonly Op[] => [
  quiet(Nr.read, 3, BUFFER, 1),
  quiet(Nr.attach, pid, FIRST),
];
const begin: readonly Op[] = [quiet(Nr.msgTimeout, 0, 0), quiet(Nr.pipe2, BUFFER, 0)];
const serve: readonly Op[] = [quiet(Nr.channelCreate, 0), quiet(Nr.write, 4, BUFFER, 1)];
/** A pipe for what follows a receive. */
const second = quiet(Nr.pipe2, BUFFER, 0);
const answer = quiet(Nr.msgReply, FIRST + 1, 5 * 2 ** 32);
const CHANNEL_DESTROY = 661, DETACH = 663, REVOKE = 606;

/** A way a message's wait ends: scenario and every log of the blocked thread. */
export interface MessageCase {
  readonly waited: Waited;
  readonly cause: Cause;
  readonly scenario: (harts: number) => Scenario;
}

function messageCase(
  waited: Waited,
  cause: Cause,
  actors: number,
  ...parts: readonly (readonly Op[])[]
): MessageCase {
  const scenario = (harts: number): Scenario => ({
    name: `${waited}, ${cause}, harts: ${harts}`,
    harts,
    actors,
    preemptions: harts === 1 ? 1 : 0,
    script: script(...parts),
  });
  return { waited, cause, scenario };
}

/** What a server does to a client that it has received, or not. */
function byServer(waited: Waited, cause: Cause, act: Op): MessageCase {
  const received = waited === "MessageReply";
  return messageCase(
    waited,
    cause,
    received ? 1 : 2,
    [...begin, ...fork("C"), ...connect(2), go, send, halt],
    [label("C"), ...serve, received ? receive : go, act, halt],
  );
}

/** What another thread of the client's process does. */
function byClient(waited: Waited): MessageCase {
  return messageCase(
    waited,
    "connection detached",
    2,
    [...begin, ...thread("T", 9), ...fork("C"), ...connect(3), go, send, halt],
    [label("T"), go, quiet(DETACH, CONNECTION), halt],
    [label("C"), ...serve, ...(waited === "MessageReply" ? [receive] : []), halt],
  );
}

/** A time limit of the state that is waited in. */
function byTime(waited: Waited, state: number): MessageCase {
  const limit = quiet(Nr.msgTimeout, 2 ** state, 50_000);
  return messageCase(
    waited,
    "timeout",
    1,
    [...begin, ...fork("C"), ...connect(2), limit, go, send, halt],
    [label("C"), ...serve, ...(waited === "MessageReply" ? [receive] : []), halt],
  );
}

/** One of a server's threads ends, the one that has received if one has: another one answers. */
function byServerThread(waited: Waited): MessageCase {
  const received = waited === "MessageReply";
  return messageCase(
    waited,
    "server thread exits",
    received ? 1 : 3,
    [...begin, second, ...fork("C"), ...connect(2), go, send, halt],
    [label("C"), quiet(Nr.channelCreate, 0), ...thread("D", 9), quiet(Nr.write, 4, BUFFER, 1)],
    received ? [quiet(Nr.read, 5, BUFFER, 1)] : [go, receive],
    [answer, halt],
    [label("D"), ...(received ? [receive, quiet(Nr.write, 6, BUFFER, 1)] : [go])],
    [quiet(Nr.exitThread, 0), halt],
  );
}

/** As `byServer`, where a third process kills the server: once it has received, if it does. */
function byKiller(waited: Waited): MessageCase {
  const received = waited === "MessageReply";
  const kill = quiet(Nr.kill, 2, Sig.kill);
  return messageCase(
    waited,
    "server process exits",
    received ? 1 : 2,
    [...begin, second, ...fork("C"), ...connect(2), ...fork("K"), go, send, halt],
    [label("C"), ...serve, ...(received ? [receive, quiet(Nr.write, 6, BUFFER, 1)] : []), halt],
    [label("K"), received ? quiet(Nr.read, 5, BUFFER, 1) : go, kill, halt],
  );
}

/** As `byServerThread`, where the one that answers destroys the other. */
function byDestroyer(waited: Waited): MessageCase {
  const received = waited === "MessageReply";
  const destroy = quiet(Nr.threadDestroy, heldBy("D", "self"));
  return messageCase(
    waited,
    "server thread exits",
    received ? 1 : 2,
    [...begin, second, ...fork("C"), ...connect(2), go, send, halt],
    [label("C"), quiet(Nr.channelCreate, 0), ...thread("D", 9), quiet(Nr.write, 4, BUFFER, 1)],
    received ? [quiet(Nr.read, 5, BUFFER, 1), destroy] : [go, destroy, receive],
    [answer, halt],
    [label("D"), quiet(Nr.threadSelf), keep("self")],
    received ? [receive, quiet(Nr.write, 6, BUFFER, 1)] : [quiet(Nr.read, 5, BUFFER, 1)],
    [halt],
  );
}

/** What another thread does to the channel that one receives on. */
function toReceiver(cause: Cause, act: Op): MessageCase {
  return messageCase(
    "MessageReceive",
    cause,
    2,
    [quiet(Nr.channelCreate, 0), ...thread("T", 9), go],
    [call("receive", Nr.msgReceive, FIRST, 0, 0, 0), halt],
    [label("T"), go, act, halt],
  );
}

/** Every cell of the table that is about messages and their channels. */
export const MESSAGE_CASES: readonly MessageCase[] = [
  ...(["MessageSend", "MessageReply"] as const).flatMap((waited) => [
    byServer(waited, "channel destroyed", quiet(CHANNEL_DESTROY, FIRST)),
    byClient(waited),
    byServer(waited, "export revoked", quiet(REVOKE, FIRST)),
    byServer(waited, "server process exits", quiet(Nr.exit, 0)),
    byKiller(waited),
    byServerThread(waited),
    byDestroyer(waited),
    byTime(waited, waited === "MessageSend" ? MessageState.Sent : MessageState.Received),
  ]),
  toReceiver("channel destroyed", quiet(CHANNEL_DESTROY, FIRST)),
  toReceiver("export revoked", quiet(REVOKE, FIRST)),
  messageCase("MessageReceive", "timeout", 1, [
    quiet(Nr.channelCreate, 0),
    quiet(Nr.msgTimeout, 2 ** MessageState.Receiving, 50_000),
    go,
    call("receive", Nr.msgReceive, FIRST, 0, 0, 0),
    halt,
  ]),
];

const PAGE = 0x70_000;
const shared: Op = quiet(Nr.mmap, PAGE * 4096, 8192, 3, 0x31, 0xffff_ffff, 0);
const soon = timespec(50_000);
const poll = (fd: number, events: number): Op =>
  call("poll", Nr.ppoll, pollfd(fd, events), 1, soon, null, 8);

/** A wait whose own deadline ends it: every log of the thread. */
export interface TimedCase {
  readonly waited: Waited;
  readonly logs: readonly string[];
  readonly scenario: (harts: number) => Scenario;
}

function timed(waited: Waited, logs: readonly string[], ...ops: readonly Op[]): TimedCase {
  const scenario = (harts: number): Scenario => ({
    name: `${waited}, its deadline, harts: ${harts}`,
    harts,
    actors: 1,
    preemptions: harts === 1 ? 1 : 0,
    terminal: waited === "Terminal",
    script: script(
      ops,
      halt,
      [label("J"), quiet(Nr.threadSelf), quiet(Nr.write, 4, BUFFER, 1), halt],
      [label("O"), quiet(Nr.futex, { word: PAGE }, Futex.lock, 0, null)],
      [
        quiet(Nr.write, 4, BUFFER, 1),
        halt,
      ],
    ),
  });
  return { waited, logs, scenario };
}

/** Every cell of the column for deadlines that is not about messages. */
export const TIMED_CASES: readonly TimedCase[] = [
  timed("PipeRead", ["poll=0"], quiet(Nr.pipe2, BUFFER, 0), go, poll(3, 1)),
  timed(
    "PipeWrite",
    ["poll=0"],
    quiet(Nr.mmap, PAGE * 4096, 65_536, 3, 0x32, 0xffff_ffff, 0),
    quiet(Nr.pipe2, BUFFER, 0),
    quiet(Nr.write, 4, PAGE * 4096, 65_536),
    go,
    poll(4, 4),
  ),
  timed("Sleep", ["sleep=0"], go, call("sleep", Nr.nanosleep, soon, 0)),
  timed("Terminal", ["poll=0"], go, poll(0, 1)),
  // What was asked of the host may come first.
  timed("Stream", ["poll=0", "poll=1"], go, poll(0, 1)),
  timed(
    "Notification",
    ["wait=-12"],
    quiet(Nr.notificationCreate),
    go,
    call("wait", Nr.notificationWait, FIRST, 10_000_000),
  ),
  timed(
    "Futex",
    ["wait=-110"],
    shared,
    store(PAGE, 0),
    go,
    futex("wait", PAGE, Futex.wait, 0, soon),
  ),
  timed(
    "Join",
    ["join=-12"],
    quiet(Nr.pipe2, BUFFER, 0),
    ...thread("J", 9),
    quiet(Nr.read, 3, BUFFER, 1),
    go,
    call("join", Nr.threadJoin, FIRST, 10_000_000),
  ),
  timed(
    "FutexOwned",
    ["lock=-110"],
    shared,
    store(PAGE, 0),
    quiet(Nr.pipe2, BUFFER, 0),
    ...fork("O"),
    quiet(Nr.read, 3, BUFFER, 1),
    go,
    futex("lock", PAGE, Futex.lock, 0, timespec(50_000_000)),
  ),
];
