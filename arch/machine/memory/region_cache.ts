import { compileRegion, REGION_IMPORTS } from "../../ir/region/compile_region.ts";
import type { Region } from "../../ir/region/region.ts";
import { COMPILED } from "../../ir/interpreter.ts";
import { type CodeSource, formRegion, loopHead } from "../../riscv64/form_region.ts";
import type { DecodeCache } from "./decode_cache.ts";
import {
  DECODE_SLOT,
  HART,
  HART_BLOCK_BYTES,
  hartBlock,
  OP_BYTES,
  PAGE_SIZE,
  REGISTER,
  TLB_ENTRIES,
  TLB_ENTRY,
  TLB_ENTRY_BYTES,
  TLB_VALID,
} from "./layout.ts";
import type { MachineLayout } from "./layout.ts";
import type { MachineMemory } from "./memory.ts";

/** Samples in a line of code before a region is compiled there. */
const SAMPLES = 8;
/** Bytes of code that samples are counted together for. */
const LINE_BYTES = 64;
/** A budget's end inside a compiled block leaves at most so much to the interpreter. */
const TAIL = 64;
/** Targets kept of a jump by register. */
const MOST_TARGETS = 16;
/** Says that compiled code was not left by a jump by register. */
const NO_JUMP = 0xffff_ffff;
/** Regions kept; beyond, the oldest make room. */
const CAPACITY = 16_384;

/** Slices between two looks at what regions should be compiled anew. */
const RENEWAL_SLICES = 64;
/** A region is compiled anew so many times at most. */
const RENEWALS = 6;

interface LiveRegion {
  readonly entry: number;
  /** Linear address of the op where it is entered. */
  readonly op: number;
  /** Where it jumps by registers: guest addresses. */
  readonly jumps: readonly number[];
  readonly renewals: number;
  /** Linear pages of its code. */
  readonly pages: readonly number[];
}

/**
 * Decides which guest code is compiled, and keeps what has been. Code is found hot by where slices
 * end, which is at every so many instructions, and by how often compiled code is left for it. A
 * region belongs to the decoded op at its entry, and goes when a page of its code is dropped.
 */
export class RegionCache {
  readonly table = new WebAssembly.Table({ element: "anyfunc", initial: 64 });
  readonly #memory: MachineMemory;
  readonly #layout: MachineLayout;
  readonly #decoded: DecodeCache;
  readonly #live: (LiveRegion | undefined)[] = [undefined];
  readonly #free: number[] = [];
  /** Regions by linear page of their code. */
  readonly #byPage = new Map<number, Set<number>>();
  /** Halfwords of compiled code, by linear page. */
  readonly #covered = new Map<number, Uint8Array>();
  readonly #samples = new Map<number, number>();
  /** Where jumps by registers have gone, by guest address: hints, whose code it is does not matter. */
  readonly #targets = new Map<number, number[]>();
  /** Regions for which there are new targets. */
  readonly #stale = new Set<number>();
  #slices = 0;
  #oldest = 1;
  #imports: WebAssembly.ModuleImports = {};

  /**
   * @param fused whether `f64x2.relaxed_madd` rounds once on this host
   * @param eager whether code is compiled that has not run yet, too
   * @param capacity regions kept; beyond, the oldest make room
   */
  constructor(
    memory: MachineMemory,
    layout: MachineLayout,
    decoded: DecodeCache,
    private readonly fused: boolean,
    private readonly eager: boolean,
    private readonly capacity = CAPACITY,
  ) {
    this.#memory = memory;
    this.#layout = layout;
    this.#decoded = decoded;
    decoded.onDrop = (page) => this.#dropPage(page);
  }

  /** Gives what compiled code calls: the interpreter's exports. */
  bind(exports: WebAssembly.Exports): void {
    this.#imports = { ...exports, memory: this.#memory.memory } as WebAssembly.ModuleImports;
  }

