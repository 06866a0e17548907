/** A second kernel beside the first: what of the first is not its state must not matter. */
import type { Event } from "../../core/event.ts";
import { makeReducer, type Reducer } from "../../core/reducer.ts";
import type { ArenaLayout } from "../../core/state/arena.ts";
import { compareArenas, differenceText } from "../../core/state/snapshot.ts";

/** Where the twin lies in its buffer, and what lies around it. */
const MARGIN = 4096;
const RUBBISH = 0x5aa5_a55a;

/** A pair of kernels in the making. */
export interface Twin {
  /** Makes a kernel whose events a second one reduces too. */
  readonly make: (layout: ArenaLayout, buffer: ArrayBuffer) => Reducer;
  /** The second kernels made. */
  readonly kernels: () => readonly Reducer[];
}

function compareEffects(a: Reducer, b: Reducer): string {
  const [x, y] = [a.effects, b.effects];
  if (x.length !== y.length || x.bytesLength !== y.bytesLength) return "other effects";
  for (let i = 0; i < x.length; i++) if (x.words[i] !== y.words[i]) return `effect word ${i}`;
  for (let i = 0; i < x.bytesLength; i++) if (x.bytes[i] !== y.bytes[i]) return `effect byte ${i}`;
  return "";
}

/**
 * A kernel and its twin, which lies elsewhere among rubbish: after every event the effects and the
 * arenas must be equal.
 */
export function withTwin(): Twin {
  const twins: Reducer[] = [];
  return {
    kernels: () => twins,
    make: (layout, buffer) => {
      const first = makeReducer(layout, buffer, 0);
      const other = new ArrayBuffer(layout.bytes + 2 * MARGIN);
      new Uint32Array(other, 0, MARGIN / 4).fill(RUBBISH);
      new Uint32Array(other, layout.bytes + MARGIN, MARGIN / 4).fill(RUBBISH);
      const second = makeReducer(layout, other, MARGIN);
      twins.push(second);
      return {
        ...first,
        reduce: (e: Event) => {
          const refusal = first.reduce(e);
          second.effects.words.fill(RUBBISH, 0, 64);
          second.effects.bytes.fill(0xa5, 0, 64);
          if (second.reduce(e) !== refusal) throw new Error("not pure: another refusal");
          const effects = compareEffects(first, second);
          if (effects !== "") throw new Error(`not pure: ${effects}`);
          const difference = compareArenas(
            { layout, buffer, base: 0 },
            { layout, buffer: other, base: MARGIN },
          );
          if (difference !== null) throw new Error(`not pure: ${differenceText(difference)}`);
          return refusal;
        },
      };
    },
  };
}
