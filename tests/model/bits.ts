/** A set of whole numbers, small ones. */
export class Bits {
  private words = new Uint32Array(16);

  add(n: number): void {
    const word = n >>> 5;
    if (word >= this.words.length) this.grow(word + 1);
    this.words[word] |= 1 << (n & 31);
  }

  remove(n: number): void {
    if (n >>> 5 < this.words.length) this.words[n >>> 5] &= ~(1 << (n & 31));
  }

  addAll(other: Bits): void {
    const { words } = other;
    let length = words.length;
    while (length > 0 && words[length - 1] === 0) length--;
    if (length > this.words.length) this.grow(length);
    for (let i = 0; i < length; i++) this.words[i] |= words[i];
  }

  has(n: number): boolean {
    return ((this.words[n >>> 5] >>> (n & 31)) & 1) !== 0;
  }

  meets(other: Bits): boolean {
    const length = Math.min(this.words.length, other.words.length);
    for (let i = 0; i < length; i++) if ((this.words[i] & other.words[i]) !== 0) return true;
    return false;
  }

  /** Calls `each` with every number of the set, ascending. */
  forEach(each: (n: number) => void): void {
    for (let i = 0; i < this.words.length; i++) {
      for (let bits = this.words[i]; bits !== 0; bits &= bits - 1) {
        each(32 * i + 31 - Math.clz32(bits & -bits));
      }
    }
  }

  /** A text that is equal for equal sets. */
  text(): string {
    let text = "";
    let last = 0;
    for (let i = 0; i < this.words.length; i++) {
      const word = this.words[i];
      if (word === 0) continue;
      text += String.fromCharCode(i - last, word >>> 16, word & 0xffff);
      last = i;
    }
    return text;
  }

  private grow(words: number): void {
    const larger = new Uint32Array(words + (words >>> 2));
    larger.set(this.words);
    this.words = larger;
  }
}
