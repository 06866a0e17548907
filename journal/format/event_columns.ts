/** The columns of an Events frame, in the order they are stored. FORMAT.md says what each holds. */
export const Column = {
  Site: 0,
  Flags: 1,
  Mask: 2,
  Hart: 3,
  Time: 4,
  SiteKind: 5,
  SiteAccess: 6,
  SiteRegisters: 7,
  SiteCause: 8,
  SitePc: 9,
  Value: 10,
  PayloadLength: 11,
  Payload: 12,
  GlanceLength: 13,
  Glance: 14,
  /** First of REGISTER_LIMIT columns, one per argument. */
  Register: 15,
} as const;

/** Number of columns. */
export const COLUMN_COUNT = 23;

/** Bits of an event's flags: each says that something is not as its site's last event had it. */
export const Flag = {
  Value: 1,
  PayloadLength: 2,
  GlanceLength: 4,
  /** The hart's clock did not advance as at the site's last event. */
  Time: 8,
  /** Another hart than the event before. */
  Hart: 16,
  /** The advance is not a multiple of the time unit and is stored in ns. */
  OddTime: 32,
  /** Some register differs; the mask says which. */
  Registers: 64,
} as const;
