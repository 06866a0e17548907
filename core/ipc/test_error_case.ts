/** What a case of an error of a message call is, and the ways that cases share. */
import assert from "node:assert/strict";
import { ONE } from "../kernel.ts";
import { HEAP } from "../ledger/test_world.ts";
import { unmapRange } from "../mem/unmap.ts";
import { Call, words } from "../proc/testing.ts";
import { Signal } from "../proc/signal_numbers.ts";
import { allocRow, freeRow } from "../state/table.ts";
import { type E, type MessageBench, Nr } from "./testing.ts";

/** An errno by name. */
export type ErrorName = keyof typeof E;
/** Where no page of any process lies, and where none was touched. */
export const NOWHERE = 8, UNTOUCHED: number = HEAP + 16 * 4096;
const HANDLER = 0x5_0000;

/** How one call comes to one error. */
export interface ErrorCase {
  readonly call: string;
  readonly error: ErrorName;
  readonly when: string;
  /** Flags of the server's channel. */
  readonly flags?: number;
  /** What the call returns. */
  readonly provoke: (b: MessageBench) => number | undefined;
}

/** Parts of a message: address and length of each. */
export const parts = (...list: readonly (readonly [number, number])[]): Uint8Array =>
  words(...list.flat());

/** The client of a blocked call is given the reason afterwards. */
export function ofClient(b: MessageBench, act: () => unknown): number | undefined {
  act();
  return b.results.get(b.client);
}

/** The client's memory at a page goes, as another of its threads may make it go. */
export function lose(b: MessageBench, page: number): void {
  unmapRange(b.s, b.world.fx, 1, b.client, page, page + 1, 0);
}

/** A message from memory that waits for a receiver, with a place for the answer. */
export function sent(b: MessageBench, at = HEAP, reply = UNTOUCHED): void {
  b.blocks(1, Nr.sendBytes, b.coid, at, 100, reply, 100);
}

/** The same, received. */
export function answered(b: MessageBench): number {
  sent(b);
  return b.done(0, Nr.receive, b.chid, HEAP, 100, 0);
}

/** The client sends and a handled signal, or its time limit, ends that. */
export function interrupted(b: MessageBench, block: () => void): number | undefined {
  b.handle(1, Signal.Usr1, HANDLER);
  block();
  assert.equal(b.call(0, Call.kill, 2, Signal.Usr1), 0);
  return b.interrupted.get(b.client);
}
export function late(b: MessageBench, state: number, block: () => void): number | undefined {
  assert.equal(b.done(1, Nr.timeout, 1 << state, 1000), 0);
  block();
  b.timer(1, 1_000_000_000);
  return b.results.get(b.client);
}

/** The client's own channel, on which it waits for messages. */
export const own = (b: MessageBench): number => b.done(1, Nr.channelCreate, 0);

/** Makes one thing after another until there are no more. */
export function exhaust(make: () => number): number {
  for (let n = 0; n < 300; n++) {
    const made = make();
    if (made < 0) return made;
  }
  return 0;
}

/** What a call returns while no frame is left for it. */
export function withoutMemory(b: MessageBench, make: () => number): number {
  const { reserve } = b.s.memory;
  const kept = reserve[ONE];
  reserve[ONE] = b.s.memory.totalFrames[ONE];
  const value = make();
  reserve[ONE] = kept;
  return value;
}

/** What a call returns while a table has no free row. */
export function whileFull(table: Parameters<typeof allocRow>[0], make: () => number): number {
  const taken: number[] = [];
  for (let row = allocRow(table); row !== 0; row = allocRow(table)) taken.push(row);
  const value = make();
  for (const row of taken) freeRow(table, row);
  return value;
}
