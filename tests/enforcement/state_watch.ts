/** Holds what a refused call leaves behind against what was there before it. */
import { EFFECT_ARITY, EffectKind } from "../../core/effect.ts";
import { EventKind, type RecordedEvent } from "../../core/event.ts";
import { Account } from "../../core/ledger/accounts.ts";
import { elementBytes } from "../../core/state/column.ts";
import {
  type ArenaBytes,
  compareArenas,
  differenceText,
  Snapshot,
} from "../../core/state/snapshot.ts";
import type { LiveKernel, Watch } from "../kernel/harness.ts";

/**
 * All that may differ after a call that was refused: time passed, and events were counted. Nothing
 * of any object.
 */
const PASSING: readonly (readonly [table: string, column: string])[] = [
  ["kernel", "lastOrder"],
  ["kernel", "now"],
  ["hart", "lastSequence"],
  ["hart", "lastTime"],
  ["thread", "userTime"],
];
/** And of the books, the hart's time. */
const PASSING_ACCOUNTS: readonly number[] = [
  Account.HartTimeSource,
  Account.HartTimeBusy,
  Account.HartTimeIdle,
];

/**
 * Makes what may differ equal in `to`.
 *
 * @param more further columns that a refused call may leave something in
 */
export function copyPassing(from: ArenaBytes, to: ArenaBytes, more: typeof PASSING = []): void {
  const copy = (table: string, column: string, rows?: readonly number[]): void => {
    const t = from.layout.tables.find(({ key }) => key === table);
    const placed = t?.columns.find(({ name }) => name === column);
    if (t === undefined || placed === undefined) throw new Error(`no column ${table}.${column}`);
    const bytes = elementBytes(placed.column.type) * placed.column.count;
    const used = new Uint32Array(from.buffer, from.base + t.headerOffset, 1)[0];
    for (const row of rows ?? Array.from({ length: used }, (_, i) => i + 1)) {
      const at = placed.offset + row * bytes;
      const source = new Uint8Array(from.buffer, from.base + at, bytes);
      new Uint8Array(to.buffer, to.base + at, bytes).set(source);
    }
  };
  for (const [table, column] of [...PASSING, ...more]) copy(table, column);
  copy("account", "balance", PASSING_ACCOUNTS);
}

/** Effects a refused call may have: its result, and what time costs. */
export const ALLOWED_EFFECTS: readonly number[] = [
  EffectKind.Return,
  EffectKind.Charge,
  EffectKind.SetTimer,
];

const UNKNOWN_CALL = 0xffff_ffff;

/** A call that came to an end. */
export interface EndedCall {
  /** Its result; errors are negative. */
  readonly result: number;
  /** Events it took. */
  readonly events: number;
  /** For an error: "", or what it changed all the same. */
  readonly breach: string;
}

/**
 * Watches the calls made at one address: that of the first unknown call.
 *
 * @param ended gets each of them in order
 */
export function watchCalls(ended: EndedCall[]): (kernel: LiveKernel) => Watch {
  return (kernel) => {
    const { effects: fx, arena } = kernel;
    const before = new Snapshot(arena.layout);
    let site = -1;
    let events = 0;
    let breach = "";
    const isCall = (e: RecordedEvent): boolean =>
      (e.kind === EventKind.Syscall || e.kind === EventKind.SyscallFault) && e.pc() === site;
    /** The result among the effects of an event, or NaN; notes what a refused call may not do. */
    const lookAtEffects = (): number => {
      let result = NaN;
      for (let at = 0; at < fx.length; at += 1 + EFFECT_ARITY[fx.words[at]]) {
        const kind = fx.words[at];
        // Words are signed: the high one gives the sign, the low one is to be unsigned.
        if (kind === EffectKind.Return) {
          result = fx.words[at + 3] * 2 ** 32 + (fx.words[at + 2] >>> 0);
        }
        if (!ALLOWED_EFFECTS.includes(kind)) breach ||= `effect ${kind}`;
      }
      return result;
    };
    return {
      before: (e) => {
        if (site < 0 && e.kind === EventKind.Syscall && e.cause === UNKNOWN_CALL) site = e.pc();
        if (events > 0 || !isCall(e)) return;
        before.take(arena);
        breach = "";
      },
      after: (e) => {
        if (events === 0 && !isCall(e)) return;
        events++;
        const result = lookAtEffects();
        if (Number.isNaN(result)) return;
        if (result < 0) {
          copyPassing(arena, before);
          const difference = compareArenas(before, arena);
          if (difference !== null) breach ||= differenceText(difference);
        }
        ended.push({ result, events, breach: result < 0 ? breach : "" });
        events = 0;
      },
    };
  };
}
