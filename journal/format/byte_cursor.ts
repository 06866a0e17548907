/** Bytes that cannot be what a correct writer wrote. Caught in the reader, never seen by others. */
export class DamageError extends Error {
  override readonly name = "DamageError";
}

/** Reads what ByteColumn wrote, and never past the end it was given. */
export class ByteCursor {
  private bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;
  /** Halves of the last 64-bit number read. */
  lo = 0;
  hi = 0;

  /** Starts at `from`; bytes from `to` on are not this cursor's. */
  open(bytes: Uint8Array, from: number, to: number): void {
    this.bytes = bytes;
    this.at = from;
    this.end = to;
  }

  /** Reads one byte. @throws {DamageError} at the end */
  byte(): number {
    if (this.at >= this.end) throw new DamageError("a column ends too early");
    return this.bytes[this.at++];
  }

  /** Reads an unsigned 32-bit varint. @throws {DamageError} at the end, or beyond 32 bits */
  varint(): number {
    const first = this.byte();
    if (first < 128) return first;
    this.varint64From(first);
    if (this.hi !== 0) throw new DamageError("a number exceeds 32 bits");
    return this.lo;
  }

  /** Reads an unsigned 64-bit varint into `lo` and `hi`. @throws {DamageError} as varint */
  varint64(): void {
    this.varint64From(this.byte());
  }

  private varint64From(first: number): void {
    let lo = first & 127, hi = 0, shift = 7, b = first;
    while (b > 127) {
      b = this.byte();
      const bits = b & 127;
      if (shift < 28) lo |= bits << shift;
      else if (shift === 28) {
        lo |= bits << 28;
        hi = bits >>> 4;
      } else if (shift < 64) hi |= bits << (shift - 32);
      else throw new DamageError("a number exceeds 64 bits");
      shift += 7;
    }
    this.lo = lo >>> 0;
    this.hi = hi >>> 0;
  }

  /** Reads a whole number below 2^53. @throws {DamageError} as varint, or beyond 2^53 */
  whole(): number {
    this.varint64();
    if (this.hi >= 0x20_0000) throw new DamageError("a whole number exceeds 53 bits");
    return this.hi * 0x1_0000_0000 + this.lo;
  }

  /** Reads a zigzag difference and adds it to a 64-bit number; the sum is in `lo` and `hi`. */
  sum64(previousLo: number, previousHi: number): void {
    this.varint64();
    const sign = -(this.lo & 1);
    const dLo = ((this.lo >>> 1) | (this.hi << 31)) ^ sign;
    const dHi = (this.hi >>> 1) ^ sign;
    const sum = (previousLo >>> 0) + (dLo >>> 0);
    this.lo = sum >>> 0;
    this.hi = (previousHi + dHi + (sum > 0xffffffff ? 1 : 0)) >>> 0;
  }

  /** Copies `count` bytes to the start of `into`. @throws {DamageError} at the end */
  take(into: Uint8Array, count: number): void {
    const from = this.at;
    if (from + count > this.end) throw new DamageError("a column ends too early");
    this.at = from + count;
    const b = this.bytes;
    if (count > 48) into.set(b.subarray(from, from + count));
    else for (let i = 0; i < count; i++) into[i] = b[from + i];
  }

  /** True when everything was read. */
  atEnd(): boolean {
    return this.at === this.end;
  }
}
