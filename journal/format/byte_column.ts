/** A growing run of bytes: one column of a frame while it is being encoded. */
export class ByteColumn {
  bytes: Uint8Array;
  length = 0;

  /** @param capacity first size in bytes; it doubles when needed and is kept between frames */
  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Empties the column and keeps its memory. */
  clear(): void {
    this.length = 0;
  }

  /** Makes room for `count` more bytes. */
  ensure(count: number): void {
    const need = this.length + count;
    if (need <= this.bytes.length) return;
    let capacity = this.bytes.length * 2;
    while (capacity < need) capacity *= 2;
    const larger = new Uint8Array(capacity);
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  /** Appends one byte. */
  byte(value: number): void {
    if (this.length === this.bytes.length) this.ensure(1);
    this.bytes[this.length++] = value;
  }

  /** Appends an unsigned 32-bit number as a varint of 1 to 5 bytes. */
  varint(value: number): void {
    if (this.length + 5 > this.bytes.length) this.ensure(5);
    const b = this.bytes;
    let at = this.length;
    let v = value >>> 0;
    while (v > 127) {
      b[at++] = (v & 127) | 128;
      v >>>= 7;
    }
    b[at++] = v;
    this.length = at;
  }

  /** Appends an unsigned 64-bit number, given as halves, as a varint of 1 to 10 bytes. */
  varint64(lo: number, hi: number): void {
    if (hi === 0) {
      this.varint(lo);
      return;
    }
    if (this.length + 10 > this.bytes.length) this.ensure(10);
    const b = this.bytes;
    let at = this.length;
    let l = lo >>> 0, h = hi >>> 0;
    while (h !== 0 || l > 127) {
      b[at++] = (l & 127) | 128;
      l = ((l >>> 7) | (h << 25)) >>> 0;
      h >>>= 7;
    }
    b[at++] = l;
    this.length = at;
  }

  /** Appends a whole number from 0 to 2^53 - 1 as a varint. */
  whole(value: number): void {
    this.varint64(value >>> 0, Math.floor(value / 0x1_0000_0000));
  }

  /** Appends the difference of two 64-bit numbers, modulo 2^64, as a zigzag varint. */
  difference64(lo: number, hi: number, previousLo: number, previousHi: number): void {
    const l = lo >>> 0, p = previousLo >>> 0;
    const near = l - p;
    if (hi === previousHi && near < 0x4000_0000 && near > -0x4000_0000) {
      this.varint((near << 1) ^ (near >> 31));
      return;
    }
    const dLo = (l - p) | 0;
    const dHi = (hi - previousHi - (l < p ? 1 : 0)) | 0;
    const sign = dHi >> 31;
    this.varint64((dLo << 1) ^ sign, ((dHi << 1) | (dLo >>> 31)) ^ sign);
  }

  /** Appends `count` bytes of `source`, from its start. */
  put(source: Uint8Array, count: number): void {
    this.ensure(count);
    if (count > 48) {
      this.bytes.set(source.subarray(0, count), this.length);
    } else {
      const b = this.bytes, at = this.length;
      for (let i = 0; i < count; i++) b[at + i] = source[i];
    }
    this.length += count;
  }
}
