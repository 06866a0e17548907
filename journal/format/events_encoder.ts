import type { RecordedEvent } from "../../core/event.ts";
import { REGISTER_LIMIT } from "../../core/event.ts";
import { ByteColumn } from "./byte_column.ts";
import { Column, COLUMN_COUNT, Flag } from "./event_columns.ts";
import { HartCursors } from "./hart_cursors.ts";
import { SiteTable } from "./site_table.ts";

const TWO32 = 0x1_0000_0000;
/** Below it a number still has room for its sign. */
const LARGE = 0x4000_0000;

/** Encodes events into the body of an Events frame. Allocates nothing per event. */
export class EventsEncoder {
  /** Events in the frame so far. */
  count = 0;
  private readonly columns: ByteColumn[] = [];
  private readonly table = new ByteColumn(512);
  private readonly sites = new SiteTable();
  private readonly harts = new HartCursors();
  private hart = -1;

  /** @param timeUnit ns that clock advances are mostly multiples of, at least 1 */
  constructor(private readonly timeUnit: number) {
    for (let i = 0; i < COLUMN_COUNT; i++) this.columns.push(new ByteColumn());
  }

  /** Starts the next frame. Per-hart sequences go on. */
  begin(): void {
    this.count = 0;
    this.hart = -1;
    for (const column of this.columns) column.clear();
    this.table.clear();
    this.sites.clear();
    this.harts.beginFrame();
  }

  /**
   * Adds an event.
   *
   * @throws {Error} when its sequence is not its hart's next: a defect of whoever made it
   */
  add(e: RecordedEvent): void {
    const columns = this.columns;
    let flags = 0;
    if (e.hart !== this.hart) {
      flags = Flag.Hart;
      this.switchHart(e);
    }
    const harts = this.harts;
    if (harts.sequence[e.hart] !== e.sequence) throw new Error(sequenceDefect(e, harts));
    harts.sequence[e.hart] = e.sequence + 1;

    const sites = this.sites;
    let site = sites.find(e);
    columns[Column.Site].varint(site < 0 ? sites.count : site);
    if (site < 0) site = this.newSite(e);

    flags |= this.time(e, site);
    if (e.valueLo !== sites.valueLo[site] || e.valueHi !== sites.valueHi[site]) {
      flags |= Flag.Value;
      columns[Column.Value]
        .difference64(e.valueLo, e.valueHi, sites.valueLo[site], sites.valueHi[site]);
      sites.valueLo[site] = e.valueLo;
      sites.valueHi[site] = e.valueHi;
    }
    if (e.registerCount > 0) flags |= this.registers(e, site);
    flags |= this.bytes(e, site);
    columns[Column.Flags].byte(flags);
    this.count++;
  }

  /** Writes the frame's body; `out` is cleared first. */
  finish(out: ByteColumn): void {
    out.clear();
    out.varint(this.count);
    out.varint(this.timeUnit);
    out.varint(this.harts.count);
    out.put(this.table.bytes, this.table.length);
    out.varint(COLUMN_COUNT);
    for (const column of this.columns) out.varint(column.length);
    for (const column of this.columns) out.put(column.bytes, column.length);
  }

  private switchHart(e: RecordedEvent): void {
    this.hart = e.hart;
    const harts = this.harts;
    let local = harts.local[e.hart] - 1;
    if (local < 0) {
      local = harts.enter(e.hart);
      harts.time[e.hart] = e.time;
      this.table.varint(e.hart);
      this.table.whole(e.sequence);
      this.table.whole(e.time);
    }
    this.columns[Column.Hart].varint(local);
  }

  private newSite(e: RecordedEvent): number {
    const columns = this.columns, sites = this.sites;
    const last = sites.count - 1;
    columns[Column.SiteKind].byte(e.kind);
    columns[Column.SiteAccess].byte(e.access);
    columns[Column.SiteRegisters].byte(e.registerCount);
    columns[Column.SiteCause].varint(e.cause);
    columns[Column.SitePc].difference64(
      e.pcLo,
      e.pcHi,
      last < 0 ? 0 : sites.pcLo[last],
      last < 0 ? 0 : sites.pcHi[last],
    );
    return sites.add(e);
  }

  private time(e: RecordedEvent, site: number): number {
    const harts = this.harts;
    const advance = e.time - harts.time[e.hart];
    const expected = this.sites.advance[site];
    if (advance === expected) {
      harts.time[e.hart] = e.time;
      return 0;
    }
    this.sites.advance[site] = advance;
    harts.time[e.hart] = e.time;
    const surprise = advance - expected;
    const unit = this.timeUnit;
    // Small integers divide several times faster than doubles, and nearly all surprises are small.
    const small = surprise | 0;
    if (small === surprise && small < LARGE && small > -LARGE) {
      const units = (small / unit) | 0;
      const even = units * unit === small;
      const n = even ? units : small;
      this.columns[Column.Time].varint((n << 1) ^ (n >> 31));
      return even ? Flag.Time : Flag.Time | Flag.OddTime;
    }
    const even = surprise % unit === 0;
    const n = even ? surprise / unit : surprise;
    this.columns[Column.Time].difference64(n >>> 0, Math.floor(n / TWO32) | 0, 0, 0);
    return even ? Flag.Time : Flag.Time | Flag.OddTime;
  }

  private registers(e: RecordedEvent, site: number): number {
    const known = this.sites.registers, now = e.registers;
    const from = site * 2 * REGISTER_LIMIT;
    let mask = 0;
    for (let i = 0; i < e.registerCount; i++) {
      const k = from + 2 * i;
      const lo = now[2 * i], hi = now[2 * i + 1];
      if (lo === known[k] && hi === known[k + 1]) continue;
      mask |= 1 << i;
      this.columns[Column.Register + i].difference64(lo, hi, known[k], known[k + 1]);
      known[k] = lo;
      known[k + 1] = hi;
    }
    if (mask === 0) return 0;
    this.columns[Column.Mask].byte(mask);
    return Flag.Registers;
  }

  private bytes(e: RecordedEvent, site: number): number {
    const columns = this.columns, sites = this.sites;
    let flags = 0;
    if (e.payloadLength !== sites.payloadLength[site]) {
      flags |= Flag.PayloadLength;
      columns[Column.PayloadLength].varint(e.payloadLength);
      sites.payloadLength[site] = e.payloadLength;
    }
    if (e.payloadLength > 0) columns[Column.Payload].put(e.payload, e.payloadLength);
    if (e.glanceLength !== sites.glanceLength[site]) {
      flags |= Flag.GlanceLength;
      columns[Column.GlanceLength].byte(e.glanceLength);
      sites.glanceLength[site] = e.glanceLength;
    }
    if (e.glanceLength > 0) columns[Column.Glance].put(e.glance, e.glanceLength);
    return flags;
  }
}

function sequenceDefect(e: RecordedEvent, harts: HartCursors): string {
  return `event ${e.order} has sequence ${e.sequence} on hart ${e.hart}, ` +
    `whose next is ${harts.sequence[e.hart]}`;
}
