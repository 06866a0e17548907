import {
  compileRegion,
  mostDataBytes,
  REGION_EXPORTS,
  REGION_IMPORTS,
} from "../../ir/region/compile_region.ts";
import type { Region } from "../../ir/region/region.ts";
import { COMPILED } from "../../ir/interpreter.ts";
import { type CodeSource, entries, formRegion, isReturn } from "../../riscv64/form_region.ts";
import type { DecodeCache } from "./decode_cache.ts";
import {
  DECODE_SLOT,
  HART,
  HART_BLOCK_BYTES,
  hartBlock,
  JUMP_CACHE,
  OP_BYTES,
  PAGE_CELL,
  PAGE_SIZE,
  REGION_DATA,
  REGISTER,
  TLB_ENTRY,
  TLB_VALID,
  tlbOffset,
} from "./layout.ts";
import type { MachineLayout } from "./layout.ts";
import type { MachineMemory } from "./memory.ts";

/** Samples in a line of code before a region is compiled there. */
const SAMPLES = 8;
/** More samples until a line is looked at again in which everything has been compiled. */
const PATIENCE = 1024;
/** Bytes of code that samples are counted together for. */
const LINE_BYTES = 64;
/** A budget's end inside a compiled block leaves at most so much to the interpreter. */
const TAIL = 48;
/** Targets kept of a jump by register. */
const MOST_TARGETS = 16;
/** Regions kept; beyond, the oldest make room. */
const CAPACITY = 16_384;

/** Slices between two looks at what regions should be compiled anew. */
const RENEWAL_SLICES = 64;
/** Slices after which jumps by register are asked again where they lead. */
const RELEARNING_SLICES = 256;
/** Slices after which samples are counted from the beginning. */
const COOLING_SLICES = 65_536;
/** A page cell that misses often within so many slices is of no use. */
const WANDERING_SLICES = 3;
/** Jumps by register whose targets are kept; then they are learnt anew. */
const MOST_JUMPS = 16_384;
/** A region is compiled anew so many times at most. */
const RENEWALS = 6;

