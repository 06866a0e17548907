/** Forged journals: altered at will, with every length, CRC and link of the hash chain made good. */
import { RecordedEvent } from "../../core/event.ts";
import { ByteColumn } from "../../journal/format/byte_column.ts";
import { EventsDecoder } from "../../journal/format/events_decoder.ts";
import { EventsEncoder } from "../../journal/format/events_encoder.ts";
import { FrameKind, PREAMBLE_BYTES } from "../../journal/format/format.ts";
import { MemorySource } from "../../journal/read/byte_source.ts";
import { FrameReader, FrameStatus } from "../../journal/read/frame_reader.ts";
import { MemorySink } from "../../journal/write/byte_sink.ts";
import { FrameWriter } from "../../journal/write/frame_writer.ts";

/** What is altered. */
export interface Forgery {
  /** Alters an event in place. */
  readonly event?: (e: RecordedEvent) => void;
  /**
   * Replaces the raw body of a frame, after its events were altered.
   *
   * @param n number of the frame in the file
   * @returns the new body; undefined leaves the frame out
   */
  readonly body?: (kind: number, body: Uint8Array, n: number) => Uint8Array | undefined;
  /** Gives a frame another kind. */
  readonly kind?: (kind: number) => number;
  /** Keeps this many events and leaves the other Events frames out; all by default. */
  readonly keep?: number;
}

const TIME_UNIT = 10;

/**
 * Makes a journal that is in order in itself out of another one. The seek index is left out: a
 * reader does without.
 */
export function forge(bytes: Uint8Array, forgery: Forgery): Uint8Array {
  const source = new MemorySource(bytes);
  const reader = new FrameReader(source);
  const sink = new MemorySink();
  const writer = new FrameWriter(sink);
  const coder = new Recoder();
  writer.preamble();
  let written = 0;
  for (let at = PREAMBLE_BYTES, n = 0; reader.read(at) === FrameStatus.Ok; n++) {
    at += reader.frameBytes;
    const { kind } = reader;
    if (kind === FrameKind.Index) continue;
    let body: Uint8Array | undefined = reader.raw.slice(0, reader.rawLength);
    let count = reader.count;
    if (kind === FrameKind.Events) {
      count = Math.min(count, (forgery.keep ?? Infinity) - written);
      if (count <= 0) continue;
      body = coder.recode(body, reader.count, count, reader.firstOrder, forgery.event);
    }
    if (forgery.body !== undefined) body = forgery.body(kind, body, n);
    if (body === undefined) continue;
    writer.body.clear();
    writer.body.put(body, body.length);
    writer.write(forgery.kind?.(kind) ?? kind, count, written, true);
    written += count;
  }
  return sink.bytes();
}

/** Decodes, alters and encodes the events of one frame after the other. */
class Recoder {
  private readonly decoder = new EventsDecoder();
  private readonly encoder = new EventsEncoder(TIME_UNIT);
  private readonly out = new ByteColumn();

  recode(
    body: Uint8Array,
    held: number,
    count: number,
    firstOrder: number,
    alter: ((e: RecordedEvent) => void) | undefined,
  ): Uint8Array {
    const e = new RecordedEvent();
    this.decoder.begin(body, body.length, held, firstOrder);
    this.encoder.begin();
    for (let n = 0; n < count; n++) {
      this.decoder.next(e);
      alter?.(e);
      this.encoder.add(e);
    }
    this.encoder.finish(this.out);
    return this.out.bytes.slice(0, this.out.length);
  }
}
