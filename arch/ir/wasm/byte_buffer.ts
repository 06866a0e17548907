/** A growable byte buffer with the primitive encodings of the WebAssembly binary format. */
export class ByteBuffer {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  #reserve(extra: number): void {
    const needed = this.#length + extra;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  /** One byte. */
  u8(value: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Unsigned LEB128 of an integer in 0 … 2^32-1. */
  u32(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
      throw new RangeError(`not a u32: ${value}`);
    }
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.u8(rest);
  }

  /** Signed LEB128 of the low 32 bits of `value`, read as two's complement. */
  s32(value: number): void {
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      const signAgrees = (low & 0x40) === 0 ? rest === 0 : rest === -1;
      if (signAgrees) return this.u8(low);
      this.u8(low | 0x80);
    }
  }

  /** Signed LEB128 of the low 64 bits of `value`, read as two's complement. */
  s64(value: bigint): void {
    let rest = BigInt.asIntN(64, value);
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      const signAgrees = (low & 0x40) === 0 ? rest === 0n : rest === -1n;
      if (signAgrees) return this.u8(low);
      this.u8(low | 0x80);
    }
  }

  /** IEEE 754 binary32, little endian. */
  f32(value: number): void {
    this.#reserve(4);
    this.#view.setFloat32(this.#length, value, true);
    this.#length += 4;
  }

  /** IEEE 754 binary64, little endian. */
  f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** Raw bytes, without a length. */
  bytes(source: Uint8Array): void {
    this.#reserve(source.length);
    this.#bytes.set(source, this.#length);
    this.#length += source.length;
  }

  /** A length-prefixed UTF-8 name. */
  name(text: string): void {
    const encoded = new TextEncoder().encode(text);
    this.u32(encoded.length);
    this.bytes(encoded);
  }

  /** A section: id, byte length, contents. */
  section(id: number, contents: ByteBuffer): void {
    this.u8(id);
    this.u32(contents.length);
    this.bytes(contents.toBytes());
  }

  /** The bytes written so far; a view that the next write may leave stale. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }
}
