import { PTE, SV39 } from "../riscv64/sv39.ts";
import { ACCESS } from "../riscv64/walk.ts";
import { instantiateCpu } from "./memory/cpu.ts";
import type { Cpu } from "./memory/cpu.ts";
import {
  HART,
  hartBlock,
  makeLayout,
  PAGE_SIZE,
  RAM_BASE,
  REGISTER,
  registerSlot,
} from "./memory/layout.ts";
import type { LayoutConfig, MachineLayout } from "./memory/layout.ts";
import { createMemory } from "./memory/memory.ts";
import type { MachineMemory } from "./memory/memory.ts";

/** Puts an engine over a machine's memory. */
export type CpuFactory = (memory: MachineMemory, layout: MachineLayout) => Cpu;

const DEFAULTS: LayoutConfig = {
  harts: 1,
  threads: 4,
  arenaBytes: 4 << 20,
  ramBytes: 256 << 20,
  decodeSlots: 64,
  backingFrames: 32_768,
};

/** Flags of user pages in tests: what is usual, accessed and dirty preset. */
export const USER = {
  rx: PTE.valid | PTE.user | PTE.accessed | PTE.dirty | PTE.read | PTE.execute,
  rw: PTE.valid | PTE.user | PTE.accessed | PTE.dirty | PTE.read | PTE.write,
  rwx: PTE.valid | PTE.user | PTE.accessed | PTE.dirty | PTE.read | PTE.write | PTE.execute,
  r: PTE.valid | PTE.user | PTE.accessed | PTE.dirty | PTE.read,
} as const;

/**
 * A machine without a kernel for tests: makes address spaces, runs instructions. Addresses are JavaScript numbers.
 */
export class TestMachine {
  /** What executes in machines made without an engine of their own: `testOnEachEngine` sets it. */
  static defaultCpu: CpuFactory = instantiateCpu;

  readonly memory: MachineMemory;
  readonly layout: MachineLayout;
  readonly cpu: Cpu;
  #frames = 0;
  #tables = 0;

  /** @param makeCpu what executes; each engine of `test_engines.ts` brings its own */
  constructor(config: Partial<LayoutConfig> = {}, makeCpu = TestMachine.defaultCpu) {
    this.layout = makeLayout({ ...DEFAULTS, ...config });
    this.memory = createMemory();
    this.cpu = makeCpu(this.memory, this.layout);
    for (let hart = 0; hart < this.layout.harts; hart++) {
      this.setHart(hart, HART.registers, registerSlot(this.layout, hart));
    }
  }

  /** A field (u32) of a hart block. */
  hartField(hart: number, field: number): number {
    return this.memory.u32[(hartBlock(this.layout, hart) + field) / 4]!;
  }

  setHart(hart: number, field: number, value: number): void {
    this.memory.u32[(hartBlock(this.layout, hart) + field) / 4] = value;
  }

  /** The 64-bit field of a hart block. */
  hartField64(hart: number, field: number): bigint {
    return BigInt(this.hartField(hart, field)) | BigInt(this.hartField(hart, field + 4)) << 32n;
  }

  /** Register `index` (see `REGISTER`) of the thread of the same number as the hart. */
  register(index: number, thread = 0): bigint {
    const at = registerSlot(this.layout, thread) / 4 + index * 2;
    return BigInt(this.memory.u32[at]!) | BigInt(this.memory.u32[at + 1]!) << 32n;
  }

  setRegister(index: number, value: bigint | number, thread = 0): void {
    const at = registerSlot(this.layout, thread) / 4 + index * 2;
    const bits = BigInt.asUintN(64, BigInt(value));
    this.memory.u32[at] = Number(bits & 0xffff_ffffn);
    this.memory.u32[at + 1] = Number(bits >> 32n);
  }

  /** A physical page number with zeroed backing from the pool. */
  newFrame(): number {
    const frame = this.#frames++;
    const linearPage = this.layout.backingBase / PAGE_SIZE + 1 + frame;
    this.memory.u32[this.layout.frameMapBase / 4 + frame] = linearPage;
    return RAM_BASE / PAGE_SIZE + frame;
  }

