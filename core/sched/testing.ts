import { kernelTables, ONE, type State } from "../kernel.ts";
import { Account, AMPLE } from "../ledger/accounts.ts";
import { open } from "../ledger/post.ts";
import { bindArena, layoutArena } from "../state/arena.ts";
import { allocRow } from "../state/table.ts";
import { ThreadState } from "./tables.ts";

/** A state with some harts and blank threads on hart 0, for tests of the scheduler. */
export function schedState(harts: number, threads: number): State {
  const capacities = { pageTable: 8, frame: 64, thread: 4096 };
  const layout = layoutArena(kernelTables, capacities);
  const s = bindArena(kernelTables, layout, new ArrayBuffer(layout.bytes), 0);
  allocRow(s.kernel);
  s.kernel.harts[ONE] = harts;
  for (let h = 0; h < harts; h++) allocRow(s.hart);
  for (const name of Object.keys(Account) as (keyof typeof Account)[]) {
    open(s, Account[name], AMPLE);
  }
  for (let i = 0; i < threads; i++) {
    const t = allocRow(s.thread);
    const w = allocRow(s.waiter);
    s.thread.waiter[t] = w;
    s.waiter.thread[w] = t;
    s.thread.state[t] = ThreadState.Blocked;
    s.thread.priority[t] = 10;
  }
  return s;
}

/** A small generator for tests: xorshift32, seeded. */
export function testRandom(seed: number): (below: number) => number {
  let x = seed | 1;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}
