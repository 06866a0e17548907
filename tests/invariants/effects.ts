/** I18: what an event asks of the hardware is well formed, and output comes from calls only. */
import { EFFECT_ARITY, EffectKind, type Effects } from "../../core/effect.ts";
import { EVENT_NAMES, EventKind } from "../../core/event.ts";
import { FrameRole } from "../../core/mem/tables.ts";
import type { Check, Group, Report } from "./checker.ts";

/** Calls `each` with the kind and place of every effect; stops at what is none. */
export function eachEffect(fx: Effects, each: (kind: number, at: number) => void): number {
  let at = 0;
  while (at < fx.length) {
    const kind = fx.words[at] ?? 0;
    const arity = EFFECT_ARITY[kind];
    if (arity === undefined || kind === 0) break;
    each(kind, at);
    at += 1 + arity;
  }
  return at;
}

const PAGE = 4096;

/** Where frame, offset and length stand among an effect's arguments, from 1; offset 0 for none. */
const WRITES: ReadonlyMap<number, readonly [frame: number, offset: number, length: number]> =
  new Map([
    [EffectKind.Zero, [1, 2, 3]],
    [EffectKind.Copy, [3, 4, 5]],
    [EffectKind.Write, [1, 2, 4]],
    [EffectKind.LoadInput, [2, 3, 4]],
  ]);

const READS: ReadonlyMap<number, readonly [frame: number, offset: number, length: number]> =
  new Map([
    [EffectKind.Copy, [1, 2, 5]],
    [EffectKind.HostWrite, [2, 3, 4]],
    [EffectKind.SampleFrame, [1, 2, 3]],
  ]);

/** Output to the outside. */
const OUTPUT: ReadonlySet<number> = new Set([EffectKind.HostWrite, EffectKind.HostPrint]);

/** Events in the middle of which nothing is said: what interrupts others, and faults. */
const SILENT: ReadonlySet<number> = new Set([
  EventKind.Timer,
  EventKind.Ipi,
  EventKind.PageFault,
  EventKind.Exception,
  EventKind.Sample,
]);

/** Every effect is one, inside one page of a frame in use; no interrupt or fault writes output. */
export const effects: Group = {
  name: "effects",
  ids: ["I18"],
  make: ({ state: s, effects: fx }): Check => {
    /** Free frames written and not read since: a pipe's buffer may be, that came and went. */
    const idle = new Set<number>();
    const part = (
      report: Report,
      at: number,
      places: readonly [number, number, number] | undefined,
      written: boolean,
    ): void => {
      if (places === undefined) return;
      const [frame, offset, length] = places.map((place) => fx.words[at + place] ?? 0);
      const row = `effect ${fx.words[at]}`;
      if (frame < 1 || frame > s.memory.backed[1]) {
        return report("I18", row, `of frame ${frame}, which has no backing`);
      }
      if (offset < 0 || length < 0 || offset + length > PAGE) {
        report("I18", row, `of bytes ${offset} to ${offset + length} of a page`);
      }
      if (!written) idle.delete(frame);
      else if (s.frame.role[frame] === FrameRole.Free) idle.add(frame);
      if (written && s.frame.role[frame] === FrameRole.Quarantine) {
        report("I18", row, `writes frame ${frame}, which is in quarantine`);
      }
    };
    return (e, report) => {
      idle.clear();
      const end = eachEffect(fx, (kind, at) => {
        part(report, at, READS.get(kind), false);
        part(report, at, WRITES.get(kind), true);
        if (OUTPUT.has(kind) && SILENT.has(e.kind)) {
          report("I18", `effect ${kind}`, `output in a ${EVENT_NAMES[e.kind]} event`);
        }
      });
      for (const frame of idle) {
        report("I18", `frame ${frame}`, "was written, but is free and nothing read it");
      }
      if (end !== fx.length) report("I18", `effect word ${end}`, "is not the kind of an effect");
    };
  },
};
