/** Text for the real programs to work on: the same bytes everywhere, and no two lines alike. */

const SYLLABLES = ["ka", "lo", "mi", "ren", "tu", "sa", "vel", "or", "ni", "dra", "pe", "shi"];
/** So many words; the frequent ones are at the front. */
const WORDS = 4096;

/** A generator of 32-bit numbers (xorshift): the sequence depends on the seed alone. */
function generator(seed: number): () => number {
  let x = seed >>> 0 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** A word for each number: its digits in base 12, as syllables. */
function word(index: number): string {
  let text = "";
  do {
    text += SYLLABLES[index % SYLLABLES.length];
    index = Math.floor(index / SYLLABLES.length);
  } while (index > 0);
  return text;
}

/**
 * Lines of a key, a number and some words, separated by blanks; exactly `size` bytes, the last line
 * ended by a line feed.
 */
export function inputText(size: number): Uint8Array {
  const next = generator(20_261_121);
  const words = Array.from({ length: WORDS }, (_, i) => new TextEncoder().encode(word(i)));
  const out = new Uint8Array(size);
  let at = 0;
  const put = (bytes: Uint8Array): void => {
    out.set(bytes.subarray(0, Math.max(0, size - at)), at);
    at = Math.min(size, at + bytes.length);
  };
  const blank = new Uint8Array([32]), feed = new Uint8Array([10]);
  // The product of two draws makes small numbers, and so the front words, more frequent.
  const draw = (): Uint8Array => words[(next() % 64) * (next() % 64)];
  while (at < size) {
    put(draw());
    put(blank);
    put(new TextEncoder().encode(String(next() % 1_000_000)));
    for (let left = 3 + next() % 6; left > 0; left--) {
      put(blank);
      put(draw());
    }
    put(feed);
  }
  if (size > 0) out[size - 1] = 10;
  return out;
}
