import { u32, u8 } from "../../../core/state/column.ts";
import { allocRow, type Table, table } from "../../../core/state/table.ts";
import { assert } from "../../../core/assert.ts";
import type { IrqLine } from "./device_ports.ts";

/**
 * The platform-level interrupt controller (RISC-V PLIC specification 1.0.0).
 *
 * Hart h has two contexts: 2h for machine mode and 2h+1 for supervisor mode. Sources are numbered
 * from 1; all of them are level triggered.
 */

/** Interrupt sources, numbered 1 to this. */
export const PLIC_SOURCES = 95;
/** Words of a bit set with one bit a source, source 0 included. */
const SOURCE_WORDS = 3;
/** Most contexts: two for each of 64 harts. */
const MAX_CONTEXTS = 128;
/** Largest priority and threshold; writes keep the low three bits. */
export const PLIC_PRIORITY_MASK = 7;

/** Register blocks, as byte offsets in the PLIC's window. */
export const PlicOffset = {
  /** u32 per source. */
  Priority: 0,
  /** Bit per source, read-only. */
  Pending: 0x1000,
  /** Bit per source, 0x80 bytes a context. */
  Enable: 0x2000,
  EnableStride: 0x80,
  /** Threshold at +0 and claim/complete at +4, 0x1000 bytes a context. */
  Context: 0x20_0000,
  ContextStride: 0x1000,
} as const;

/** State of the controller's sources. */
export const plicTable = table("plic", {
  doc: "One row per interrupt controller: its sources and their gateways.",
  capacity: 1,
  root: true,
}, {
  priority: u8("priority of each source; 0 = never", {
    count: PLIC_SOURCES + 1,
    owner: "global",
  }),
  level: u32("bit per source: the line's level", { count: SOURCE_WORDS, owner: "global" }),
  pending: u32("bit per source: request waits for a claim", {
    count: SOURCE_WORDS,
    owner: "global",
  }),
  inService: u32("bit per source: claimed and not completed", {
    count: SOURCE_WORDS,
    owner: "global",
  }),
  claims: u32("claims that returned a source, modulo 2^32", { owner: "global", role: "history" }),
  completions: u32("completions that ended a claim, modulo 2^32", {
    owner: "global",
    role: "history",
  }),
});

/** State of the controller's contexts. */
export const plicContextTable = table("plicContext", {
  doc: "One row per interrupt target; row = context + 1.",
  capacity: MAX_CONTEXTS,
  root: true,
}, {
  enable: u32("bit per source: this target takes it", { count: SOURCE_WORDS, owner: "global" }),
  threshold: u8("priorities up to this do not notify", { owner: "global" }),
  notified: u8("1 while the external interrupt line to the hart is up", { owner: "global" }),
});

/** The PLIC's tables, bound to an arena. */
export interface PlicState {
  readonly plic: Table<typeof plicTable.columns>;
  readonly plicContext: Table<typeof plicContextTable.columns>;
}

const ROW = 1;

/** The controller over its rows. */
export class Plic {
  /**
   * @param state the bound tables, empty or restored from a snapshot
   * @param contexts number of contexts: twice the number of harts
   */
  constructor(private readonly state: PlicState, private readonly contexts: number) {
    assert(contexts >= 1 && contexts <= MAX_CONTEXTS, "a PLIC has 1 to 128 contexts");
  }

  /** Allocates the rows of a new machine. */
  reset(): void {
    const row = allocRow(this.state.plic);
    assert(row === ROW, "the PLIC has one row");
    for (let context = 0; context < this.contexts; context++) {
      const contextRow = allocRow(this.state.plicContext);
      assert(contextRow === context + 1, "context rows are dense");
    }
  }

  /** The supervisor context of a hart. */
  static supervisorContext(hart: number): number {
    return 2 * hart + 1;
  }

  /** The line of one source, for a device model. */
  line(source: number): IrqLine {
    return { setLevel: (level: number): void => this.setLevel(source, level) };
  }

  /**
   * Drives a source's line. A raised line makes one request, which stays even if the line falls
   * before it is claimed; no other follows before completion.
   */
  setLevel(source: number, level: number): void {
    assert(source >= 1 && source <= PLIC_SOURCES, "an interrupt source is numbered from 1");
    const p = this.state.plic;
    const word = ROW * SOURCE_WORDS + (source >>> 5);
    const bit = 1 << (source & 31);
    if (((p.level[word] & bit) !== 0) === (level !== 0)) return;
    p.level[word] ^= bit;
    if (level !== 0) this.openGateway(word, bit);
  }

  /** Whether a context's external interrupt line is up. */
  notified(context: number): boolean {
    return this.state.plicContext.notified[context + 1] !== 0;
  }