  /** A slice of a hart has ended between two instructions. */
  sample(hart: number): void {
    const { u32 } = this.#memory;
    const block = hartBlock(this.#layout, hart);
    const pc = this.#pcOf(block);
    if (++this.#slices % RENEWAL_SLICES === 0) this.#renew(hart);
    const slot = this.#slotOf(hart, pc - pc % PAGE_SIZE);
    if (slot === 0) return;
    const page = u32[(slot + DECODE_SLOT.owner) / 4]!;
    const offset = pc % PAGE_SIZE;
    const interpreted = u32[(block + HART.interpretedFrom) / 4]!;
    if (interpreted <= TAIL && this.#covered.get(page)?.[offset >> 1] === 1) return;
    const line = (page * PAGE_SIZE + offset - offset % LINE_BYTES) / LINE_BYTES;
    const count = (this.#samples.get(line) ?? 0) + 1;
    this.#samples.set(line, count);
    if (count < SAMPLES) return;
    this.#samples.delete(line);
    this.#compile(hart, loopHead(pc, this.#sourceFor(hart)));
  }

  /** Compiles the code at the pc of a hart if it can be executed at all. */
  compileNext(hart: number): void {
    this.#renew(hart);
    const block = hartBlock(this.#layout, hart);
    const pc = this.#pcOf(block);
    if (this.#slotOf(hart, pc - pc % PAGE_SIZE) === 0) {
      const fill = this.#imports["execMiss"] as (hart: number, va: bigint, keep: number) => number;
      fill(block, BigInt(pc), 0);
    }
    this.#compile(hart, pc);
  }

  /** Compiled code is often left for the op at a linear address. */
  leftOften(hartAddress: number): void {
    const block = hartAddress >>> 0;
    const hart = (block - this.#layout.hartBase) / HART_BLOCK_BYTES;
    const pc = this.#pcOf(block);
    const from = this.#memory.u32[(block + HART.jumpedFrom) / 4]!;
    if (from !== NO_JUMP && this.#learn(from + pc - pc % 2 ** 32, pc)) return;
    this.#compile(hart, pc);
  }

  #pcOf(block: number): number {
    const { u32 } = this.#memory;
    const at = u32[(block + HART.registers) / 4]! / 4 + REGISTER.pc * 2;
    return u32[at]! + u32[at + 1]! * 2 ** 32;
  }

  /** A jump by register goes to a target; false when that is known, or there are too many. */
  #learn(jump: number, target: number): boolean {
    const targets = this.#targets.get(jump) ?? [];
    if (targets.length >= MOST_TARGETS || targets.includes(target)) return false;
    targets.push(target);
    this.#targets.set(jump, targets);
    this.#live.forEach((region, id) => {
      if (region !== undefined && region.renewals < RENEWALS && region.jumps.includes(jump)) {
        this.#stale.add(id);
      }
    });
    return this.#stale.size > 0;
  }

  /** Compiles regions again for which targets have become known. */
  #renew(hart: number): void {
    for (const id of this.#stale) {
      const region = this.#live[id];
      this.#stale.delete(id);
      if (region === undefined) continue;
      const slot = this.#slotOf(hart, region.entry - region.entry % PAGE_SIZE);
      if (slot + (region.entry % PAGE_SIZE) / 2 * OP_BYTES !== region.op) continue;
      this.#drop(id);
      this.#compile(hart, region.entry, region.renewals + 1);
    }
  }

  /** The decode slot that a hart's exec TLB has for the page at a guest address, or 0. */
  #slotOf(hart: number, page: number): number {
    // The upper half of the address space is not exact as a number: what runs there is interpreted.
    if (page > Number.MAX_SAFE_INTEGER) return 0;
    const { u32 } = this.#memory;
    const block = hartBlock(this.#layout, hart);
    const asid = u32[(block + HART.asid) / 4]!;
    const entry = (block + HART.execTlb + (page / PAGE_SIZE) % TLB_ENTRIES * TLB_ENTRY_BYTES) / 4;
    const low = ((page % 2 ** 32) | TLB_VALID | asid) >>> 0;
    if (u32[entry] !== low || u32[entry + 1] !== Math.floor(page / 2 ** 32)) return 0;
    return u32[entry + TLB_ENTRY.slot / 4]!;
  }

  #compile(hart: number, pc: number, renewals = 0): void {
    const { u16, u32 } = this.#memory;
    const source = this.#sourceFor(hart);
    const region = formRegion(pc, source);
    if (region === undefined) return;
    const slot = this.#slotOf(hart, pc - pc % PAGE_SIZE);
    const op = slot + (pc % PAGE_SIZE) / 2 * OP_BYTES;
    if ((u16[op / 2]! & COMPILED) !== 0) return;
    this.#decoded.decode(op);
    const pages = region.pages.map((address) => ({ address, slot: this.#slotOf(hart, address) }));
    const bytes = compileRegion(region, pages, this.fused);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      [REGION_IMPORTS]: this.#imports,
    });
    const owners = pages.map((page) => u32[(page.slot + DECODE_SLOT.owner) / 4]!);
    const id = this.#newId();
    const jumps = region.blocks.filter((b) => b.ending === "indirect").map((b) => b.ops.at(-1)!.pc);
    this.#live[id] = { entry: pc, op, jumps, renewals, pages: owners };
    this.table.set(id, instance.exports["region"] as () => number);
    owners.forEach((owner) => this.#regionsOf(owner).add(id));
    this.#cover(region, new Map(region.pages.map((address, n) => [address, owners[n]!])));
    u16[op / 2]! |= COMPILED;
    u32[this.#cellOf(op)] = id;
  }

  /** What a hart can execute now, as region forming wants it. */
  #sourceFor(hart: number): CodeSource {
    const { u16, u32 } = this.#memory;
    return {
      half: (address) => {
        const slot = this.#slotOf(hart, address - address % PAGE_SIZE);
        if (slot === 0) return -1;
        const page = u32[(slot + DECODE_SLOT.owner) / 4]!;
        return u16[(page * PAGE_SIZE + address % PAGE_SIZE) / 2]!;
      },
      hasRun: (address) => {
        if (this.eager) return true;
        const slot = this.#slotOf(hart, address - address % PAGE_SIZE);
        return slot !== 0 && u16[(slot + (address % PAGE_SIZE) / 2 * OP_BYTES) / 2] !== 0;
      },
      targets: (address) => this.#targets.get(address) ?? [],
    };
  }

  #newId(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#live.length > this.capacity) {
      this.#drop(this.#oldest);
      this.#oldest = this.#oldest % this.capacity + 1;
      return this.#free.pop()!;
    }
    const id = this.#live.length;
    this.#live.push(undefined);
    if (id >= this.table.length) this.table.grow(this.table.length);
    return id;
  }

  #regionsOf(page: number): Set<number> {
    let set = this.#byPage.get(page);
    if (set === undefined) this.#byPage.set(page, set = new Set());
    return set;
  }

  #cover(region: Region, owners: ReadonlyMap<number, number>): void {
    for (const block of region.blocks) {
      for (const { pc } of block.ops) {
        const owner = owners.get(pc - pc % PAGE_SIZE)!;
        let covered = this.#covered.get(owner);
        if (covered === undefined) {
          this.#covered.set(owner, covered = new Uint8Array(PAGE_SIZE / 2));
        }
        covered[(pc % PAGE_SIZE) >> 1] = 1;
      }
    }
  }

  #cellOf(op: number): number {
    return (this.#layout.regionCellBase + (op - this.#layout.decodeBase) / 4) / 4;
  }

  #dropPage(page: number): void {
    this.#covered.delete(page);
    const set = this.#byPage.get(page);
    if (set === undefined) return;
    for (const id of [...set]) this.#drop(id);
    this.#byPage.delete(page);
  }

  #drop(id: number): void {
    const region = this.#live[id];
    if (region === undefined) return;
    this.#live[id] = undefined;
    this.table.set(id, null);
    this.#free.push(id);
    this.#memory.u16[region.op / 2]! &= COMPILED - 1;
    this.#memory.u32[this.#cellOf(region.op)] = 0;
    for (const page of region.pages) this.#byPage.get(page)?.delete(id);
  }
}
