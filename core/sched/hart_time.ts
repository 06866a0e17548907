import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { HartTimeBusy, HartTimeIdle, HartTimeSource } = Account;

/**
 * Books the time a hart has come to, to whoever had it since its last event: the thread that is
 * current, or nobody.
 *
 * @param hart number of the event's hart
 * @param now the hart's time, ns; not before its last event's
 */
export function bookTime(s: State, hart: number, now: number): void {
  const row = hart + 1;
  const passed = now - s.hart.lastTime[row];
  s.hart.lastTime[row] = now;
  const thread = s.hart.current[row];
  if (thread === 0) {
    post(s, HartTimeSource, HartTimeIdle, passed);
    return;
  }
  post(s, HartTimeSource, HartTimeBusy, passed);
  s.thread.userTime[thread] += passed;
}
