import { beginHash, endHash, hashWords } from "../../core/state/hash.ts";
import type { Cpu } from "./memory/cpu.ts";
import {
  HART,
  hartBlock,
  MACHINE_CELL,
  type MachineLayout,
  PAGE_SIZE,
  REGISTER,
  registerSlot,
} from "./memory/layout.ts";
import { type MachineState, ONE } from "./machine_state.ts";
import type { MachineMemory } from "./memory/memory.ts";

const PAGE_WORDS = PAGE_SIZE / 4;

/**
 * The M hash (DESIGN.md §5): machine state, thread registers, and the frames written since the last
 * one, known from dirty flags.
 */
export class MachineHash {
  private readonly lanes = new Int32Array(4);
  private readonly scratch = new Int32Array(4);
  private readonly scratchHash = new Uint32Array(this.scratch.buffer);

  constructor(
    private readonly memory: MachineMemory,
    private readonly layout: MachineLayout,
    private readonly state: MachineState,
    private readonly cpu: Cpu,
  ) {}

  /** Writes the hash, four words, and begins to watch for writes anew. */
  take(out: Uint32Array): void {
    const lanes = this.lanes;
    beginHash(lanes);
    this.state.hash(this.scratchHash);
    hashWords(lanes, this.scratch, 0, 4);
    this.cells();
    this.registers();
    const frames = this.frames();
    endHash(lanes, frames, out);
    this.cpu.flushWriteTlbs();
  }

  private words(linear: number, count: number): void {
    const from = Math.floor(linear / 4);
    hashWords(this.lanes, this.memory.i32, from, from + count);
  }

  private cells(): void {
    this.words(MACHINE_CELL.highestTimeRead, 2);
    for (let hart = 0; hart < this.layout.harts; hart++) {
      const block = hartBlock(this.layout, hart);
      this.words(block + HART.rootPpn, 2);
      this.words(block + HART.retired, 2);
    }
  }

  /** All slots ever used; the sink of writes to x0 is no state. */
  private registers(): void {
    const last = this.state.machine.lastThread[ONE];
    for (let thread = 1; thread <= last; thread++) {
      const slot = registerSlot(this.layout, thread);
      this.words(slot, 2 * REGISTER.sink);
      this.words(slot + 8 * REGISTER.pc, 4);
    }
  }

  /** Returns the number of frames hashed. */
  private frames(): number {
    const { memory, layout, scratch } = this;
    const firstPage = layout.backingBase / PAGE_SIZE;
    const flags = layout.dirtyBase + firstPage;
    const last = this.state.machine.lastFrame[ONE];
    let count = 0;
    for (let frame = 1; frame <= last; frame++) {
      if (memory.u8[flags + frame] === 0) continue;
      memory.u8[flags + frame] = 0;
      scratch[0] = frame;
      hashWords(this.lanes, scratch, 0, 1);
      this.words((firstPage + frame) * PAGE_SIZE, PAGE_WORDS);
      count++;
    }
    return count;
  }
}
