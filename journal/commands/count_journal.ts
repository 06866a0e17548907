import { EVENT_NAMES, RecordedEvent } from "../../core/event.ts";
import { hashText } from "../../core/state/hash.ts";
import { HashKind } from "../format/format.ts";
import type { JournalReader } from "../read/reader.ts";

/** What a journal holds. */
export interface JournalCounts {
  readonly events: number;
  readonly byKind: Readonly<Record<string, number>>;
  readonly byHart: readonly number[];
  /** ns of virtual time of the last event. */
  readonly time: number;
  readonly kernelHashes: number;
  readonly machineHashes: number;
  /** The last of each, hex; "" for none. */
  readonly lastKernelHash: string;
  readonly lastMachineHash: string;
  readonly payloadBytes: number;
}

/** Reads a journal to its end and counts. */
export function countJournal(reader: JournalReader): JournalCounts {
  const e = new RecordedEvent();
  const kinds = new Array<number>(EVENT_NAMES.length).fill(0);
  const harts: number[] = [];
  const hashes = [0, 0];
  const last = ["", ""];
  let events = 0, time = 0, payloadBytes = 0;
  while (reader.next(e)) {
    events++;
    kinds[e.kind]++;
    while (harts.length <= e.hart) harts.push(0);
    harts[e.hart]++;
    time = e.time > time ? e.time : time;
    payloadBytes += e.payloadLength;
    for (const h of reader.hashes) {
      const which = h.kind === HashKind.K ? 0 : 1;
      hashes[which]++;
      last[which] = hashText(h.hash);
    }
  }
  const byKind: Record<string, number> = {};
  kinds.forEach((count, kind) => {
    if (count > 0) byKind[EVENT_NAMES[kind]] = count;
  });
  return {
    events,
    byKind,
    byHart: harts,
    time,
    kernelHashes: hashes[0],
    machineHashes: hashes[1],
    lastKernelHash: last[0],
    lastMachineHash: last[1],
    payloadBytes,
  };
}
