import { EFFECT_ARITY, EffectKind, type Effects } from "../../core/effect.ts";

const PRIME = 0x9e3779b1;
/** Bytes LoadRegisters takes. */
const REGISTER_BYTES = 8 * 65;

/**
 * Folds what a machine would do for an event into a 32-bit digest: the effects, and of the immediate
 * bytes those that an effect names. What was reserved and never used is nobody's business.
 */
export function digestObeyed(fx: Effects, before: number): number {
  const w = fx.words;
  let digest = before;
  for (let at = 0; at < fx.length;) {
    const kind = w[at];
    const end = at + 1 + EFFECT_ARITY[kind];
    for (let i = at; i < end; i++) digest = mix(digest, w[i]);
    if (kind === EffectKind.Write) digest = mixBytes(digest, fx, w[at + 3], w[at + 4]);
    else if (kind === EffectKind.HostPrint) digest = mixBytes(digest, fx, w[at + 2], w[at + 3]);
    else if (kind === EffectKind.LoadRegisters) {
      digest = mixBytes(digest, fx, w[at + 2], REGISTER_BYTES);
    }
    at = end;
  }
  return mix(digest, fx.length);
}

function mix(digest: number, word: number): number {
  const x = Math.imul(digest ^ word, PRIME);
  return x ^ (x >>> 15);
}

function mixBytes(digest: number, fx: Effects, from: number, length: number): number {
  let x = digest;
  for (let i = from; i < from + length; i++) x = mix(x, fx.bytes[i]);
  return x;
}
