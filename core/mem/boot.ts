import { assert } from "../assert.ts";
import { ONE, type State } from "../kernel.ts";
import { allocRow } from "../state/table.ts";
import { createObject } from "./object.ts";
import { ObjectKind } from "./tables.ts";

/**
 * Sets memory management up in a zeroed state whose accounts are open: the frame pool, with no frame
 * backed yet, and the zero object.
 *
 * @param totalFrames physical frames
 * @param backingSlots frames that can have backing at once, at most totalFrames and the table's rows
 * @param reserve frames that only teardown may take
 */
export function bootMemory(
  s: State,
  totalFrames: number,
  backingSlots: number,
  reserve: number,
): void {
  assert(backingSlots <= totalFrames, "a backing slot has a frame");
  assert(backingSlots < s.frame.$capacity, "a backing slot has a row");
  const row = allocRow(s.memory);
  assert(row === ONE, "memory management is set up once");
  s.memory.totalFrames[ONE] = totalFrames;
  s.memory.backingSlots[ONE] = backingSlots;
  s.memory.reserve[ONE] = reserve;
  const zero = createObject(s, ObjectKind.Zero);
  // It belongs to the memory row; only regions hold it.
  s.memoryObject.refs[zero] = 0;
  s.memory.zeroObject[ONE] = zero;
}
