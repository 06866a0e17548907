/** Everything that may happen to a journal's bytes. */
import { Random } from "../../journal/test_journal.ts";
import type { Frame } from "./frames.ts";

/** A damaged journal and what was done to it, in words that tell it from all others. */
export interface Damage {
  readonly what: string;
  readonly bytes: Uint8Array;
}

/** What parts are taken from. */
export interface Donor {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly frames: readonly Frame[];
}

/** Joins pieces. */
export function join(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

const pieceOf = (d: Donor, i: number): Uint8Array =>
  d.bytes.subarray(d.frames[i].offset, d.frames[i].offset + d.frames[i].length);

/** A journal of other frames than its own, behind its own preamble. */
function arrange(d: Donor, pieces: readonly Uint8Array[]): Uint8Array {
  return join([d.bytes.subarray(0, d.frames[0].offset), ...pieces]);
}

/** Frames taken out, doubled, moved, and replaced by those of other journals. */
export function* structural(whole: Donor, others: readonly Donor[]): Generator<Damage> {
  const pieces = whole.frames.map((_, i) => pieceOf(whole, i));
  const count = pieces.length;
  const made = (what: string, list: readonly Uint8Array[]): Damage => ({
    what,
    bytes: arrange(whole, list),
  });
  for (let i = 0; i < count; i++) {
    const name = `frame ${i}`;
    yield made(`${name} removed`, pieces.toSpliced(i, 1));
    yield made(`${name} doubled`, pieces.toSpliced(i, 0, pieces[i]));
    yield made(`${name} moved to the end`, [...pieces.toSpliced(i, 1), pieces[i]]);
    yield made(`${name} again at the end`, [...pieces, pieces[i]]);
    for (let k = i + 1; k < count; k++) {
      yield made(`frames ${i} and ${k} swapped`, pieces.with(i, pieces[k]).with(k, pieces[i]));
    }
    for (const other of others) {
      if (i >= other.frames.length) continue;
      const foreign = pieceOf(other, i);
      yield made(`${name} replaced by that of ${other.name}`, pieces.with(i, foreign));
      // All frames of another journal are that journal.
      if (i > 0) {
        yield made(`${name} and all behind it from ${other.name}`, [
          ...pieces.slice(0, i),
          ...other.frames.slice(i).map((_, n) => pieceOf(other, i + n)),
        ]);
      }
      yield made(`${name} followed by that of ${other.name}`, pieces.toSpliced(i + 1, 0, foreign));
    }
  }
}

/** What a crash, a bad disk or a careless copy leaves behind a good part. */
export function* tails(whole: Donor, others: readonly Donor[], seed: number): Generator<Damage> {
  const { bytes, frames } = whole;
  const r = new Random(seed);
  const noise = Uint8Array.from({ length: 200 }, () => r.below(256));
  const places = frames.flatMap((f) => [f.offset, f.offset + 20, f.offset + f.length - 1]);
  for (const at of [...places, bytes.length]) {
    const head = bytes.subarray(0, at), rest = bytes.subarray(at);
    yield { what: `zeros from byte ${at} on`, bytes: join([head, new Uint8Array(rest.length)]) };
    yield { what: `4096 zeros behind byte ${at}`, bytes: join([head, new Uint8Array(4096)]) };
    yield { what: `noise put in at byte ${at}`, bytes: join([head, noise, rest]) };
    yield { what: `noise instead of what follows byte ${at}`, bytes: join([head, noise]) };
    yield { what: `byte ${at} lost`, bytes: join([head, rest.subarray(1)]) };
    yield { what: `a byte put in at byte ${at}`, bytes: join([head, noise.subarray(0, 1), rest]) };
    yield { what: `all from byte ${at} on twice`, bytes: join([bytes, rest]) };
  }
  for (const other of [whole, ...others]) {
    yield { what: `${other.name} behind it`, bytes: join([bytes, other.bytes]) };
  }
}

/** One to four damages one after the other, drawn from a seed. */
export function mixed(whole: Donor, others: readonly Donor[], seed: number): Damage {
  const r = new Random(seed * 2 + 1);
  // The first numbers of a small seed are small.
  for (let n = 0; n < 8; n++) r.u32();
  const what: string[] = [];
  let bytes = whole.bytes;
  for (let n = 1 + r.below(4); n > 0; n--) {
    const made = one(r, bytes, [whole, ...others]);
    what.push(made.what);
    bytes = made.bytes;
  }
  return { what: `seed ${seed}: ${what.join(", ")}`, bytes };
}

function one(r: Random, bytes: Uint8Array, donors: readonly Donor[]): Damage {
  const at = r.below(bytes.length + 1);
  const to = Math.min(bytes.length, at + 1 + r.below(r.below(4) === 0 ? 2000 : 20));
  const before = bytes.subarray(0, at), middle = bytes.subarray(at, to), after = bytes.subarray(to);
  switch (r.below(7)) {
    case 0:
      return { what: `cut at ${at}`, bytes: before };
    case 1: {
      const copy = bytes.slice();
      const bit = r.below(8);
      if (at < copy.length) copy[at] ^= 1 << bit;
      return { what: `bit ${bit} of byte ${at} flipped`, bytes: copy };
    }
    case 2:
      return { what: `${at} to ${to} lost`, bytes: join([before, after]) };
    case 3:
      return { what: `${at} to ${to} doubled`, bytes: join([before, middle, middle, after]) };
    case 4:
      return {
        what: `zeros from ${at} to ${to}`,
        bytes: join([before, new Uint8Array(to - at), after]),
      };
    case 5: {
      const noise = Uint8Array.from(middle, () => r.below(256));
      return { what: `noise from ${at} to ${to}`, bytes: join([before, noise, after]) };
    }
    default: {
      const donor = donors[r.below(donors.length)];
      const i = r.below(donor.frames.length);
      const piece = pieceOf(donor, i);
      return {
        what: `frame ${i} of ${donor.name} at ${at}`,
        bytes: join([before, piece, bytes.subarray(Math.min(bytes.length, at + piece.length))]),
      };
    }
  }
}
