import assert from "node:assert/strict";
import { EventKind, type RecordedEvent, REGISTER_LIMIT } from "../core/event.ts";
import { RecordedEvent as RecordedEventClass } from "../core/event.ts";
import type { ByteSink } from "./write/byte_sink.ts";
import { MemorySource } from "./read/byte_source.ts";
import { compareEvents } from "./replay/compare_events.ts";
import type { JournalHeader } from "./format/header.ts";
import type { EventSink } from "./machine_port.ts";
import { JournalReader } from "./read/reader.ts";

/** A small seeded generator (xorshift32). */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0 || 1;
  }

  /** A u32. */
  u32(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return x >>> 0;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return this.u32() % limit;
  }
}

export const HEADER: JournalHeader = {
  program: "daybook test",
  identity: "0123abcd",
  timeUnit: 10,
  parent: "",
  configuration: { harts: 4, argv: ["prog", "an ärgument"], seed: "18446744073709551615" },
};

/** Makes seeded events of a boot, one after the other, into one object. */
export class EventSource {
  readonly event: RecordedEvent = new RecordedEventClass();
  private readonly random: Random;
  private readonly sequences: number[];
  private readonly clocks: number[];
  private order = 0;

  /** @param wild every field takes any value it may have, instead of what a program would do */
  constructor(seed: number, private readonly harts: number, private readonly wild: boolean) {
    this.random = new Random(seed);
    this.sequences = new Array<number>(harts).fill(0);
    this.clocks = new Array<number>(harts).fill(1000);
  }

  /** Makes the next event. */
  next(): RecordedEvent {
    const e = this.event, r = this.random;
    if (r.below(this.wild ? 3 : 40) === 0) e.hart = r.below(this.harts);
    e.order = this.order++;
    e.sequence = this.sequences[e.hart]++;
    if (this.wild) this.fillWild(e, r);
    else this.fillTame(e, r);
    e.time = this.clocks[e.hart];
    return e;
  }

  private fillWild(e: RecordedEvent, r: Random): void {
    const jump = r.below(50);
    this.clocks[e.hart] += jump === 0 ? 2 ** 45 : jump === 1 ? -1 : r.below(1 << (jump % 31));
    e.kind = 1 + r.below(12);
    e.access = r.below(256);
    e.pcLo = r.u32();
    e.pcHi = r.below(2) * r.u32();
    e.cause = r.u32();
    e.valueLo = r.u32();
    e.valueHi = r.below(2) * r.u32();
    e.registerCount = r.below(REGISTER_LIMIT + 1);
    for (let i = 0; i < 16; i++) e.registers[i] = i < 2 * e.registerCount ? r.u32() : 0;
    e.payloadLength = r.below(100) === 0 ? r.below(65537) : r.below(4) * r.below(20);
    for (let i = 0; i < e.payloadLength; i++) e.payload[i] = r.u32();
    e.glanceLength = r.below(33);
    for (let i = 0; i < e.glanceLength; i++) e.glance[i] = r.u32();
  }

  /** Something like a shell script: system calls from a few places, faults, timers. */
  private fillTame(e: RecordedEvent, r: Random): void {
    this.clocks[e.hart] += 10 * (20 + r.below(16) * r.below(100));
    e.payloadLength = 0;
    e.glanceLength = 0;
    e.access = 0;
    e.valueLo = e.valueHi = 0;
    e.registers.fill(0);
    const what = r.below(100);
    if (what < 5) this.fault(e, r);
    else if (what < 7) this.timer(e, r);
    else this.call(e, r, r.below(60));
  }

  private fault(e: RecordedEvent, r: Random): void {
    e.kind = EventKind.PageFault;
    e.cause = 13 + 2 * r.below(2);
    e.pcHi = 0;
    e.pcLo = 0x10000 + 2 * r.below(0x8000);
    e.valueLo = (0x4000_0000 + 8 * r.below(0x40000)) >>> 0;
    e.valueHi = 0x3f;
    e.registerCount = 0;
  }

  private timer(e: RecordedEvent, r: Random): void {
    e.kind = EventKind.Timer;
    e.cause = 5;
    e.pcHi = 0;
    e.pcLo = 0x10000 + 2 * r.below(0x8000);
    e.registerCount = 0;
  }

  private call(e: RecordedEvent, r: Random, site: number): void {
    e.kind = EventKind.Syscall;
    e.cause = 17 + (site * 7) % 250;
    e.pcHi = 0;
    e.pcLo = 0x20000 + 0x124 * site;
    e.registerCount = site % 5;
    for (let i = 0; i < e.registerCount; i++) {
      if (i === 0) e.registers[0] = r.below(4);
      else if (r.below(3) === 0) e.registers[2 * i] = 0x7000 + 16 * r.below(64);
      else e.registers[2 * i] = 64 * i;
      e.registers[2 * i + 1] = i === 1 ? 0x3f : 0;
    }
    if (site < 4) this.text(e.payload, e.payloadLength = 16 + r.below(4), r);
    else if (site === 5) this.text(e.glance, e.glanceLength = 10 + r.below(22), r);
  }

  private text(into: Uint8Array, length: number, r: Random): void {
    for (let i = 0; i < length; i++) into[i] = "/usr/bin/etc/lib".charCodeAt(i & 15);
    into[length - 1] = 48 + r.below(10);
  }
}

/** Feeds a seeded boot into a sink: events, blobs before some, state hashes after some. */
export function feed(
  sink: EventSink,
  seed: number,
  events: number,
  harts = 4,
  wild = true,
  close = true,
): void {
  const source = new EventSource(seed, harts, wild);
  const r = new Random(seed + 1);
  const bytes = new Uint8Array(65536);
  for (let n = 0; n < events; n++) {
    if (r.below(97) === 0) {
      const length = r.below(8) === 0 ? 65536 : r.below(2000);
      const value = r.below(7);
      for (let i = 0; i < length; i++) bytes[i] = value + (i >> 5);
      sink.blob(digestOf(value, length), bytes, length);
    }
    sink.append(source.next());
    if (r.below(61) === 0) sink.kHash(n, Uint32Array.of(n, 1, 2, r.u32()));
    if (r.below(83) === 0) sink.mHash(n, 2 * n, Uint32Array.of(n, 3, 4, r.u32()));
  }
  if (close) sink.end();
}

/** A stand-in for SHA-256 that tells the blobs of `feed` apart. */
export function digestOf(value: number, length: number): Uint8Array {
  const digest = new Uint8Array(32).fill(value);
  digest[0] = length;
  digest[1] = length >>> 8;
  digest[2] = length >>> 16;
  return digest;
}

/** Reads a journal of `feed` and holds that every event given is the one that was fed. */
export function readAgainst(
  bytes: Uint8Array,
  seed: number,
  harts = 4,
  wild = true,
): JournalReader {
  const reader = new JournalReader(new MemorySource(bytes));
  const source = new EventSource(seed, harts, wild);
  const e = new RecordedEventClass();
  while (reader.next(e)) {
    const field = compareEvents(source.next(), e);
    assert.equal(field, "", `event ${e.order} differs in ${field}`);
  }
  return reader;
}

/** Takes a number of bytes, then fails as a full disk does. */
export class SmallDisk implements ByteSink {
  readonly name = "/small/disk";
  constructor(private left: number) {}

  write(bytes: Uint8Array): void {
    this.left -= bytes.length;
    if (this.left < 0) throw new Error("No space left on device (os error 28)");
  }

  close(): void {}
}
