import type { RecordedEvent } from "../../core/event.ts";
import { PAYLOAD_LIMIT, REGISTER_LIMIT } from "../../core/event.ts";
import { ByteCursor, DamageError } from "./byte_cursor.ts";
import { Column, COLUMN_COUNT, Flag } from "./event_columns.ts";
import { FRAME_EVENTS, HART_LIMIT } from "./format.ts";
import { HartCursors } from "./hart_cursors.ts";
import { SiteTable } from "./site_table.ts";

const TWO32 = 0x1_0000_0000;

/** Decodes the body of an Events frame, event by event. Allocates nothing per event. */
export class EventsDecoder {
  /** Events not yet decoded. */
  left = 0;
  private order = 0;
  private hart = 0;
  private timeUnit = 1;
  private readonly head = new ByteCursor();
  private readonly columns: ByteCursor[] = [];
  private readonly sites = new SiteTable();
  private readonly harts = new HartCursors();

  constructor() {
    for (let i = 0; i < COLUMN_COUNT; i++) this.columns.push(new ByteCursor());
  }

  /**
   * Opens a body.
   *
   * @param count events its head promises
   * @param firstOrder order of its first event
   * @throws {DamageError} when the body is not what a writer writes
   */
  begin(raw: Uint8Array, length: number, count: number, firstOrder: number): void {
    const head = this.head;
    head.open(raw, 0, length);
    if (head.varint() !== count) throw new DamageError("head and body disagree on the event count");
    if (count < 1 || count > FRAME_EVENTS) throw new DamageError("an impossible event count");
    this.timeUnit = head.varint();
    this.sites.clear();
    this.beginHarts();
    if (head.varint() !== COLUMN_COUNT) throw new DamageError("an impossible column count");
    let lengths = 0;
    for (const column of this.columns) {
      const bytes = head.varint();
      column.open(raw, lengths, lengths + bytes);
      lengths += bytes;
    }
    if (head.at + lengths !== length) throw new DamageError("the columns do not fill the body");
    for (const column of this.columns) column.open(raw, head.at + column.at, head.at + column.end);
    this.left = count;
    this.hart = -1;
    this.order = firstOrder;
  }

  private beginHarts(): void {
    const head = this.head, harts = this.harts;
    harts.beginFrame();
    const count = head.varint();
    if (count < 1 || count > HART_LIMIT) throw new DamageError("an impossible hart count");
    for (let i = 0; i < count; i++) {
      const hart = head.varint();
      if (hart >= HART_LIMIT || harts.local[hart] !== 0) {
        throw new DamageError("an impossible hart");
      }
      harts.enter(hart);
      harts.sequence[hart] = head.whole();
      harts.time[hart] = head.whole();
    }
  }

  /**
   * Decodes the next event; `left` must not be 0.
   *
   * @throws {DamageError} when the body is not what a writer writes
   */
  next(e: RecordedEvent): void {
    const columns = this.columns, sites = this.sites, harts = this.harts;
    const flags = columns[Column.Flags].byte();
    if ((flags & Flag.Hart) !== 0) {
      const local = columns[Column.Hart].varint();
      if (local >= harts.count) throw new DamageError("an impossible hart");
      this.hart = harts.harts[local];
    } else if (this.hart < 0) throw new DamageError("an event without a hart");
    let site = columns[Column.Site].varint();
    if (site >= sites.count) {
      if (site > sites.count) throw new DamageError("an impossible site");
      site = this.newSite();
    }
    const hart = this.hart;
    e.order = this.order++;
    e.hart = hart;
    e.sequence = harts.sequence[hart]++;
    e.kind = sites.kind[site];
    e.access = sites.access[site];
    e.cause = sites.cause[site];
    e.pcLo = sites.pcLo[site];
    e.pcHi = sites.pcHi[site];

    if ((flags & Flag.Time) !== 0) this.surprise(site, flags);
    const time = harts.time[hart] + sites.advance[site];
    harts.time[hart] = time;
    e.time = time;

    if ((flags & Flag.Value) !== 0) {
      const value = columns[Column.Value];
      value.sum64(sites.valueLo[site], sites.valueHi[site]);
      sites.valueLo[site] = value.lo;
      sites.valueHi[site] = value.hi;
    }
    e.valueLo = sites.valueLo[site];
    e.valueHi = sites.valueHi[site];
    this.registers(e, site, (flags & Flag.Registers) !== 0 ? columns[Column.Mask].byte() : 0);
    this.bytes(e, site, flags);
    if (--this.left === 0) this.holdEnd();
  }

  private holdEnd(): void {
    for (const column of this.columns) {
      if (!column.atEnd()) throw new DamageError("a column has more than its events");
    }
  }

  private newSite(): number {
    const columns = this.columns, sites = this.sites;
    const last = sites.count - 1;
    const kind = columns[Column.SiteKind].byte();
    const access = columns[Column.SiteAccess].byte();
    const registerCount = columns[Column.SiteRegisters].byte();
    if (registerCount > REGISTER_LIMIT) throw new DamageError("an impossible register count");
    const cause = columns[Column.SiteCause].varint();
    const pc = columns[Column.SitePc];
    pc.sum64(last < 0 ? 0 : sites.pcLo[last], last < 0 ? 0 : sites.pcHi[last]);
    return sites.append(kind, access, registerCount, cause, pc.lo, pc.hi);
  }

  private surprise(site: number, flags: number): void {
    const time = this.columns[Column.Time];
    time.sum64(0, 0);
    const n = (time.hi | 0) * TWO32 + time.lo;
    this.sites.advance[site] += (flags & Flag.OddTime) !== 0 ? n : n * this.timeUnit;
  }

  private registers(e: RecordedEvent, site: number, mask: number): void {
    const known = this.sites.registers, now = e.registers;
    const from = site * 2 * REGISTER_LIMIT;
    const count = this.sites.registerCount[site];
    e.registerCount = count;
    for (let i = 0; i < count; i++) {
      const k = from + 2 * i;
      if ((mask >>> i & 1) !== 0) {
        const column = this.columns[Column.Register + i];
        column.sum64(known[k], known[k + 1]);
        known[k] = column.lo;
        known[k + 1] = column.hi;
      }
      now[2 * i] = known[k];
      now[2 * i + 1] = known[k + 1];
    }
    // What the event does not carry must not be left over from an earlier event.
    for (let i = 2 * count; i < 2 * REGISTER_LIMIT; i++) now[i] = 0;
  }

  private bytes(e: RecordedEvent, site: number, flags: number): void {
    const columns = this.columns, sites = this.sites;
    if ((flags & Flag.PayloadLength) !== 0) {
      const length = columns[Column.PayloadLength].varint();
      if (length > PAYLOAD_LIMIT) throw new DamageError("a payload is too long");
      sites.payloadLength[site] = length;
    }
    e.payloadLength = sites.payloadLength[site];
    if (e.payloadLength > 0) columns[Column.Payload].take(e.payload, e.payloadLength);
    if ((flags & Flag.GlanceLength) !== 0) {
      const length = columns[Column.GlanceLength].byte();
      if (length > e.glance.length) throw new DamageError("a glance is too long");
      sites.glanceLength[site] = length;
    }
    e.glanceLength = sites.glanceLength[site];
    if (e.glanceLength > 0) columns[Column.Glance].take(e.glance, e.glanceLength);
  }
}
