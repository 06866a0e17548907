/** I17, F5: nobody waits for what is already there, and no two wait for each other's slot. */
import { CallStage } from "../../core/sched/call_stage.ts";
import type { State } from "../../core/kernel.ts";
import { ProcessState } from "../../core/proc/tables.ts";
import { ThreadState, WaitKind } from "../../core/sched/tables.ts";
import { type Check, eachLive, type Group, ONLY, type Report } from "./checker.ts";

/** Why a linked waiter should not wait, or "". */
function pointless(s: State, w: number): string {
  const object = s.waiter.object[w];
  const t = s.waiter.thread[w];
  switch (s.waiter.kind[w]) {
    case WaitKind.PipeRead:
      // One in open, and one in poll, have conditions of their own.
      if (s.thread.callStage[t] !== CallStage.PipeRead || s.waiter.events[w] !== 0) return "";
      if (s.pipe.head[object] > s.pipe.tail[object]) return "to read a pipe that holds bytes";
      return s.pipe.writers[object] === 0 ? "to read a pipe nobody can write" : "";
    case WaitKind.PipeWrite:
      if (s.thread.callStage[t] !== CallStage.PipeWrite || s.waiter.events[w] !== 0) return "";
      if (s.pipe.readers[object] === 0) return "to write a pipe nobody can read";
      return s.pipe.head[object] === s.pipe.tail[object] ? "to write a pipe that is empty" : "";
    case WaitKind.Vfork:
      return s.process.state[object] === ProcessState.Zombie ? "for a vfork child that ended" : "";
    case WaitKind.Threads:
      return s.process.threads[object] === 1 ? "for threads that have ended" : "";
    case WaitKind.Join:
      return s.thread.state[object] === ThreadState.Dead ? "for a thread that has ended" : "";
    case WaitKind.SpaceOperation:
      return s.addressSpace.operation[object] === 0 ? "for a space that is free" : "";
    case WaitKind.FileOperation:
      return s.inode.operation[object] === 0 ? "for a file that is free" : "";
    case WaitKind.Shootdown:
      return (s.shootdown.waitingLo[object] | s.shootdown.waitingHi[object]) === 0
        ? "for a shootdown every hart has answered"
        : "";
    case WaitKind.Notification:
      return s.notification.bits[object] === 0 ? "" : "for a notification that has bits";
    case WaitKind.Chunk:
      return s.chunkRequest.$live[object] === 1 ? "" : "for a chunk nobody asked for";
    case WaitKind.Stream:
      if (s.stream.ended[object] === 1) return "to read a stream that has ended";
      return s.stream.begin[object] < s.stream.end[object] ? "to read a stream that has bytes" : "";
    case WaitKind.Child:
      return waitsForZombies(s, object);
    default:
      return "";
  }
}

function waitsForZombies(s: State, parent: number): string {
  const children: number[] = [];
  for (let c = s.process.firstChild[parent]; c !== 0; c = s.process.nextSibling[c]) {
    if (children.push(c) > s.process.$capacity) return "";
  }
  if (children.length === 0) return "for a child there is not";
  const ended = children.every((c) => s.process.state[c] === ProcessState.Zombie);
  return ended ? "for a child while every one has ended" : "";
}

/** The thread that holds the slot a thread waits for, or 0. */
function holderFor(s: State, thread: number): number {
  const w = s.thread.waiter[thread];
  if (s.thread.state[thread] !== ThreadState.Blocked) return 0;
  if (s.waiter.kind[w] === WaitKind.SpaceOperation) {
    return s.addressSpace.operation[s.waiter.object[w]];
  }
  return s.waiter.kind[w] === WaitKind.FileOperation ? s.inode.operation[s.waiter.object[w]] : 0;
}

/** I17: following "waits for the slot held by" never comes back. */
function checkSlots(s: State, report: Report): void {
  eachLive(s.thread, (thread) => {
    let at = holderFor(s, thread);
    for (let n = 0; at !== 0; n++) {
      if (s.thread.$live[at] !== 1) {
        return report("I17", `thread ${thread}`, `waits for a slot of thread ${at}, which is gone`);
      }
      if (at === thread || n > s.thread.$capacity) {
        return report("I17", `thread ${thread}`, "waits for a slot that is, in the end, its own");
      }
      at = holderFor(s, at);
    }
  });
}

/** What blocked threads wait for, and the slots of long operations. */
export const waiting: Group = {
  name: "waiting",
  ids: ["I17", "F5"],
  make: ({ state: s }): Check => (_e, report) => {
    checkSlots(s, report);
    for (const [name, table] of [["addressSpace", s.addressSpace], ["inode", s.inode]] as const) {
      eachLive(table, (row) => {
        const holder = table.operation[row];
        if (holder === 0) return;
        const works = s.thread.operation[holder] !== 0 ||
          (name === "inode" && s.thread.call[holder] !== 0);
        if (s.thread.$live[holder] === 1 && works) return;
        report(
          "I17",
          `${name} ${row}`,
          `its slot is held by thread ${holder}, which is done or gone`,
        );
      });
    }
    // Those of a woken queue that is longer than one event may wake are on their way.
    if (s.kernel.wakingHead[ONLY] !== 0) return;
    eachLive(s.waiter, (w) => {
      if (s.thread.state[s.waiter.thread[w]] !== ThreadState.Blocked) return;
      const why = pointless(s, w);
      if (why !== "") report("F5", `thread ${s.waiter.thread[w]}`, `waits ${why}`);
    });
  },
};
