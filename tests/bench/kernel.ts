/** What the passes over a kernel's state cost, on a state that random calls have filled. */
import { closeNames, nameNode } from "../../core/cap/naming.ts";
import { createNode } from "../../core/cap/node.ts";
import { CapKind, Right } from "../../core/cap/tables.ts";
import { checkToken } from "../../core/cap/token.ts";
import { Effects } from "../../core/effect.ts";
import { Account } from "../../core/ledger/accounts.ts";
import { post } from "../../core/ledger/post.ts";
import { Session } from "../../core/ledger/test_session.ts";
import { ONE } from "../../core/kernel.ts";
import { compareArenas, Snapshot } from "../../core/state/snapshot.ts";
import { columns } from "./report.ts";
import { median } from "./statistics.ts";

/** Best time of one call, ns, of a few batches. */
function best(times: number, body: () => void): number {
  let least = Infinity;
  for (let batch = 0; batch < 5; batch++) {
    const begin = performance.now();
    for (let i = 0; i < times; i++) body();
    least = Math.min(least, (performance.now() - begin) / times);
  }
  return least * 1e6;
}

function show(ns: number): string {
  if (ns < 1e4) return `${ns.toFixed(1)} ns`;
  return ns < 1e7 ? `${(ns / 1e3).toFixed(1)} us` : `${(ns / 1e6).toFixed(1)} ms`;
}

const STACK_TOP = 0x3f_f000_0000;

/** Init makes files, mappings and children that stay. */
function fill(session: Session): void {
  let made = 0;
  for (let steps = 0; steps < 20_000 && made < 3000; steps++) {
    const more = session.step((_, thread) => {
      if (session.s.thread.process[thread] !== session.s.kernel.init[ONE]) return [101, SLEEP, 0];
      made++;
      if (made % 60 === 1) return [220, 17, 0, 0, 0, 0];
      if (made % 3 === 0) return STACK_TOP - 4096 * (2 + made % 500);
      return [56, -100 >>> 0, `/tmp/file-with-a-longer-name-${made}`, 0x42, 0o644];
    });
    if (!more) break;
  }
}

/** Sleeps for 1000 s: 16 bytes of a timespec. */
const SLEEP = new Uint8Array([0xe8, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/** Operations between two looks at the clock: a batch is over before the host takes the processor. */
const BATCH = 1000;

/**
 * Time of one operation, ns: the median of batches of so many, over all of them.
 *
 * @param batch does so many operations
 */
export function amortised(times: number, batch: (operations: number) => void): number {
  const each: number[] = [];
  for (let done = 0; done < times; done += BATCH) {
    const begin = performance.now();
    batch(BATCH);
    each.push((performance.now() - begin) / BATCH * 1e6);
  }
  return median(each);
}

/** Capabilities of init's space that a check is drawn from. */
const TOKENS = 1000;

/**
 * What finding the capability of a token costs, kind and rights asked for, ns.
 *
 * @param times how many checks
 */
export function capabilityCheck(session: Session, times = 1_000_000): number {
  const { s } = session;
  const init = s.kernel.init[ONE];
  const tokens: number[] = new Array(TOKENS).fill(0);
  for (let n = 0; n < TOKENS; n++) {
    const node = createNode(s, init, CapKind.Space, s.process.space[init], Right.Read);
    // A stride apart, so that neighbours in time are none in memory.
    tokens[n * 7 % TOKENS] = nameNode(s, init, node);
  }
  let at = 0;
  let found = 0;
  let asked = 0;
  const ns = amortised(times, (count) => {
    asked += count;
    for (let n = 0; n < count; n++) {
      found += checkToken(s, init, tokens[at], CapKind.Space, Right.Read) > 0 ? 1 : 0;
      at = at + 1 === TOKENS ? 0 : at + 1;
    }
  });
  if (found !== asked) throw new Error(`only ${found} checks found their capability`);
  const fx = new Effects();
  while (closeNames(s, fx, 0, init) === 0) fx.clear();
  return ns;
}

/** The table of the kernel's passes. */
export function benchKernel(): string {
  const session = new Session({ harts: 8, seed: 1, backingSlots: 4000 });
  fill(session);
  const { kernel, s } = session;
  const layout = kernel.layout;
  const arena = { layout, buffer: s.kernel.$header.buffer, base: 0 };
  const snapshot = new Snapshot(layout);
  const hash = new Uint32Array(4);
  const rows: string[][] = [["pass", "time"]];
  const add = (name: string, times: number, body: () => void) =>
    rows.push([name, show(best(times, body))]);
  add("post, one unit", 100_000, () => post(s, Account.PipeBytesFree, Account.PipeBytesHeld, 0));
  rows.push([`capability check, of ${TOKENS}`, show(capabilityCheck(session))]);
  add("check of all totals", 10_000, () => session.auditor.checkTotals());
  add("state hash", 20, () => kernel.hash(hash));
  add("snapshot taken", 20, () => snapshot.take(arena));
  add("snapshot compared", 20, () => compareArenas(arena, snapshot));
  add("recount", 5, () => session.auditor.recount());
  const found = session.auditor.recount();
  const used = `${session.order} events; ${s.frame.$header[3]} frames, ` +
    `${s.inode.$header[3]} inodes, ${s.process.$header[3]} processes, 8 harts`;
  if (found.length > 0) throw new Error(`the state is not sound: ${found[0].text}`);
  return `state after ${used}\n\n${columns(rows)}`;
}