interface LiveRegion {
  readonly entry: number;
  /** Linear address of the op where it is entered. */
  readonly op: number;
  /** Where it jumps by registers: guest addresses. */
  readonly jumps: readonly number[];
  readonly renewals: number;
  /** Where its page cells are, and guest addresses of the ops that use each. */
  readonly pageCells: number;
  readonly cellOps: readonly (readonly number[])[];
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
  /** Regions by the jumps by register in them, returns left out. */
  readonly #byJump = new Map<number, Set<number>>();
  /** Halfwords of compiled code, by linear page. */
  readonly #covered = new Map<number, Uint8Array>();
  readonly #samples = new Map<number, number>();
  /** Where jumps by registers have gone, by guest address: hints, whose code it is does not matter. */
  readonly #targets = new Map<number, number[]>();
  /** Regions by the linear addresses of their page cells. */
  readonly #cellOwners = new Map<number, number>();
  /** When page cells had missed often before, in slices. */
  readonly #missedAt = new Map<number, number>();
  /** Ops that seldom access the page they accessed before, by guest address: hints as targets are. */
  readonly #wandering = new Set<number>();
  /** Regions for which there are new targets. */
  readonly #stale = new Set<number>();
  #slices = 0;
  #oldest = 1;
  /** Where the next region keeps its data. */
  #nextData: number;
  /** What stands in the table where no region is. */
  #unlinked: (() => number) | null = null;
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
    this.#nextData = layout.regionDataBase;
    decoded.onDrop = (page) => this.#dropPage(page);
  }

  /** Gives what compiled code calls: the interpreter's exports. */
  bind(exports: WebAssembly.Exports): void {
    const { memory } = this.#memory;
    this.#imports = {
      ...exports,
      memory,
      [REGION_EXPORTS.regions]: this.table,
    } as WebAssembly.ModuleImports;
    this.#unlinked = exports[REGION_EXPORTS.unlinked] as () => number;
    this.#fillTable(0);
  }

  /**
   * A hart has run.
   *
   * @param budget instructions it was allowed
   * @param hasUsedUp whether it ended because they were used up
   */
  afterRun(hart: number, budget: number, hasUsedUp: boolean): void {
    const { u32 } = this.#memory;
    const block = hartBlock(this.#layout, hart);
    // A run begins and ends anywhere: up to compiled code, and from it, it is interpreted.
    const enteredWith = u32[(block + HART.enteredWith) >>> 2]!;
    const before = enteredWith === 0 ? u32[(block + HART.executed) >>> 2]! : budget - enteredWith;
    if (before > TAIL) {
      const start = (block + HART.startedAt) / 4;
      this.#count(hart, u32[start]! + u32[start + 1]! * 2 ** 32);
    }
    if (!hasUsedUp) return;
    if (++this.#slices % RENEWAL_SLICES === 0) this.#renew(hart);
    if (this.#slices % RELEARNING_SLICES === 0) this.#forgetJumps();
    if (this.#slices % COOLING_SLICES === 0) this.#samples.clear();
    const pc = this.pcOf(hart);
    if (u32[(block + HART.interpretedFrom) / 4]! > TAIL || !this.#isCovered(hart, pc)) {
      this.#count(hart, pc);
    }
  }

  /** Whether the instruction at an address is part of compiled code. */
  #isCovered(hart: number, pc: number): boolean {
    const slot = this.#slotOf(hart, pc - pc % PAGE_SIZE);
    const page = this.#memory.u32[(slot + DECODE_SLOT.owner) / 4]!;
    return slot !== 0 && this.#covered.get(page)?.[pc % PAGE_SIZE >> 1] === 1;
  }

  /** Code at an address has been interpreted for a while: compiles it when that is often. */
  #count(hart: number, pc: number): void {
    const slot = this.#slotOf(hart, pc - pc % PAGE_SIZE);
    if (slot === 0) return;
    const page = this.#memory.u32[(slot + DECODE_SLOT.owner) / 4]!;
    const offset = pc % PAGE_SIZE;
    const line = (page * PAGE_SIZE + offset - offset % LINE_BYTES) / LINE_BYTES;
    const count = (this.#samples.get(line) ?? 0) + 1;
    this.#samples.set(line, count);
    if (count < SAMPLES) return;
    const source = this.#sourceFor(hart);
    const entry = entries(pc, source).find((address) => !this.#isEntry(hart, address));
    // Where all is compiled that could be, no need to look again soon.
    if (entry === undefined) return void this.#samples.set(line, -PATIENCE);
    this.#samples.delete(line);
    this.#compile(hart, entry);
  }

  /** Whether a region is entered at an address. */
  #isEntry(hart: number, pc: number): boolean {
    const slot = this.#slotOf(hart, pc - pc % PAGE_SIZE);
    const op = slot + (pc % PAGE_SIZE) / 2 * OP_BYTES;
    return slot !== 0 && (this.#memory.u16[op / 2]! & COMPILED) !== 0;
  }

  /** Compiles the code at the pc of a hart if it can be executed at all. */
  compileNext(hart: number): void {
    this.#renew(hart);
    const block = hartBlock(this.#layout, hart);
    const pc = this.pcOf(hart);
    if (this.#slotOf(hart, pc - pc % PAGE_SIZE) === 0) {
      const fill = this.#imports[REGION_EXPORTS.execMiss] as (
        hart: number,
        va: bigint,
        keep: number,
      ) => number;
      fill(block, BigInt(pc), 0);
    }
    this.#compile(hart, pc);
  }

  #hartAt(block: number): number {
    return (block - this.#layout.hartBase) / HART_BLOCK_BYTES;
  }

  /** Compiled code is often left for where a hart (linear address of its block) is now. */
  leftOften(hartAddress: number): void {
    const block = hartAddress >>> 0;
    const hart = this.#hartAt(block);
    const pc = this.pcOf(hart);
    if (!this.#learn(block, pc)) this.#compile(hart, pc);
  }

  /** A jump by register went from compiled code to other compiled code, as none did lately. */
  wentOn(hartAddress: number): void {
    const block = hartAddress >>> 0;
    this.#learn(block, this.pcOf(this.#hartAt(block)));
  }

  /** A page cell has missed often: if that took few slices, page cells are no use to its ops. */
  wanders(cellAddress: number): void {
    const cell = cellAddress >>> 0;
    this.#memory.u32[(cell + PAGE_CELL.misses) / 4] = 0;
    const before = this.#missedAt.get(cell);
    this.#missedAt.set(cell, this.#slices);
    const id = this.#cellOwners.get(cell);
    const region = id === undefined ? undefined : this.#live[id];
    if (before === undefined || region === undefined || id === undefined) return;
    if (this.#slices - before > WANDERING_SLICES || region.renewals === RENEWALS) return;
    const ops = region.cellOps[(cell - region.pageCells) / PAGE_CELL.bytes]!;
    if (ops.length === 0) return;
    if (this.#wandering.size > MOST_JUMPS) this.#wandering.clear();
    for (const op of ops) this.#wandering.add(op);
    this.#stale.add(id);
  }

  #fillTable(from: number): void {
    for (let id = from; id < this.table.length; id++) this.table.set(id, this.#unlinked);
  }

  #forgetJumps(): void {
    this.#memory.u8.fill(0, JUMP_CACHE.base, JUMP_CACHE.base + JUMP_CACHE.bytes);
  }

  /** Where a hart's current thread is. */
  pcOf(hart: number): number {
    const { u32 } = this.#memory;
    const at = u32[(hartBlock(this.#layout, hart) + HART.registers) / 4]! / 4 + REGISTER.pc * 2;
    return u32[at]! + u32[at + 1]! * 2 ** 32;
  }

  /**
   * Control came to a target from compiled code. If by a jump by register that compiled code waits
   * to know more of, notes where it goes.
   *
   * @returns whether regions will be compiled again for it
   */
  #learn(block: number, target: number): boolean {
    const exit = this.#memory.u32[(block + HART.leftBy) / 4]!;
    if (exit === 0 || exit >= JUMP_CACHE.base + JUMP_CACHE.bytes) return false;
    const from = this.#memory.u32[(block + HART.jumpedFrom) / 4]!;
    const jump = from + target - target % 2 ** 32;
    const regions = this.#byJump.get(jump);
    if (regions === undefined) return false;
    const targets = this.#targets.get(jump) ?? [];
    if (targets.length >= MOST_TARGETS || targets.includes(target)) return false;
    targets.push(target);
    if (this.#targets.size === MOST_JUMPS) this.#targets.clear();
    this.#targets.set(jump, targets);
    let renews = false;
    for (const id of regions) {
      if (this.#live[id]!.renewals === RENEWALS) continue;
      this.#stale.add(id);
      renews = true;
    }
    return renews;
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
    const entry = (block + HART.execTlb + tlbOffset(page >>> 0, asid)) / 4;
    const low = (page | TLB_VALID | asid) >>> 0;
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
    const data = this.#dataFor(region);
    const { bytes, cellOps, pageCells, dataBytes } = compileRegion(region, pages, {
      fused: this.fused,
      data,
      wanders: (op) => this.#wandering.has(op),
    });
    this.#memory.u8.fill(0, data, data + dataBytes);
    u32[(data + REGION_DATA.pageCells) / 4] = pageCells;
    u32[(data + REGION_DATA.pageCellBytes) / 4] = data + dataBytes - pageCells;
    this.#nextData += Math.ceil(dataBytes / 16) * 16;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      [REGION_IMPORTS]: this.#imports,
    });
    const owners = pages.map((page) => u32[(page.slot + DECODE_SLOT.owner) / 4]!);
    const id = this.#newId();
    const jumps = region.blocks.filter((b) => b.ending === "indirect").map((b) => b.ops.at(-1)!)
      .filter((jump) => !isReturn(jump)).map((jump) => jump.pc);
    for (const jump of jumps) setOf(this.#byJump, jump).add(id);
    this.#live[id] = { entry: pc, op, jumps, renewals, pages: owners, pageCells, cellOps };
    cellOps.forEach((_, n) => this.#cellOwners.set(pageCells + n * PAGE_CELL.bytes, id));
    this.table.set(id, instance.exports["region"] as () => number);
    for (const owner of owners) setOf(this.#byPage, owner).add(id);
    this.#cover(region, new Map(region.pages.map((address, n) => [address, owners[n]!])));
    u16[op / 2]! |= COMPILED;
    u32[this.#cellOf(op)] = id;
  }

  /** Where a region may keep its data. When there is no more room, all regions go. */
  #dataFor(region: Region): number {
    const { regionDataBase, regionDataEnd } = this.#layout;
    if (this.#nextData + mostDataBytes(region) > regionDataEnd) {
      for (let id = 1; id < this.#live.length; id++) this.#drop(id);
      this.#forgetJumps();
      this.#missedAt.clear();
      this.#nextData = regionDataBase;
    }
    return this.#nextData;
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
    if (id >= this.table.length) this.#fillTable(this.table.grow(this.table.length));
    return id;
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
    this.table.set(id, this.#unlinked);
    region.cellOps.forEach((_, n) => {
      this.#cellOwners.delete(region.pageCells + n * PAGE_CELL.bytes);
      this.#missedAt.delete(region.pageCells + n * PAGE_CELL.bytes);
    });
    this.#free.push(id);
    this.#memory.u16[region.op / 2]! &= COMPILED - 1;
    this.#memory.u32[this.#cellOf(region.op)] = 0;
    for (const page of region.pages) this.#byPage.get(page)?.delete(id);
    for (const jump of region.jumps) {
      const regions = this.#byJump.get(jump);
      regions?.delete(id);
      if (regions?.size === 0) this.#byJump.delete(jump);
    }
  }
}

function setOf(map: Map<number, Set<number>>, key: number): Set<number> {
  let set = map.get(key);
  if (set === undefined) map.set(key, set = new Set());
  return set;
}
