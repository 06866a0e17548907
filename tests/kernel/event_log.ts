import type { Event } from "../../core/event.ts";

/** Bytes of an event's head in the log. */
const HEAD = 56;

/** The events of a run, packed one after the other: all that the reducer may see of them. */
export class EventLog {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  /** Events in the log. */
  count = 0;

  /** Appends a copy of an event. */
  append(e: Event): void {
    const size = HEAD + 8 * e.registerCount + e.payloadLength;
    this.#reserve(size);
    const v = this.#view;
    const at = this.#length;
    v.setUint8(at, e.kind);
    v.setUint8(at + 1, e.registerCount);
    v.setUint16(at + 2, e.hart, true);
    v.setUint32(at + 4, e.payloadLength, true);
    v.setUint32(at + 8, e.cause, true);
    v.setUint32(at + 12, e.access, true);
    v.setFloat64(at + 16, e.sequence, true);
    v.setFloat64(at + 24, e.order, true);
    v.setFloat64(at + 32, e.time, true);
    v.setUint32(at + 40, e.pcLo, true);
    v.setUint32(at + 44, e.pcHi, true);
    v.setUint32(at + 48, e.valueLo, true);
    v.setUint32(at + 52, e.valueHi, true);
    for (let i = 0; i < 2 * e.registerCount; i++) {
      v.setUint32(at + HEAD + 4 * i, e.registers[i], true);
    }
    this.#bytes.set(
      e.payload.subarray(0, e.payloadLength),
      at + HEAD + 8 * e.registerCount,
    );
    this.#length += size;
    this.count++;
  }

  /** A copy of the packed events. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + size));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Reads the events of a log in order. */
export class EventLogReader {
  readonly #view: DataView;
  #at = 0;

  /** @param bytes packed events, by EventLog.bytes */
  constructor(private readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Where the next event begins in the log; may be set to where another does. */
  get position(): number {
    return this.#at;
  }
  set position(at: number) {
    this.#at = at;
  }

  /** Reads the next event into `e`; false at the end. */
  next(e: Event): boolean {
    if (this.#at >= this.bytes.length) return false;
    const v = this.#view;
    const at = this.#at;
    e.kind = v.getUint8(at);
    e.registerCount = v.getUint8(at + 1);
    e.hart = v.getUint16(at + 2, true);
    e.payloadLength = v.getUint32(at + 4, true);
    e.cause = v.getUint32(at + 8, true);
    e.access = v.getUint32(at + 12, true);
    e.sequence = v.getFloat64(at + 16, true);
    e.order = v.getFloat64(at + 24, true);
    e.time = v.getFloat64(at + 32, true);
    e.pcLo = v.getUint32(at + 40, true);
    e.pcHi = v.getUint32(at + 44, true);
    e.valueLo = v.getUint32(at + 48, true);
    e.valueHi = v.getUint32(at + 52, true);
    for (let i = 0; i < 2 * e.registerCount; i++) {
      e.registers[i] = v.getUint32(at + HEAD + 4 * i, true);
    }
    const payload = at + HEAD + 8 * e.registerCount;
    e.payload.set(this.bytes.subarray(payload, payload + e.payloadLength));
    this.#at = payload + e.payloadLength;
    return true;
  }
}
