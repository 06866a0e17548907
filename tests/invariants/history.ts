/** J5, J10, C28: sequences are dense, times ascend, and every nanosecond is somebody's. */
import { EventKind } from "../../core/event.ts";
import { Account } from "../../core/ledger/accounts.ts";
import { ThreadState } from "../../core/sched/tables.ts";
import { ShutdownStage } from "../../core/shutdown.ts";
import { type Check, eachLive, type Group, ONLY, type Report } from "./checker.ts";

/** Numbers and times of events, and the hart time they book. */
export const history: Group = {
  name: "history",
  ids: ["J5", "C28"],
  make: ({ state: s }): Check => {
    const sequence = new Float64Array(64);
    const time = new Float64Array(64);
    let order = 0;
    const same = (report: Report, row: string, name: string, found: number, say: number) => {
      if (found !== say) report("J5", row, `${name} is ${say}, but should be ${found}`);
    };
    return (e, report) => {
      const row = `hart ${e.hart}`;
      same(report, row, "the event's sequence", sequence[e.hart] ?? 0, e.sequence);
      same(report, "boot", "the event's order", order, e.order);
      sequence[e.hart] = e.sequence + 1;
      order = e.order + 1;
      if (e.time < (time[e.hart] ?? 0)) {
        report("J5", row, `time goes back from ${time[e.hart]} to ${e.time}`);
      }
      time[e.hart] = e.time;
      same(report, row, "lastSequence", e.sequence + 1, s.hart.lastSequence[e.hart + 1]);
      same(report, "kernel", "lastOrder", e.order + 1, s.kernel.lastOrder[ONLY]);
      same(report, "kernel", "now", Math.max(...time), s.kernel.now[ONLY]);
      if (e.kind !== EventKind.Boot) {
        same(report, row, "lastTime", e.time, s.hart.lastTime[e.hart + 1]);
      }
      checkTime(report);
    };

    /** Time that is somebody's and time that is nobody's add up to the clocks of all harts. */
    function checkTime(report: Report): void {
      const busy = s.account.balance[Account.HartTimeBusy];
      const idle = s.account.balance[Account.HartTimeIdle];
      let clocks = 0;
      for (let hart = 0; hart < s.kernel.harts[ONLY]; hart++) clocks += s.hart.lastTime[hart + 1];
      if (busy + idle !== clocks) {
        report("C28", "harts", `${busy} ns busy and ${idle} idle, but the clocks say ${clocks}`);
      }
      // Init takes what it and its children ran along when it is reaped.
      if (s.kernel.shutdownStage[ONLY] >= ShutdownStage.Reap) return;
      let ran = 0;
      eachLive(s.thread, (t) => {
        if (s.thread.state[t] !== ThreadState.Dead) ran += s.thread.userTime[t];
      });
      eachLive(s.process, (p) => {
        ran += s.process.userTime[p] + s.process.childTime[p];
      });
      if (ran !== busy) {
        report("C28", "threads", `ran ${ran} ns in all, but the harts were busy for ${busy}`);
      }
    }
  },
};
