import type { State } from "../../../core/kernel.ts";
import { NAME_BYTES } from "../../../core/proc/tables.ts";
import { rowOf } from "../../../core/syscall/rows.ts";
import { hasHart } from "../../../core/sched/hart_set.ts";
import { Request, ThreadState, WaitKind } from "../../../core/sched/tables.ts";
import { type TableBase, watermark } from "../../../core/state/table.ts";

/** Rows of a table in use, in their order. */
export function* liveRows(table: TableBase): Generator<number> {
  const end = watermark(table);
  for (let row = 1; row <= end; row++) if (table.$live[row] === 1) yield row;
}

/** The word for a number of a table of constants: "pipe read" of PipeRead. */
export function wordOf(constants: Readonly<Record<string, number>>, value: number): string {
  const key = Object.keys(constants).find((name) => constants[name] === value);
  if (key === undefined) return String(value);
  return key.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}

/** The name of a process, as exec gave it. */
export function processName(s: State, process: number): string {
  const bytes = s.process.name.subarray(process * NAME_BYTES, (process + 1) * NAME_BYTES);
  const end = bytes.indexOf(0);
  const name = new TextDecoder().decode(bytes.subarray(0, end < 0 ? NAME_BYTES : end));
  return name.replace(/\p{Cc}/gu, "?");
}

/** The thread id of a thread row, "-" for none. */
export function threadName(s: State, thread: number): string {
  return thread === 0 ? "-" : String(s.thread.tid[thread]);
}

/** What a thread is doing, in a word. */
export function stateName(s: State, thread: number): string {
  const coming = (s.thread.requests[thread] & (Request.Start | Request.Wake)) !== 0;
  return coming ? "in transit" : wordOf(ThreadState, s.thread.state[thread]);
}

/** What a blocked thread waits for: "pipe read 3", or "-". */
export function waitName(s: State, thread: number): string {
  const waits: string[] = [];
  for (let w = s.thread.waiter[thread]; w !== 0; w = s.waiter.nextOfThread[w]) {
    const kind = s.waiter.kind[w];
    if (kind === WaitKind.None) continue;
    const object = s.waiter.object[w];
    waits.push(object === 0 ? wordOf(WaitKind, kind) : `${wordOf(WaitKind, kind)} ${object}`);
  }
  return waits.length === 0 ? "-" : waits.join(", ");
}

/** The system call a thread is in, or "-". */
export function callName(s: State, thread: number): string {
  const call = s.thread.call[thread];
  return call === 0 ? "-" : rowOf(call - 1)?.name ?? `call ${call - 1}`;
}

/** A set of harts: "all", or the numbers, runs of them as "2-5". */
export function hartSet(lo: number, hi: number, harts: number): string {
  const has = (hart: number) => hasHart(lo, hi, hart);
  const runs: string[] = [];
  let count = 0;
  for (let hart = 0; hart < harts; hart++) {
    if (!has(hart)) continue;
    let last = hart;
    while (last + 1 < harts && has(last + 1)) last++;
    runs.push(last === hart ? String(hart) : `${hart}-${last}`);
    count += last - hart + 1;
    hart = last;
  }
  if (count === harts) return "all";
  return runs.length === 0 ? "none" : runs.join(",");
}

/** ns as microseconds with three decimals, exact. */
export function micros(ns: number): string {
  return `${Math.floor(ns / 1000)}.${String(ns % 1000).padStart(3, "0")}`;
}
