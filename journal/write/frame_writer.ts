import { deflateSync } from "fflate";
import { ByteColumn } from "../format/byte_column.ts";
import { type ByteSink, JournalWriteError, writeFailure } from "./byte_sink.ts";
import { crc32 } from "../format/crc32.ts";
import {
  DEFLATE_LEVEL,
  DEFLATE_MEMORY,
  FORMAT_VERSION,
  FrameCodec,
  Head,
  HEAD_BYTES,
  MAGIC,
  PREAMBLE_BYTES,
  writeU32,
  writeWhole,
} from "../format/format.ts";
import { HashChain } from "../format/hash_chain.ts";

/**
 * Writes frames: head, CRCs, chain, compression. Throws JournalWriteError when the sink fails, and
 * from then on: nothing is written behind a place where bytes are missing.
 */
export class FrameWriter {
  /** The raw body of the next frame. Fill it, then call `write`. */
  readonly body: ByteColumn = new ByteColumn(1 << 16);
  readonly chain: HashChain = new HashChain();
  /** Bytes written so far. */
  offset = 0;
  private out = new Uint8Array(1 << 16);
  private failed: JournalWriteError | undefined;

  constructor(private readonly sink: ByteSink) {}

  /** Writes what stands before the first frame. */
  preamble(): void {
    const bytes = new Uint8Array(PREAMBLE_BYTES);
    bytes.set(MAGIC);
    writeU32(bytes, 8, FORMAT_VERSION);
    this.put(bytes);
  }

  /**
   * Writes the body as one frame.
   *
   * @param count events in it, 0 unless it is an Events frame
   * @param firstOrder events in all Events frames before it
   * @param compress whether to try; a body that does not shrink is stored
   */
  write(kind: number, count: number, firstOrder: number, compress: boolean): void {
    const raw = this.body;
    const length = raw.length;
    raw.ensure(3);
    raw.bytes.fill(0, length, length + 3);
    this.chain.add(kind, count, firstOrder, new Int32Array(raw.bytes.buffer), length);
    const plain = raw.bytes.subarray(0, length);
    const packed = compress
      ? deflateSync(plain, { level: DEFLATE_LEVEL, mem: DEFLATE_MEMORY })
      : plain;
    const shrunk = packed.length < length;
    const stored = shrunk ? packed : plain;

    const total = HEAD_BYTES + stored.length;
    if (this.out.length < total) this.out = new Uint8Array(2 * total);
    const out = this.out;
    out.fill(0, 0, HEAD_BYTES);
    out[Head.Kind] = kind;
    out[Head.Codec] = shrunk ? FrameCodec.Fflate : FrameCodec.Stored;
    writeU32(out, Head.StoredLength, stored.length);
    writeU32(out, Head.RawLength, length);
    writeU32(out, Head.EventCount, count);
    writeWhole(out, Head.FirstOrder, firstOrder);
    writeU32(out, Head.BodyCrc, crc32(stored, 0, stored.length));
    for (let i = 0; i < 4; i++) writeU32(out, Head.Chain + 4 * i, this.chain.value[i]);
    writeU32(out, Head.HeadCrc, crc32(out, 0, Head.HeadCrc));
    out.set(stored, HEAD_BYTES);
    this.put(out.subarray(0, total));
  }

  /** No frame follows. @throws {JournalWriteError} */
  close(): void {
    try {
      this.sink.close();
    } catch (error) {
      throw this.failure(error);
    }
    if (this.failed !== undefined) throw this.failed;
  }

  private put(bytes: Uint8Array): void {
    // A frame behind a torn one would be read by nobody.
    if (this.failed !== undefined) throw this.failed;
    try {
      this.sink.write(bytes);
    } catch (error) {
      throw this.failure(error);
    }
    this.offset += bytes.length;
  }

  private failure(error: unknown): JournalWriteError {
    return this.failed = new JournalWriteError(writeFailure(this.sink.name, error), {
      cause: error,
    });
  }
}
