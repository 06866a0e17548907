import assert from "node:assert/strict";
import { emptyTlbs, fill, invalidate, type LateTlbs, tlbKey } from "./late_tlbs.ts";

function holding(frame: number, writable: boolean): LateTlbs {
  const tlbs = emptyTlbs(2);
  fill(tlbs, 1, { asid: 3, page: 7, frame, writable });
  return tlbs;
}

Deno.test("TLBs that lead a page elsewhere, or let it be written, have other keys", () => {
  const keys = [holding(5, true), holding(6, true), holding(5, false)].map(tlbKey);
  assert.equal(new Set(keys).size, 3);
  assert.equal(tlbKey(holding(5, true)), keys[0]);
  const late = holding(5, true);
  invalidate(late, 0, 3, 7, () => true);
  assert.notEqual(tlbKey(late), keys[0]);
});
