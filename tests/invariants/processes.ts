/** C4, C7: process and thread slots, pids, zombies. */
import type { State } from "../../core/kernel.ts";
import { Account } from "../../core/ledger/accounts.ts";
import { ProcessState } from "../../core/proc/tables.ts";
import { ThreadState } from "../../core/sched/tables.ts";
import { type Check, eachLive, type Group, ONLY, type Report, top } from "./checker.ts";

function checkZombie(s: State, report: Report, p: number): void {
  const row = `process ${p}`;
  const process = s.process;
  if (process.parent[p] === 0 && s.kernel.init[ONLY] !== p) report("C7", row, "a zombie nobody's");
  if (process.space[p] !== 0 || process.oldSpace[p] !== 0) {
    report("C7", row, "a zombie with a space");
  }
  if (process.descriptors[p] !== 0 || process.cwd[p] !== 0 || process.root[p] !== 0) {
    report("C7", row, "a zombie with open files or directories");
  }
  const thread = process.firstThread[p];
  if (thread === 0 || s.thread.state[thread] !== ThreadState.Dead) {
    report("C7", row, `a zombie whose thread ${thread} is not dead`);
  } else if (s.thread.nextInProcess[thread] !== 0) {
    report("C7", row, "a zombie with more than its first thread");
  }
}

/** Ids of threads: nobody else's, and the process's own for its first thread. */
function checkTids(s: State, report: Report, ids: Set<number>): number {
  let slots = 0;
  eachLive(s.thread, (t) => {
    slots++;
    const p = s.thread.process[t];
    const tid = s.thread.tid[t];
    const first = s.process.firstThread[p] === t;
    if (first ? tid !== s.process.pid[p] : ids.has(tid) || tid >= s.kernel.nextPid[ONLY]) {
      report("C7", `thread ${t}`, `tid ${tid} is another's, or was never given`);
    }
    ids.add(tid);
    if (!first && s.thread.state[t] === ThreadState.Dead) {
      report("C4", `thread ${t}`, "dead and kept, but not its process's first");
    }
  });
  return slots;
}

/** Processes made, alive, zombies and reaped; thread slots, of the dead too. */
export const processes: Group = {
  name: "processes",
  ids: ["C4", "C7"],
  make: ({ state: s }): Check => {
    const pids = new Set<number>();
    return (_e, report) => {
      let live = 0;
      let alive = 0;
      pids.clear();
      eachLive(s.process, (p) => {
        live++;
        const state = s.process.state[p];
        if (state === ProcessState.Live || state === ProcessState.Dying) alive++;
        if (state === ProcessState.Zombie) checkZombie(s, report, p);
        const pid = s.process.pid[p];
        if (pid === 0 || pid >= s.kernel.nextPid[ONLY] || pids.has(pid)) {
          report("C7", `process ${p}`, `pid ${pid} is another's, or was never given`);
        }
        pids.add(pid);
      });
      // A row's generation counts the processes that left it.
      let reaped = 0;
      for (let p = 1; p <= top(s.process); p++) reaped += s.process.$generation[p];
      const made = s.kernel.nextPid[ONLY] - 1 - s.kernel.tidsGiven[ONLY];
      if (made !== live + reaped) {
        report("C7", "kernel", `${made} pids given, but ${live} processes and ${reaped} reaped`);
      }
      if (s.kernel.alive[ONLY] !== alive || s.kernel.processes[ONLY] !== live) {
        report(
          "C7",
          "kernel",
          `${alive} of ${live} processes are alive, it says ${s.kernel.alive[ONLY]} of ${
            s.kernel.processes[ONLY]
          }`,
        );
      }
      const slots = checkTids(s, report, pids);
      const used = s.account.balance[Account.ThreadUsed];
      const free = s.account.balance[Account.ThreadFree];
      if (slots !== used || used + free !== s.thread.$capacity - 1) {
        report("C4", "books", `${slots} thread slots in use, ThreadUsed ${used}, free ${free}`);
      }
    };
  },
};
