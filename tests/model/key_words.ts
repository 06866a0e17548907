/** Words that make a key, and their hash. */

const P1 = 0x9e3779b1 | 0;
const P2 = 0x85ebca6b | 0;
const P3 = 0xc2b2ae35 | 0;

function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), P2);
  x = Math.imul(x ^ (x >>> 13), P3);
  return x ^ (x >>> 16);
}

/**
 * A list of words that grows. Two lists are taken for equal when their 128-bit hashes are: every
 * word goes into every lane, so of n different lists two are mixed up with a chance of about
 * n * n / 2 ** 129, some 1e-27 for a million.
 */
export class KeyWords {
  /** How many there are. */
  length = 0;
  private words = new Int32Array(1 << 14);
  private readonly scratch = new Float64Array(1);
  private readonly halves = new Int32Array(this.scratch.buffer);

  /** Begins again. */
  clear(): void {
    this.length = 0;
  }

  /** Appends a 32-bit word. */
  put(value: number): void {
    if (this.length === this.words.length) {
      const larger = new Int32Array(2 * this.words.length);
      larger.set(this.words);
      this.words = larger;
    }
    this.words[this.length++] = value;
  }

  /** Appends a number of any size. */
  putLong(value: number): void {
    this.scratch[0] = value;
    this.put(this.halves[0]);
    this.put(this.halves[1]);
  }

  /** Appends a text, its length before it. */
  putText(text: string): void {
    this.put(text.length);
    for (let i = 0; i < text.length; i++) this.put(text.charCodeAt(i));
  }

  /** The words themselves as a text: no two lists have the same. */
  whole(): string {
    return this.words.subarray(0, this.length).join();
  }

  /** The hash of the words, 8 characters. */
  hash(): string {
    const { words, length } = this;
    let a = 0x243f6a88, b = 0x85a308d3 | 0, c = 0x13198a2e, d = 0x03707344 ^ length;
    for (let i = 0; i < length; i++) {
      // Each step can be undone, so lists that differ in one word never have the same hash.
      const word = Math.imul(words[i], P1);
      a = (Math.imul(a ^ word, P2) + b) | 0;
      b = (((b ^ a) << 13) | ((b ^ a) >>> 19)) + c | 0;
      c = Math.imul(((c ^ b) << 17) | ((c ^ b) >>> 15), P3) + d | 0;
      d = (((d ^ c) << 5) | ((d ^ c) >>> 27)) + word | 0;
    }
    for (let round = 0; round < 2; round++) {
      a = mix((a + d) | 0);
      b = mix((b + a) | 0);
      c = mix((c + b) | 0);
      d = mix((d + c) | 0);
    }
    let text = "";
    for (const lane of [a, b, c, d]) text += String.fromCharCode(lane >>> 16, lane & 0xffff);
    return text;
  }
}