  /** A page-table page: a frame at the top of RAM whose bytes lie in the arena. */
  #newTable(): number {
    const table = this.#tables++;
    const frame = this.layout.frameCount - 1 - table;
    this.memory.u32[this.layout.frameMapBase / 4 + frame] = this.layout.arenaBase / PAGE_SIZE +
      table;
    return RAM_BASE / PAGE_SIZE + frame;
  }

  /** Linear byte address of a physical page. */
  linearOf(ppn: number): number {
    const frame = ppn - RAM_BASE / PAGE_SIZE;
    return this.memory.u32[this.layout.frameMapBase / 4 + frame]! * PAGE_SIZE;
  }

  /** A new, empty address space: the physical page number of its root table. */
  newSpace(): number {
    return this.#newTable();
  }

  /** Makes a space current on a hart. */
  useSpace(root: number, asid = 1, hart = 0): void {
    this.setHart(hart, HART.rootPpn, root);
    this.setHart(hart, HART.asid, asid);
  }

  /** Index in `memory.u32` of the entry for `va` at `level`, making tables on the way. */
  entryIndex(root: number, va: number, level = 0): number {
    let table = root;
    for (let at = SV39.levels - 1;; at--) {
      const index = Math.floor(va / 2 ** (12 + 9 * at)) % 512;
      const entry = this.linearOf(table) / 4 + index * 2;
      if (at === level) return entry;
      if ((this.memory.u32[entry]! & PTE.valid) === 0) {
        this.setEntry(entry, this.#newTable(), PTE.valid);
      }
      table = Math.floor(
        (this.memory.u32[entry]! + this.memory.u32[entry + 1]! * 2 ** 32) / 2 ** SV39.ppnShift,
      );
    }
  }

  setEntry(index: number, ppn: number, flags: number): void {
    const value = BigInt(ppn) << BigInt(SV39.ppnShift) | BigInt(flags);
    this.memory.u32[index] = Number(value & 0xffff_ffffn);
    this.memory.u32[index + 1] = Number(value >> 32n);
  }

  /** Maps a page to a new frame, or to the one given; returns its physical page number. */
  map(root: number, va: number, flags: number, ppn = this.newFrame()): number {
    this.setEntry(this.entryIndex(root, va), ppn, flags);
    return ppn;
  }

  /** Writes bytes into mapped pages as a kernel would. */
  write(root: number, va: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const address = va + done;
      const entry = this.entryIndex(root, address);
      const ppn = Math.floor(
        (this.memory.u32[entry]! + this.memory.u32[entry + 1]! * 2 ** 32) / 2 ** SV39.ppnShift,
      );
      const linear = this.linearOf(ppn) + address % PAGE_SIZE;
      const count = Math.min(bytes.length - done, PAGE_SIZE - address % PAGE_SIZE);
      this.memory.u8.set(bytes.subarray(done, done + count), linear);
      this.cpu.frameWritten(Math.floor(linear / PAGE_SIZE));
      done += count;
    }
  }

  /** Writes instructions (32-bit values; 16-bit ones as halfwords) at an address. */
  writeCode(root: number, va: number, code: readonly number[]): void {
    const bytes: number[] = [];
    for (const bits of code) {
      bytes.push(bits & 255, (bits >>> 8) & 255);
      if ((bits & 3) === 3) bytes.push((bits >>> 16) & 255, bits >>> 24);
    }
    this.write(root, va, Uint8Array.from(bytes));
  }

  /** Reads guest memory as the hart sees it. */
  read(va: number, count: number, hart = 0): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const at = va + i;
      const linear = this.cpu.translate(
        hart,
        at % 2 ** 32 | 0,
        Math.floor(at / 2 ** 32),
        ACCESS.read,
      );
      if (linear < 0) throw new Error(`guest address 0x${at.toString(16)} cannot be read`);
      bytes[i] = this.memory.u8[linear]!;
    }
    return bytes;
  }

  /** One line about the latest trap of a hart. */
  describeTrap(hart = 0): string {
    const pc = this.register(REGISTER.pc, hart).toString(16);
    const tval = this.hartField64(hart, HART.tval).toString(16);
    return `trap ${this.hartField(hart, HART.cause)} at 0x${pc}, value 0x${tval}`;
  }
}
