import { EventKind, RecordedEvent } from "../../core/event.ts";
import type { InputLog } from "../../arch/machine/recorded_inputs.ts";
import type { JournalReader } from "../reader.ts";

/** What came from outside in a journal, read ahead of the replay by a reader of its own. */
export class JournalLog implements InputLog {
  private readonly event = new RecordedEvent();
  private held = false;

  /** @param reader a fresh reader of the journal */
  constructor(private readonly reader: JournalReader) {}

  peek(): RecordedEvent | null {
    while (!this.held) {
      if (!this.reader.next(this.event)) return null;
      this.held = this.event.kind === EventKind.Input || this.event.kind === EventKind.Shutdown;
    }
    return this.event;
  }

  take(): void {
    this.held = false;
  }

  blob(digest: Uint8Array, into: Uint8Array): number {
    return this.reader.blob(digest, into);
  }
}
