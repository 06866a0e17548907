import { INTERNAL_OPCODE, ops } from "../../ir/ops.ts";
import { instructionLength } from "../../riscv64/decoder.ts";
import { lower, newLoweredOp, writeOp } from "../../riscv64/lower.ts";
import {
  DECODE_SLOT,
  DECODE_SLOT_BYTES,
  MACHINE_CELL,
  OP,
  OP_BYTES,
  PAGE_SHIFT,
  PAGE_SIZE,
} from "./layout.ts";
import type { MachineLayout } from "./layout.ts";
import type { MachineMemory } from "./memory.ts";
import type { SoftTlb } from "./soft_tlb.ts";

/** Instructions decoded ahead in one call; a jump, a trap or the page's end stops earlier. */
const DECODE_AHEAD = 32;

/**
 * The decoded form of code pages, in a bounded pool of slots (see `DECODE_SLOT` in `layout.ts`).
 * Which pages are decoded is never visible to a guest: pages with decoded code have no write-TLB
 * entry, and a store to one makes the ops it overlaps undecoded again.
 */
export class DecodeCache {
  readonly #memory: MachineMemory;
  readonly #layout: MachineLayout;
  readonly #tlb: SoftTlb;
  readonly #op = newLoweredOp();
  #next = 0;
  /** Called with a linear page before its decoded form goes or changes. */
  onDrop: (linearPage: number) => void = () => {};

  constructor(memory: MachineMemory, layout: MachineLayout, tlb: SoftTlb) {
    this.#memory = memory;
    this.#layout = layout;
    this.#tlb = tlb;
  }

  /**
   * A fresh slot for a linear page, by round-robin eviction, but never the slot `keep` (a linear
   * address, or 0). The page loses its write-TLB entries.
   */
  newSlot(linearPage: number, keep: number): number {
    const { decodeBase, decodeSlots, codeIndexBase } = this.#layout;
    let slot = decodeBase + this.#next * DECODE_SLOT_BYTES;
    this.#next = (this.#next + 1) % decodeSlots;
    if (slot === keep >>> 0) {
      slot = decodeBase + this.#next * DECODE_SLOT_BYTES;
      this.#next = (this.#next + 1) % decodeSlots;
    }
    const { u16, u32 } = this.#memory;
    const owner = u32[(slot + DECODE_SLOT.owner) / 4]!;
    if (owner !== 0) this.dropPage(owner);
    u32.fill(0, slot / 4, (slot + DECODE_SLOT_BYTES) / 4);
    const cells = this.#layout.regionCellBase + (slot - decodeBase) / 4;
    u32.fill(0, cells / 4, (cells + DECODE_SLOT_BYTES / 4) / 4);
    u16[(slot + DECODE_SLOT.sentinel) / 2] = INTERNAL_OPCODE.pageEnd;
    u16[(slot + DECODE_SLOT.crossingSentinel) / 2] = INTERNAL_OPCODE.pageEnd;
    u32[(slot + DECODE_SLOT.owner) / 4] = linearPage;
    u32[codeIndexBase / 4 + linearPage] = slot;
    this.#tlb.dropWritable(linearPage);
    return slot;
  }

  /** Drops the decoded form of a linear page, if there is one. Not while a hart runs in it. */
  dropPage(linearPage: number): void {
    const { u32 } = this.#memory;
    const index = this.#layout.codeIndexBase / 4 + linearPage;
    const slot = u32[index]!;
    if (slot === 0) return;
    this.onDrop(linearPage);
    u32[index] = 0;
    u32[(slot + DECODE_SLOT.owner) / 4] = 0;
    u32[MACHINE_CELL.codeEpoch / 4]!++;
    this.#tlb.dropSlot(slot);
  }

  /** Decodes the undecoded op at a linear address, and what follows it in its block. */
  decode(opAddress: number): void {
    const { u16, u32, i32 } = this.#memory;
    let address = opAddress >>> 0;
    const slot = this.#slotOf(address);
    const page = u32[(slot + DECODE_SLOT.owner) / 4]! * PAGE_SIZE;
    for (let count = 0; count < DECODE_AHEAD; count++) {
      const offset = (address - slot) / (OP_BYTES / 2);
      if (offset >= PAGE_SIZE || u16[address / 2] !== INTERNAL_OPCODE.undecoded) return;
      const low = u16[(page + offset) / 2]!;
      const length = instructionLength(low);
      if (offset + length > PAGE_SIZE) {
        i32[(address + OP.immediate) / 4] = low;
        u16[address / 2] = INTERNAL_OPCODE.pageCrossing;
        return;
      }
      const bits = length === 2 ? low : low | (u16[(page + offset) / 2 + 1]! << 16);
      lower(bits, offset, this.#op);
      writeOp(this.#op, address, u16, i32);
      const control = ops[this.#op.name].control;
      if (control !== undefined && control !== "branch") return;
      address += length * (OP_BYTES / 2);
    }
  }

  /** A guest wrote to the page behind a slot; the ops it overlapped are undecoded already. */
  codeWritten(slot: number): void {
    this.onDrop(this.#memory.u32[((slot >>> 0) + DECODE_SLOT.owner) / 4]!);
  }

  /** Decodes the instruction that leaves the page of the slot at a linear address. */
  decodeCrossing(bits: number, slotAddress: number): void {
    const { u16, u32, i32 } = this.#memory;
    const slot = slotAddress >>> 0;
    lower(bits, -1, this.#op);
    writeOp(this.#op, slot + DECODE_SLOT.crossing, u16, i32);
    u32[(slot + DECODE_SLOT.crossingBits) / 4] = bits;
  }

  /** The instruction bits behind the op at a linear address. */
  bitsAt(opAddress: number): number {
    const { u16, u32, i32 } = this.#memory;
    const address = opAddress >>> 0;
    const slot = this.#slotOf(address);
    const distance = address - slot;
    if (distance === DECODE_SLOT.crossing) return i32[(slot + DECODE_SLOT.crossingBits) / 4]!;
    const page = u32[(slot + DECODE_SLOT.owner) / 4]!;
    const half = (page * 2 ** PAGE_SHIFT + distance / (OP_BYTES / 2)) / 2;
    const low = u16[half]!;
    return instructionLength(low) === 2 ? low : low | (u16[half + 1]! << 16);
  }

  #slotOf(address: number): number {
    const base = this.#layout.decodeBase;
    return address - ((address - base) % DECODE_SLOT_BYTES);
  }
}
