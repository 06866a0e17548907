import { beginHash, endHash, hashWords } from "../../core/state/hash.ts";

/**
 * The running hash over the journal's uncompressed content. Each frame's value covers the value
 * before it, so a frame that was swapped, doubled or taken out shows even where its own CRC holds.
 */
export class HashChain {
  /** The value so far. */
  readonly value: Uint32Array = new Uint32Array(4);
  private readonly lanes = new Int32Array(4);
  private readonly head = new Int32Array(8);

  /** Sets the value: zeros at the start of a journal, an index entry's after a seek. */
  set(value: ArrayLike<number>): void {
    for (let i = 0; i < 4; i++) this.value[i] = value[i];
  }

  /**
   * Takes in one frame.
   *
   * @param words the raw body, padded with zeros to a multiple of four
   * @param rawLength its length in bytes, without the padding
   */
  add(kind: number, count: number, firstOrder: number, words: Int32Array, rawLength: number): void {
    const h = this.head;
    for (let i = 0; i < 4; i++) h[i] = this.value[i];
    h[4] = kind;
    h[5] = count;
    h[6] = firstOrder >>> 0;
    h[7] = Math.floor(firstOrder / 0x1_0000_0000);
    beginHash(this.lanes);
    hashWords(this.lanes, h, 0, 8);
    hashWords(this.lanes, words, 0, (rawLength + 3) >>> 2);
    endHash(this.lanes, rawLength, this.value);
  }
}
