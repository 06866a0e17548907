/** TLBs that forget as late as the kernel's protocol lets them. */
import type { State } from "../../core/kernel.ts";
import { satisfies } from "../../core/mem/fault.ts";
import { leafFrame, leafOf, leafTable } from "../../core/mem/pte.ts";
import { FrameRole } from "../../core/mem/tables.ts";
import { ProcessState } from "../../core/proc/tables.ts";

/** A translation a hart holds. */
export interface Translation {
  readonly frame: number;
  readonly writable: boolean;
  readonly asid: number;
  readonly page: number;
}

/** The TLBs of all harts: plain data, copied with a scene. */
export interface LateTlbs {
  /** By hart, then by ASID and page. */
  readonly held: Map<string, Translation>[];
  /** By hart: ASIDs of which it forgets everything when it is interrupted. */
  readonly late: number[][];
}

/** TLBs that hold nothing. */
export function emptyTlbs(harts: number): LateTlbs {
  return {
    held: Array.from({ length: harts }, () => new Map()),
    late: Array.from({ length: harts }, () => []),
  };
}

/** The frame a walk of a thread's page tables comes to, as the hardware walks them; or 0. */
export function walkTables(s: State, thread: number, page: number, access: number): number {
  const table = leafTable(s, s.process.space[s.thread.process[thread]], page);
  return satisfies(leafOf(s, table, page), access) ? leafFrame(s, table, page) : 0;
}

/** What a hart holds for a page. */
export function lookUp(
  tlbs: LateTlbs,
  hart: number,
  asid: number,
  page: number,
): Translation | undefined {
  return tlbs.held[hart].get(`${asid} ${page}`);
}

/** Lets a hart hold a translation it has walked to. */
export function fill(tlbs: LateTlbs, hart: number, found: Translation): void {
  tlbs.held[hart].set(`${found.asid} ${found.page}`, found);
}

/** Whether a hart holds anything of a space, or is to forget all of it. */
function holdsAny({ held, late }: LateTlbs, hart: number, asid: number): boolean {
  if (late[hart].includes(asid)) return true;
  for (const translation of held[hart].values()) if (translation.asid === asid) return true;
  return false;
}

/** Whether a hart may hold translations of a space, as the kernel sees it or in fact. */
export function mayHold(tlbs: LateTlbs, s: State, hart: number, asid: number): boolean {
  if (holdsAny(tlbs, hart, asid)) return true;
  const { addressSpace: a } = s;
  for (let space = 1; space <= a.$header[0]; space++) {
    if (a.$live[space] === 0 || a.asid[space] !== asid) continue;
    return (((hart < 32 ? a.ranOnLo : a.ranOnHi)[space] >>> (hart & 31)) & 1) !== 0;
  }
  return false;
}

/** An interrupt makes a hart forget what it was told to: whether it was told of a space matters. */
export function touchInterrupted(
  tlbs: LateTlbs,
  s: State,
  hart: number,
  touch: (what: string, written: boolean) => void,
): void {
  const { $header, $live, asid: asids } = s.addressSpace;
  for (let space = 1; space <= $header[0]; space++) {
    if ($live[space] === 0 || !mayHold(tlbs, s, hart, asids[space])) continue;
    touch(`tlb ${hart} ${asids[space]}`, tlbs.late[hart].includes(asids[space]));
  }
}

function forget(tlbs: LateTlbs, hart: number, asid: number, page: number): void {
  for (const [key, held] of tlbs.held[hart]) {
    if (asid >= 0 && held.asid !== asid) continue;
    if (page < 0 || held.page === page) tlbs.held[hart].delete(key);
  }
}

/**
 * An invalidation by an event of a hart: it forgets at once, another when it is interrupted, if it
 * ever is.
 *
 * @param asid -1 for all, which is done everywhere at once
 * @param page -1 for all of the space
 * @param isTold harts that may hold something of the space: the others have nothing to forget
 */
export function invalidate(
  tlbs: LateTlbs,
  hart: number,
  asid: number,
  page: number,
  isTold: (hart: number) => boolean,
): void {
  for (let h = 0; h < tlbs.held.length; h++) {
    const told = asid < 0 || isTold(h);
    if (h === hart || asid < 0) forget(tlbs, h, asid, page);
    else if (told) tlbs.late[h].push(asid);
  }
}

/**
 * A hart is interrupted. One that answers a shootdown holds nothing of the space any more: the
 * kernel counts on that.
 */
export function catchUp(tlbs: LateTlbs, hart: number): void {
  for (const asid of tlbs.late[hart]) forget(tlbs, hart, asid, -1);
  tlbs.late[hart].length = 0;
}

/** A translation of a space that still runs, in some TLB, of a frame that may be used again; or "". */
export function staleFrame(tlbs: LateTlbs, s: State): string {
  const living = new Set<number>();
  for (let p = 1; p <= s.process.$header[0]; p++) {
    // A dead space's ASID names nothing until it has been flushed everywhere.
    if (s.process.state[p] !== ProcessState.Live || s.process.killed[p] !== 0) continue;
    living.add(s.addressSpace.asid[s.process.space[p]]);
  }
  for (const [hart, tlb] of tlbs.held.entries()) {
    for (const { asid, frame } of tlb.values()) {
      if (living.has(asid) && s.frame.role[frame] === FrameRole.Free) {
        return `hart ${hart} still reaches frame ${frame}, which is free`;
      }
    }
  }
  return "";
}

/** A text that is equal for equal TLBs: what a page leads to is part of it. */
export function tlbKey({ held, late }: LateTlbs): string {
  const lines = held.map((tlb) =>
    [...tlb].map(([key, { frame, writable }]) => `${key} ${frame} ${writable}`).sort().join()
  );
  return lines.join("/") + JSON.stringify(late);
}
