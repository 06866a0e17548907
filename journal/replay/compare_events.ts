import type { RecordedEvent } from "../../core/event.ts";

/**
 * Compares two events in every field that is recorded.
 *
 * @returns the name of the first field that differs, "" when none does
 */
export function compareEvents(a: RecordedEvent, b: RecordedEvent): string {
  if (a.order !== b.order) return "order";
  if (a.kind !== b.kind) return "kind";
  if (a.hart !== b.hart) return "hart";
  if (a.sequence !== b.sequence) return "sequence";
  if (a.cause !== b.cause) return "cause";
  if (a.pcLo !== b.pcLo || a.pcHi !== b.pcHi) return "pc";
  if (a.time !== b.time) return "time";
  if (a.valueLo !== b.valueLo || a.valueHi !== b.valueHi) return "value";
  if (a.access !== b.access) return "access";
  if (a.registerCount !== b.registerCount) return "register count";
  for (let i = 0; i < 2 * a.registerCount; i++) {
    if (a.registers[i] !== b.registers[i]) return REGISTER_NAMES[i >> 1];
  }
  if (a.payloadLength !== b.payloadLength) return "payload length";
  for (let i = 0; i < a.payloadLength; i++) if (a.payload[i] !== b.payload[i]) return "payload";
  if (a.glanceLength !== b.glanceLength) return "glance length";
  for (let i = 0; i < a.glanceLength; i++) if (a.glance[i] !== b.glance[i]) return "glance";
  return "";
}

const REGISTER_NAMES: readonly string[] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => `argument ${i}`);