  /**
   * Claims for a context. The threshold plays no part in this (section "Interrupt Claim Process").
   *
   * @returns the pending enabled source of highest priority, lowest number on a tie; 0 for none
   */
  claim(context: number): number {
    const p = this.state.plic, c = this.state.plicContext;
    let best = 0;
    let bestPriority = 0;
    for (let w = 0; w < SOURCE_WORDS; w++) {
      let bits = p.pending[ROW * SOURCE_WORDS + w] & c.enable[(context + 1) * SOURCE_WORDS + w];
      while (bits !== 0) {
        const source = 32 * w + (31 - Math.clz32(bits & -bits));
        bits &= bits - 1;
        const priority = p.priority[ROW * (PLIC_SOURCES + 1) + source];
        if (priority > bestPriority) {
          best = source;
          bestPriority = priority;
        }
      }
    }
    if (best === 0) return 0;
    const word = ROW * SOURCE_WORDS + (best >>> 5);
    const bit = 1 << (best & 31);
    p.pending[word] &= ~bit;
    p.inService[word] |= bit;
    p.claims[ROW]++;
    this.update();
    return best;
  }

  /**
   * Completes a source for a context; ignored unless the source is enabled there. Of a source that
   * is not in service it changes nothing.
   */
  complete(context: number, source: number): void {
    if (source < 1 || source > PLIC_SOURCES) return;
    const p = this.state.plic, c = this.state.plicContext;
    const bit = 1 << (source & 31);
    if ((c.enable[(context + 1) * SOURCE_WORDS + (source >>> 5)] & bit) === 0) return;
    const word = ROW * SOURCE_WORDS + (source >>> 5);
    if ((p.inService[word] & bit) === 0) return;
    p.inService[word] &= ~bit;
    p.completions[ROW]++;
    if ((p.level[word] & bit) !== 0) this.openGateway(word, bit);
  }

  /** Reads the 32-bit register at a byte offset; a read of a claim register claims. */
  read(offset: number): number {
    const p = this.state.plic, c = this.state.plicContext;
    if (offset >= PlicOffset.Context) {
      const context = Math.floor((offset - PlicOffset.Context) / PlicOffset.ContextStride);
      if (context >= this.contexts) return 0;
      const register = offset % PlicOffset.ContextStride;
      if (register === 0) return c.threshold[context + 1];
      return register === 4 ? this.claim(context) : 0;
    }
    if (offset >= PlicOffset.Enable) {
      const at = enableWord(offset, this.contexts);
      return at < 0 ? 0 : c.enable[at];
    }
    if (offset >= PlicOffset.Pending) {
      const word = (offset - PlicOffset.Pending) >>> 2;
      return word < SOURCE_WORDS ? p.pending[ROW * SOURCE_WORDS + word] : 0;
    }
    const source = offset >>> 2;
    return source <= PLIC_SOURCES ? p.priority[ROW * (PLIC_SOURCES + 1) + source] : 0;
  }

  /** Writes the 32-bit register at a byte offset; a write of a claim register completes. */
  write(offset: number, value: number): void {
    const p = this.state.plic, c = this.state.plicContext;
    if (offset >= PlicOffset.Context) {
      const context = Math.floor((offset - PlicOffset.Context) / PlicOffset.ContextStride);
      if (context >= this.contexts) return;
      const register = offset % PlicOffset.ContextStride;
      if (register === 0) c.threshold[context + 1] = value & PLIC_PRIORITY_MASK;
      else if (register === 4) this.complete(context, value >>> 0);
    } else if (offset >= PlicOffset.Enable) {
      const at = enableWord(offset, this.contexts);
      // Source 0 does not exist and cannot be enabled.
      if (at >= 0) c.enable[at] = at % SOURCE_WORDS === 0 ? value & ~1 : value;
    } else if (offset < PlicOffset.Pending) {
      const source = offset >>> 2;
      if (source === 0 || source > PLIC_SOURCES) return;
      p.priority[ROW * (PLIC_SOURCES + 1) + source] = value & PLIC_PRIORITY_MASK;
    }
    this.update();
  }

  /** Enables every source in one context, and in none but that; priorities stay as they are. */
  takeAll(context: number): void {
    for (let i = 0; i < this.contexts; i++) {
      for (let w = 0; w < SOURCE_WORDS; w++) {
        const at = PlicOffset.Enable + i * PlicOffset.EnableStride + 4 * w;
        this.write(at, i === context ? 0xffff_ffff : 0);
      }
    }
  }

  private openGateway(word: number, bit: number): void {
    const p = this.state.plic;
    if (((p.pending[word] | p.inService[word]) & bit) !== 0) return;
    p.pending[word] |= bit;
    this.update();
  }

  private update(): void {
    const p = this.state.plic, c = this.state.plicContext;
    for (let row = 1; row <= this.contexts; row++) {
      let up = 0;
      for (let w = 0; w < SOURCE_WORDS && up === 0; w++) {
        let bits = p.pending[ROW * SOURCE_WORDS + w] & c.enable[row * SOURCE_WORDS + w];
        while (bits !== 0 && up === 0) {
          const source = 32 * w + (31 - Math.clz32(bits & -bits));
          bits &= bits - 1;
          if (p.priority[ROW * (PLIC_SOURCES + 1) + source] > c.threshold[row]) up = 1;
        }
      }
      c.notified[row] = up;
    }
  }
}

/** Index into the enable column of the word at an offset, or -1 where there is no word. */
function enableWord(offset: number, contexts: number): number {
  const context = Math.floor((offset - PlicOffset.Enable) / PlicOffset.EnableStride);
  const word = ((offset - PlicOffset.Enable) % PlicOffset.EnableStride) >>> 2;
  return context < contexts && word < SOURCE_WORDS ? (context + 1) * SOURCE_WORDS + word : -1;
}
