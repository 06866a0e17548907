import { MEMORY_WASM_PAGES } from "./layout.ts";

/** The machine's linear memory and the views that JavaScript reads and writes it through. */
export interface MachineMemory {
  readonly memory: WebAssembly.Memory;
  readonly u8: Uint8Array<SharedArrayBuffer>;
  readonly u16: Uint16Array<SharedArrayBuffer>;
  readonly u32: Uint32Array<SharedArrayBuffer>;
  readonly i32: Int32Array<SharedArrayBuffer>;
}

/**
 * Reserves the machine's memory at full size; it is never grown (DESIGN.md §4, Memory). Whatever a
 * 32-bit address can name is inside, so the host's bounds checks find nothing: the commands that are
 * to be fast run with `--no-wasm-bounds-checks`, which gains a sixth.
 */
export function createMemory(): MachineMemory {
  const memory = new WebAssembly.Memory({
    initial: MEMORY_WASM_PAGES,
    maximum: MEMORY_WASM_PAGES,
    shared: true,
  });
  const buffer = memory.buffer as unknown as SharedArrayBuffer;
  return {
    memory,
    u8: new Uint8Array(buffer),
    u16: new Uint16Array(buffer),
    u32: new Uint32Array(buffer),
    i32: new Int32Array(buffer),
  };
}
