/** Small journals, recorded in this process: what the damage tests damage. */
import { RecordedEvent } from "../../core/event.ts";
import { MemorySource } from "../../journal/read/byte_source.ts";
import { JournalReader } from "../../journal/read/reader.ts";
import { recordRun } from "../../mod.ts";
import { burstsElf, DATA_FILE } from "./program.ts";

/** A folder with the program and its root, to be removed after use. */
export class Recorder {
  readonly folder: string = Deno.makeTempDirSync({ prefix: "daybook-damage-" });

  /** @param bursts frames, about; `calls` events in each, about */
  constructor(bursts = 4, calls = 40) {
    Deno.writeFileSync(`${this.folder}/bursts`, burstsElf(bursts, calls), { mode: 0o755 });
    Deno.mkdirSync(`${this.folder}/root`);
    Deno.writeTextFileSync(`${this.folder}/root/${DATA_FILE}`, "what the file says, no more\n");
  }

  /** Records a run; returns its journal's bytes. Equal options give equal bytes. */
  record(...options: string[]): Uint8Array {
    const path = `${this.folder}/recorded`;
    const words = ["--root", "root", "--memory", "16M", "--harts", "2", ...options, "bursts"];
    recordRun(words, this.folder, path, { output: { writeStream: () => 0 } });
    return Deno.readFileSync(path);
  }

  /** Writes bytes as a file of the folder; returns its path. */
  file(bytes: Uint8Array, name = "journal"): string {
    const path = `${this.folder}/${name}`;
    Deno.writeFileSync(path, bytes);
    return path;
  }

  remove(): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** All events of a journal, each an object of its own. */
export function eventsOf(bytes: Uint8Array): RecordedEvent[] {
  const reader = new JournalReader(new MemorySource(bytes));
  const events: RecordedEvent[] = [];
  for (let e = new RecordedEvent(); reader.next(e); e = new RecordedEvent()) events.push(e);
  return events;
}
