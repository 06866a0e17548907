import { FRAME_EVENTS } from "./format.ts";
import { type Event, REGISTER_LIMIT } from "../../core/event.ts";

const SLOTS = 4 * FRAME_EVENTS;

/**
 * The sites of one Events frame. A site is where events come from: kind, access, register count,
 * cause and pc. Programs trap at few places, so a site number says all five, and what the site's
 * last event carried foretells the next one's arguments. Arrays are indexed by site number.
 */
export class SiteTable {
  count = 0;
  readonly kind = new Uint8Array(FRAME_EVENTS);
  readonly access = new Uint8Array(FRAME_EVENTS);
  readonly registerCount = new Uint8Array(FRAME_EVENTS);
  readonly cause = new Uint32Array(FRAME_EVENTS);
  readonly pcLo = new Uint32Array(FRAME_EVENTS);
  readonly pcHi = new Uint32Array(FRAME_EVENTS);
  readonly valueLo = new Uint32Array(FRAME_EVENTS);
  readonly valueHi = new Uint32Array(FRAME_EVENTS);
  readonly payloadLength = new Uint32Array(FRAME_EVENTS);
  readonly glanceLength = new Uint8Array(FRAME_EVENTS);
  /** How far the hart's clock advanced up to the site's last event, ns. */
  readonly advance = new Float64Array(FRAME_EVENTS);
  readonly registers = new Uint32Array(FRAME_EVENTS * 2 * REGISTER_LIMIT);
  private readonly slots = new Int32Array(SLOTS);

  /** Forgets all sites. */
  clear(): void {
    this.count = 0;
    this.slots.fill(0);
  }

  /** Finds the event's site, or -1. */
  find(e: Event): number {
    const slots = this.slots;
    let at = hash(e) & (SLOTS - 1);
    for (;;) {
      const site = slots[at] - 1;
      if (site < 0) return -1;
      if (
        this.pcLo[site] === e.pcLo && this.kind[site] === e.kind && this.cause[site] === e.cause &&
        this.pcHi[site] === e.pcHi && this.registerCount[site] === e.registerCount &&
        this.access[site] === e.access
      ) return site;
      at = (at + 1) & (SLOTS - 1);
    }
  }

  /** Adds the event's site, which must be new, and makes it findable. */
  add(e: Event): number {
    const site = this.append(e.kind, e.access, e.registerCount, e.cause, e.pcLo, e.pcHi);
    const slots = this.slots;
    let at = hash(e) & (SLOTS - 1);
    while (slots[at] !== 0) at = (at + 1) & (SLOTS - 1);
    slots[at] = site + 1;
    return site;
  }

  /**
   * Adds a site by number only. Its value is foretold from the newest site before it; all else is
   * zero.
   */
  append(
    kind: number,
    access: number,
    registerCount: number,
    cause: number,
    pcLo: number,
    pcHi: number,
  ): number {
    const site = this.count++;
    this.kind[site] = kind;
    this.access[site] = access;
    this.registerCount[site] = registerCount;
    this.cause[site] = cause;
    this.pcLo[site] = pcLo;
    this.pcHi[site] = pcHi;
    this.valueLo[site] = site > 0 ? this.valueLo[site - 1] : 0;
    this.valueHi[site] = site > 0 ? this.valueHi[site - 1] : 0;
    this.payloadLength[site] = 0;
    this.glanceLength[site] = 0;
    this.advance[site] = 0;
    const r = this.registers;
    const from = site * 2 * REGISTER_LIMIT;
    for (let i = 0; i < 2 * REGISTER_LIMIT; i++) r[from + i] = 0;
    return site;
  }
}

function hash(e: Event): number {
  let x = Math.imul(e.pcLo ^ (e.cause << 7) ^ (e.kind << 24), 0x9e3779b1);
  x ^= e.pcHi ^ (e.registerCount << 5) ^ e.access;
  return x ^ (x >>> 15);
}
