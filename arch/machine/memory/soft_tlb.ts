import {
  ASID_BITS,
  HART,
  hartBlock,
  MACHINE_CELL,
  PAGE_SIZE,
  TLB_ENTRIES,
  TLB_ENTRY,
  TLB_ENTRY_BYTES,
  TLB_MIX,
  TLB_VALID,
  tlbOffset,
} from "./layout.ts";
import type { MachineLayout } from "./layout.ts";
import type { MachineMemory } from "./memory.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const {
  asid: HART_ASID,
  execTlb: HART_EXEC_TLB,
  readTlb: HART_READ_TLB,
  writeTlb: HART_WRITE_TLB,
} = HART;
const { epoch: CELL_EPOCH, mix: CELL_MIX, tag: CELL_TAG } = MACHINE_CELL;

const TLBS = [HART_READ_TLB, HART_WRITE_TLB, HART_EXEC_TLB] as const;
const ASID_MASK = TLB_VALID - 1;

/** Empties soft-TLB entries of all harts, from outside a run. Nothing here is visible to guests. */
export class SoftTlb {
  readonly #u32: Uint32Array<SharedArrayBuffer>;
  readonly #layout: MachineLayout;
  /** 1 for each hart and asid that may have entries: spaces run on few harts of many. */
  readonly #ran: Uint8Array;
  /** Names of each space's translations; those up to `#ended` are no longer true. */
  readonly #epochs = new Float64Array(1 << ASID_BITS);
  #ended = 0;
  #latest = 0;
  /** The space of the hart that runs, or ran last. */
  #running = 0;

  constructor(memory: MachineMemory, layout: MachineLayout) {
    this.#u32 = memory.u32;
    this.#layout = layout;
    this.#ran = new Uint8Array(layout.harts << ASID_BITS);
  }

  #tlbIndex(hart: number, tlb: number): number {
    return (hartBlock(this.#layout, hart) + tlb) / 4;
  }

  #drop(entry: number): void {
    this.#u32[entry + TLB_ENTRY.tag / 4] = 0;
    this.#u32[entry + TLB_ENTRY.tag / 4 + 1] = 0;
  }

  /** All translations of all spaces may be others than before. */
  #endEpochs(): void {
    this.#ended = this.#latest;
    this.#tellEpoch();
  }

  /** Those of one space. */
  #endEpoch(asid: number): void {
    this.#epochs[asid] = 0;
    if (asid === this.#running) this.#tellEpoch();
  }

  /** Lets compiled code see in what epoch it runs. */
  #tellEpoch(): void {
    let epoch = this.#epochs[this.#running]!;
    if (epoch <= this.#ended) this.#epochs[this.#running] = epoch = ++this.#latest;
    // Not by a remainder: that of doubles takes as long as all the rest.
    this.#u32[CELL_EPOCH / 4] = epoch >>> 0;
    this.#u32[CELL_EPOCH / 4 + 1] = epoch / 2 ** 32;
  }

  /** Forgets the translation of the page that holds an address (two u32 halves) in one space. */
  invalidatePage(asid: number, vaLow: number, vaHigh: number): void {
    this.#endEpoch(asid);
    const low = ((vaLow & -PAGE_SIZE) | TLB_VALID | asid) >>> 0;
    const high = vaHigh >>> 0;
    const offset = tlbOffset(vaLow, asid) / 4;
    for (let hart = 0; hart < this.#layout.harts; hart++) {
      for (const tlb of TLBS) {
        const entry = this.#tlbIndex(hart, tlb) + offset;
        if (this.#u32[entry] === low && this.#u32[entry + 1] === high) this.#drop(entry);
      }
    }
  }

  /** A hart is about to run in its current space. */
  runs(hart: number): void {
    const asid = this.#u32[(hartBlock(this.#layout, hart) + HART_ASID) / 4]!;
    this.#ran[(hart << ASID_BITS) | asid] = 1;
    if (asid === this.#running && this.#epochs[asid]! > this.#ended) return;
    this.#running = asid;
    this.#u32[CELL_TAG / 4] = TLB_VALID | asid;
    this.#u32[CELL_MIX / 4] = asid * TLB_MIX;
    this.#tellEpoch();
  }

  /** Forgets all translations of one space. */
  invalidateAsid(asid: number): void {
    this.#endEpoch(asid);
    for (let hart = 0; hart < this.#layout.harts; hart++) {
      const ran = (hart << ASID_BITS) | asid;
      if (this.#ran[ran] === 0) continue;
      this.#ran[ran] = 0;
      for (const tlb of TLBS) {
        this.#dropOn(hart, tlb, TLB_ENTRY.tag, TLB_VALID | ASID_MASK, TLB_VALID | asid);
      }
    }
  }

  /** Forgets everything. */
  invalidateAll(): void {
    this.#endEpochs();
    for (const tlb of TLBS) this.#dropWhere(tlb, TLB_ENTRY.tag, 0, 0);
  }

  /** Forgets all write translations, so that the next store to each page marks it dirty. */
  flushWriteTlbs(): void {
    this.#endEpochs();
    this.#dropWhere(HART_WRITE_TLB, TLB_ENTRY.tag, 0, 0);
  }

  /** Forgets all write translations that lead to one linear page. */
  dropWritable(linearPage: number): void {
    this.#endEpochs();
    this.#dropWhere(HART_WRITE_TLB, TLB_ENTRY.linearPage, -1, linearPage);
  }

  /** Forgets all exec translations that lead to one decode slot (linear address). */
  dropSlot(slot: number): void {
    this.#endEpochs();
    this.#dropWhere(HART_EXEC_TLB, TLB_ENTRY.slot, -1, slot);
  }

  #dropWhere(tlb: number, field: number, mask: number, value: number): void {
    for (let hart = 0; hart < this.#layout.harts; hart++) {
      this.#dropOn(hart, tlb, field, mask, value);
    }
  }

  #dropOn(hart: number, tlb: number, field: number, mask: number, value: number): void {
    const wanted = value | 0;
    const first = this.#tlbIndex(hart, tlb);
    const end = first + TLB_ENTRIES * (TLB_ENTRY_BYTES / 4);
    for (let entry = first; entry < end; entry += TLB_ENTRY_BYTES / 4) {
      if ((this.#u32[entry + field / 4]! & mask) === wanted) this.#drop(entry);
    }
  }
}
