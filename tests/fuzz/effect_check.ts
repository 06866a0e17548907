import { EFFECT_ARITY, EffectKind, type Effects } from "../../core/effect.ts";
import { PAYLOAD_LIMIT } from "../../core/event.ts";
import { ONE, type State } from "../../core/kernel.ts";
import { PAGE_BYTES, UNITS } from "../../core/limits.ts";
import { watermark } from "../../core/state/table.ts";

/** Register slots of a thread: x0 to x31, f0 to f31, a spare one, pc, fcsr. */
const REGISTER_SLOTS = 67;
const STREAMS = 3;
/**
 * Most units an event may charge: each kind of work in it keeps to UNITS, and two kinds may meet, as
 * where a write moves pages and wakes those who wait for them.
 */
const MOST_CHARGED = 2 * UNITS;

/**
 * Whether the machine could obey an event's effects: none can fail, so each must name harts, threads
 * and frames that there are, and stay inside its page. Also that what is under way is in the state.
 *
 * @param seen effects so far by kind, counted up; may be undefined
 * @returns "" or what is wrong
 */
export function checkEffects(s: State, fx: Effects, seen?: Float64Array): string {
  const w = fx.words;
  let samples = 0;
  let charged = 0;
  let at = 0;
  while (at < fx.length) {
    const kind = w[at];
    if (!(kind >= 1 && kind < EFFECT_ARITY.length)) return `there is no effect ${kind}`;
    const wrong = checkOne(s, fx, kind, at + 1);
    if (wrong !== "") return `effect ${kind} (${[...w.subarray(at + 1, at + 6)]}): ${wrong}`;
    if (seen !== undefined) seen[kind]++;
    if (kind === EffectKind.SampleFrame || kind === EffectKind.SampleRegisters) samples++;
    if (kind === EffectKind.Charge) charged += w[at + 1];
    at += 1 + EFFECT_ARITY[kind];
  }
  if (at !== fx.length) return "the last effect is cut off";
  if (charged > MOST_CHARGED) return `${charged} units charged by one event`;
  if (samples !== fx.sampled || samples > 1) return `${samples} samples, ${fx.sampled} told`;
  if ((s.kernel.sampling[ONE] !== 0) !== (samples === 1)) {
    return "a sample not awaited by the state";
  }
  return "";
}

function checkOne(s: State, fx: Effects, kind: number, at: number): string {
  const w = fx.words;
  const [a, b, c, d] = [w[at], w[at + 1], w[at + 2], w[at + 3]];
  switch (kind) {
    case EffectKind.Switch:
      return hart(s, a) || (b === 0 ? "" : thread(s, b));
    case EffectKind.SetRegister:
      return thread(s, a) || (b > 0 && b < REGISTER_SLOTS ? "" : "no such register");
    case EffectKind.Return:
    case EffectKind.ClearRegisters:
    case EffectKind.SampleRegisters:
      return thread(s, a);
    case EffectKind.CopyRegisters:
      return thread(s, a) || thread(s, b);
    case EffectKind.CopyRegisterSet:
      return thread(s, a) || thread(s, b) || ((c & 1) === 0 ? "" : "writes the zero register");
    case EffectKind.LoadRegisters:
      return thread(s, a) || bytes(fx, b, 8 * 65);
    case EffectKind.Zero:
    case EffectKind.SampleFrame:
      return piece(s, a, b, c);
    case EffectKind.Copy:
      return piece(s, a, b, w[at + 4]) || piece(s, c, d, w[at + 4]);
    case EffectKind.Write:
      return piece(s, a, b, d) || bytes(fx, c, d);
    case EffectKind.LoadInput:
      return piece(s, b, c, d) || (a >= 0 && a + d <= PAYLOAD_LIMIT ? "" : "outside of the input");
    case EffectKind.HostWrite:
      return stream(a) || piece(s, b, c, d);
    case EffectKind.HostPrint:
      return stream(a) || bytes(fx, b, c);
    case EffectKind.Ipi:
      return hart(s, a) || (s.hart.ipiPending[a + 1] === 1 ? "" : "not pending");
    case EffectKind.Continue:
      return hart(s, a) || (s.hart.continuePending[a + 1] === 1 ? "" : "not pending");
    case EffectKind.SetTimer:
      return hart(s, a);
    case EffectKind.RequestStream:
      return stream(a);
    case EffectKind.MapFrame:
      return frame(s, b);
    case EffectKind.MapPageTable:
      return b >= 1 && b <= watermark(s.pageTable) ? "" : "no such page table";
    case EffectKind.Charge:
      return a >= 0 ? "" : "less than no work";
    default:
      return "";
  }
}

function hart(s: State, n: number): string {
  return n >= 0 && n < s.kernel.harts[ONE] ? "" : "no such hart";
}

function thread(s: State, n: number): string {
  return n >= 1 && n <= watermark(s.thread) ? "" : "no such thread";
}

function frame(s: State, n: number): string {
  return n >= 1 && n <= watermark(s.frame) ? "" : "no such frame";
}

function piece(s: State, row: number, from: number, length: number): string {
  const wrong = frame(s, row);
  if (wrong !== "") return wrong;
  return from >= 0 && length >= 0 && from + length <= PAGE_BYTES ? "" : "outside of its page";
}

function bytes(fx: Effects, from: number, length: number): string {
  return from >= 0 && length >= 0 && from + length <= fx.bytesLength ? "" : "bytes never put";
}

function stream(n: number): string {
  return n >= 0 && n < STREAMS ? "" : "no such stream";
}
