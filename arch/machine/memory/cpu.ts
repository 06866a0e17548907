import { hostFusesMultiplyAdd } from "../../ir/float/host_fused.ts";
import { buildInterpreter, EXIT, IMPORT_MODULE } from "../../ir/interpreter.ts";
import { DecodeCache } from "./decode_cache.ts";
import { hartBlock, PAGE_SIZE } from "./layout.ts";
import type { MachineLayout } from "./layout.ts";
import type { MachineMemory } from "./memory.ts";
import { RegionCache } from "./region_cache.ts";
import { SoftTlb } from "./soft_tlb.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { budget: EXIT_BUDGET } = EXIT;

/**
 * The harts' execution and address translation. Guest addresses are two u32 halves, because no
 * 64-bit number crosses into WebAssembly.
 */
export interface Cpu {
  /**
   * Runs a hart for at most `budget` instructions (below 2^31) from its current register slot and
   * address space. Returns an `EXIT` reason; cause, trap value and the count of instructions
   * retired are in the hart block, the pc in the register slot.
   */
  run(hart: number, budget: number): number;
  /**
   * Linear address of a guest byte as the hart's current space sees it, or -1 with cause and trap
   * value in the hart block. `access` is one of `ACCESS`. Marks nothing dirty.
   */
  translate(hart: number, vaLow: number, vaHigh: number, access: number): number;
  /** After a valid leaf PTE of one 4 KiB page was removed, narrowed or redirected. */
  invalidatePage(asid: number, vaLow: number, vaHigh: number): void;
  /** The same for many pages, superpages and tables of one space. */
  invalidateAsid(asid: number): void;
  invalidateAll(): void;
  /** Zeroes bytes of linear memory, and nothing else: `frameWritten` is the caller's to say. */
  zero(at: number, bytes: number): void;
  /** After the kernel or a device wrote into a page: drops its decoded code, marks it dirty. */
  frameWritten(linearPage: number): void;
  /** After the loop cleared dirty bytes: the next store to any page marks it again. */
  flushWriteTlbs(): void;
}

interface InterpreterExports {
  run(hart: number, budget: number): number;
  translate(hart: number, vaLow: number, vaHigh: number, access: number): number;
  zero(at: number, bytes: number): void;
}

const modules = new Map<boolean, WebAssembly.Module>();
let fuses: boolean | undefined;

/** Whether the host's vector multiply-add rounds once: looked at once. */
function fusesMultiplyAdd(): boolean {
  return fuses ??= hostFusesMultiplyAdd();
}

/** The interpreter's module, which is the same for every machine: compiled once. */
function interpreterModule(fused: boolean): WebAssembly.Module {
  let module = modules.get(fused);
  if (module === undefined) {
    modules.set(fused, module = new WebAssembly.Module(buildInterpreter(fused)));
  }
  return module;
}

/**
 * How guest code is executed: interpreted, compiled where it is hot, or compiled wherever a run
 * begins or compiled code is left, for tests. It changes no result.
 */
export type Engine = "ir" | "wasm" | "eager";

/** How often compiled code is left for an instruction before that is compiled too. */
const OFTEN = 256;

/** What tests may want otherwise; nothing of it changes a result. */
export interface CpuOptions {
  /** Compiled regions kept; as many as a host bears well unless given. */
  readonly mostRegions?: number;
  /** Whether multiply-add is left to the host; by what the host does unless given. */
  readonly fused?: boolean;
}

/** Puts the interpreter over a machine's memory. */
export function instantiateCpu(
  memory: MachineMemory,
  layout: MachineLayout,
  engine: Engine = "ir",
  { mostRegions, fused = fusesMultiplyAdd() }: CpuOptions = {},
): Cpu {
  const tlb = new SoftTlb(memory, layout);
  const cache = new DecodeCache(memory, layout, tlb);
  const regions = new RegionCache(
    memory,
    layout,
    cache,
    fused,
    engine === "eager",
    mostRegions,
  );
  const constant = (value: number): WebAssembly.Global =>
    new WebAssembly.Global({ value: "i32", mutable: false }, value);
  const instance = new WebAssembly.Instance(interpreterModule(fused), {
    [IMPORT_MODULE]: {
      memory: memory.memory,
      frameMapBase: constant(layout.frameMapBase),
      frameCount: constant(layout.frameCount),
      dirtyBase: constant(layout.dirtyBase),
      codeIndexBase: constant(layout.codeIndexBase),
      decode: (op: number): void => cache.decode(op),
      decodeCrossing: (bits: number, slot: number): void => cache.decodeCrossing(bits, slot),
      newSlot: (page: number, keep: number): number => cache.newSlot(page, keep),
      bitsAt: (op: number): number => cache.bitsAt(op),
      codeWritten: (slot: number): void => cache.codeWritten(slot),
      leftOften: (hart: number): void => regions.leftOften(hart),
      wanders: (cell: number): void => regions.wanders(cell),
      wentOn: (hart: number): void => regions.wentOn(hart),
      regions: regions.table,
      decodeBase: constant(layout.decodeBase),
      regionCellBase: constant(layout.regionCellBase),
      often: constant(engine === "eager" ? 1 : OFTEN),
    },
  });
  const { run, translate, zero } = instance.exports as unknown as InterpreterExports;
  regions.bind(instance.exports);
  const interpret = (hart: number, budget: number): number => {
    tlb.runs(hart);
    return run(hartBlock(layout, hart), budget);
  };
  const compiling = (hart: number, budget: number): number => {
    const exit = interpret(hart, budget);
    regions.afterRun(hart, budget, exit === EXIT_BUDGET);
    return exit;
  };
  const eager = (hart: number, budget: number): number => {
    regions.compileNext(hart);
    return interpret(hart, budget);
  };
  return {
    run: { ir: interpret, wasm: compiling, eager }[engine],
    translate(hart, vaLow, vaHigh, access) {
      const page = translate(hartBlock(layout, hart), vaLow, vaHigh, access) >>> 0;
      return page === 0 ? -1 : page * PAGE_SIZE + (vaLow & (PAGE_SIZE - 1));
    },
    invalidatePage: (asid, vaLow, vaHigh) => tlb.invalidatePage(asid, vaLow, vaHigh),
    invalidateAsid: (asid) => tlb.invalidateAsid(asid),
    invalidateAll: () => tlb.invalidateAll(),
    zero,
    frameWritten(linearPage) {
      memory.u8[layout.dirtyBase + linearPage] = 1;
      cache.dropPage(linearPage);
    },
    flushWriteTlbs: () => tlb.flushWriteTlbs(),
  };
}
