import { RecordedEvent } from "../../core/event.ts";
import type { StateHash } from "../format/closing.ts";
import type { JournalReader } from "../read/reader.ts";

/** A reader with one event of look-ahead, shared by a replay's comparison and its inputs. */
export class ReplayCursor {
  private readonly event = new RecordedEvent();
  private hashes: readonly StateHash[] = [];
  private held = false;

  constructor(readonly reader: JournalReader) {}

  /** The next event, or null when the journal gives no more. */
  peek(): RecordedEvent | null {
    if (this.held) return this.event;
    if (!this.reader.next(this.event)) return null;
    this.hashes = this.reader.hashes;
    this.held = true;
    return this.event;
  }

  /** Uses up the event that `peek` gave; returns the state hashes that follow it. */
  take(): readonly StateHash[] {
    this.held = false;
    return this.hashes;
  }
}
