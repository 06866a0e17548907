import { FileSource } from "../../drivers/host/file_source.ts";
import { RecordedEvent } from "../../core/event.ts";
import { rowOf } from "../../core/syscall/rows.ts";
import { formatEvent } from "../format_event.ts";
import { JournalReader, readIndex } from "../read/reader.ts";
import type { Fault } from "./fault_watch.ts";
import { causeName, signalName } from "./names.ts";

/** Events before the fault that a report shows. */
const EVENTS_SHOWN = 20;
const REGISTER_NAMES: readonly string[] = [
  "zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11",
  "t3 t4 t5 t6 pc",
].join(" ").split(" ");
const COLUMNS = 4;

/**
 * Tells of the fault that killed a program: event, pc, cause, registers, mappings and the last
 * events.
 *
 * @param journal its journal, complete on disk, or undefined when none was kept
 */
export function faultReport(fault: Fault, journal: string | undefined): string {
  const lines = [
    `died of ${signalName(fault.signal)} at event ${fault.order}: ${causeName(fault.cause)}` +
    ` at pc 0x${short(fault.pc)}, value 0x${short(fault.value)}, hart ${fault.hart}`,
    "registers:",
  ];
  for (let at = 0; at < REGISTER_NAMES.length; at += COLUMNS) {
    const cells: string[] = [];
    for (let i = at; i < Math.min(at + COLUMNS, REGISTER_NAMES.length); i++) {
      cells.push(`${REGISTER_NAMES[i].padStart(4)} ${fault.registers[i]}`);
    }
    lines.push(` ${cells.join(" ")}`);
  }
  lines.push("mappings:", ...fault.mappings.map((m) => `  ${m}`));
  if (journal === undefined) lines.push("(no journal was kept, so no events can be shown)");
  else {
    lines.push(`last events, from ${journal}:`, ...lastEvents(journal, fault.order));
  }
  return `${lines.join("\n")}\n`;
}

function short(hex: string): string {
  return hex.replace(/^0+(?=.)/, "");
}

function lastEvents(journal: string, order: number): string[] {
  const source = FileSource.open(journal);
  try {
    const reader = new JournalReader(source);
    const e = new RecordedEvent();
    const from = Math.max(0, order - EVENTS_SHOWN + 1);
    const index = readIndex(source);
    if (index !== undefined) reader.seek(from, index, e);
    const lines: string[] = [];
    while (reader.lastOrder < order && reader.next(e)) {
      if (e.order >= from) lines.push(formatEvent(e, rowOf));
    }
    return lines;
  } finally {
    source.close();
  }
}
