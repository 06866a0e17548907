/** Plants for the checks of what threads wait for: one for each wait that has no point. */
import type { State } from "../../core/kernel.ts";
import { ProcessState } from "../../core/proc/tables.ts";
import { ThreadState, WaitKind } from "../../core/sched/tables.ts";
import { ONLY, top } from "./checker.ts";
import { blockedOn, first, type Plant, row, threads } from "./plant.ts";

const plant = (
  id: string,
  stage: string,
  what: string,
  says: readonly string[],
  write: Plant["write"],
): Plant => ({ id, group: "waiting", stage, what, says, write });

/** What a blocked thread waits for. */
const objectOf = (s: State, t: number): number => s.waiter.object[s.thread.waiter[t]];

/** Changes what a thread waits for while it waits with a kind of wait, and nobody is being woken. */
const during = (
  kind: number,
  change: (s: State, object: number, t: number) => void,
  fits: (s: State, object: number, t: number) => boolean = () => true,
): Plant["write"] =>
  row(
    threads,
    (s, t) =>
      blockedOn(s, t) === kind && s.kernel.wakingHead[ONLY] === 0 && fits(s, objectOf(s, t), t),
    (s, t) => change(s, objectOf(s, t), t),
  );

/**
 * Has a thread that reads a pipe wait for something else instead: for waits that come only with luck.
 *
 * @param object row it waits for then
 */
const instead = (kind: number, object: number, change: (s: State) => void): Plant["write"] =>
  during(WaitKind.PipeRead, (s, _pipe, t) => {
    const waiter = s.thread.waiter[t];
    s.waiter.kind[waiter] = kind;
    s.waiter.object[waiter] = object;
    change(s);
  });

/** Its pipe's end is waited at by a call that moves bytes, not by one that opens or polls. */
const moves = (s: State, _object: number, t: number): boolean =>
  s.thread.callStage[t] !== 0 && s.waiter.events[s.thread.waiter[t]] === 0;

export const waitingPlants: readonly Plant[] = [
  plant(
    "I17",
    "pipes",
    "a thread that waits for a slot of its own",
    [
      "waits for a slot that is, in the end, its own",
      "its slot is held by thread *, which is done or gone",
    ],
    ({ state: s }) => {
      const thread = first(s.thread, (t) => blockedOn(s, t) === WaitKind.PipeRead);
      if (thread === 0) return false;
      const waiter = s.thread.waiter[thread];
      s.waiter.kind[waiter] = WaitKind.SpaceOperation;
      s.waiter.object[waiter] = first(s.addressSpace);
      s.addressSpace.operation[s.waiter.object[waiter]] = thread;
      return true;
    },
  ),
  plant(
    "I17",
    "pipes",
    "a thread that waits for a slot of one that is gone",
    [
      "waits for a slot of thread *, which is gone",
      "its slot is held by thread *, which is done or gone",
    ],
    instead(WaitKind.SpaceOperation, 1, (s) => s.addressSpace.operation[1] = top(s.thread) + 1),
  ),
  plant(
    "I17",
    "pipes",
    "a slot held by a thread that does nothing long",
    ["its slot is held by thread *, which is done or gone"],
    row(
      threads,
      (s, t) => s.thread.operation[t] === 0,
      (s, t) => s.addressSpace.operation[s.process.space[s.thread.process[t]]] = t,
    ),
  ),
  plant(
    "F5",
    "pipes",
    "a reader asleep beside a full pipe",
    ["waits to read a pipe that holds bytes"],
    during(WaitKind.PipeRead, (s, pipe) => s.pipe.head[pipe] += 5, moves),
  ),
  plant(
    "F5",
    "pipes",
    "a reader of a pipe that nobody will write",
    ["waits to read a pipe nobody can write"],
    during(WaitKind.PipeRead, (s, pipe) => s.pipe.writers[pipe] = 0, moves),
  ),
  plant(
    "F5",
    "pipes",
    "a writer of a pipe that nobody will read",
    ["waits to write a pipe nobody can read"],
    during(WaitKind.PipeWrite, (s, pipe) => s.pipe.readers[pipe] = 0, moves),
  ),
  plant(
    "F5",
    "pipes",
    "a writer asleep beside an empty pipe",
    ["waits to write a pipe that is empty"],
    during(WaitKind.PipeWrite, (s, pipe) => s.pipe.tail[pipe] = s.pipe.head[pipe], moves),
  ),
  plant(
    "F5",
    "process",
    "a parent that waits for a vfork child that ended",
    ["waits for a vfork child that ended"],
    during(WaitKind.Vfork, (s, child) => s.process.state[child] = ProcessState.Zombie),
  ),
  plant(
    "F5",
    "threads",
    "a thread that waits for others that have ended",
    ["waits for threads that have ended"],
    during(WaitKind.Threads, (s, process) => s.process.threads[process] = 1),
  ),
  plant(
    "F5",
    "native",
    "a thread that is joined and has ended",
    ["waits for a thread that has ended"],
    during(WaitKind.Join, (s, thread) => s.thread.state[thread] = ThreadState.Dead),
  ),
  plant(
    "F5",
    "pipes",
    "a thread that waits for a space that nobody changes",
    ["waits for a space that is free"],
    instead(WaitKind.SpaceOperation, 1, (s) => s.addressSpace.operation[1] = 0),
  ),
  plant(
    "F5",
    "pipes",
    "a thread that waits for a file that nobody changes",
    ["waits for a file that is free"],
    instead(WaitKind.FileOperation, 1, (s) => s.inode.operation[1] = 0),
  ),
  plant(
    "F5",
    "threads",
    "a thread that waits for a shootdown that was answered",
    ["waits for a shootdown every hart has answered"],
    during(
      WaitKind.Shootdown,
      (s, shootdown) => s.shootdown.waitingLo[shootdown] = 0,
      (s, shootdown) => s.shootdown.waitingHi[shootdown] === 0,
    ),
  ),
  plant(
    "F5",
    "capabilities",
    "a thread that waits for a notification that has come",
    ["waits for a notification that has bits"],
    during(WaitKind.Notification, (s, notification) => s.notification.bits[notification] = 1),
  ),
  plant(
    "F5",
    "process",
    "a thread that waits for a chunk the host was not asked for",
    ["waits for a chunk nobody asked for"],
    during(WaitKind.Chunk, (s, chunk) => s.chunkRequest.$live[chunk] = 0),
  ),
  plant(
    "F5",
    "pipes",
    "a reader of a stream that has ended",
    ["waits to read a stream that has ended"],
    instead(WaitKind.Stream, 1, (s) => s.stream.ended[1] = 1),
  ),
  plant(
    "F5",
    "pipes",
    "a reader asleep beside a stream that has bytes",
    ["waits to read a stream that has bytes"],
    instead(WaitKind.Stream, 1, (s) => {
      s.stream.ended[1] = 0;
      s.stream.end[1] = s.stream.begin[1] + 1;
    }),
  ),
  plant(
    "F5",
    "process",
    "a parent that waits without a child",
    ["waits for a child there is not"],
    during(WaitKind.Child, (s, parent) => s.process.firstChild[parent] = 0),
  ),
  plant(
    "F5",
    "process",
    "a parent that waits while its only child has ended",
    ["waits for a child while every one has ended"],
    during(
      WaitKind.Child,
      (s, parent) => s.process.state[s.process.firstChild[parent]] = ProcessState.Zombie,
      (s, parent) => s.process.nextSibling[s.process.firstChild[parent]] === 0,
    ),
  ),
];
