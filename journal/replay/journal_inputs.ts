import { EventKind, type RecordedEvent } from "../../core/event.ts";
import type { HostInputs } from "../machine_port.ts";
import type { ReplayCursor } from "./replay_cursor.ts";

/** Hands a replayed machine the recorded inputs. */
export class JournalInputs implements HostInputs {
  /** @param exhausted told when the machine asks and the journal has no more events */
  constructor(private readonly cursor: ReplayCursor, private readonly exhausted: () => void) {}

  at(order: number): RecordedEvent | null {
    const e = this.cursor.peek();
    if (e === null) this.exhausted();
    if (e === null || e.order !== order) return null;
    return e.kind === EventKind.Input || e.kind === EventKind.Shutdown ? e : null;
  }

  blob(digest: Uint8Array, into: Uint8Array): number {
    return this.cursor.reader.blob(digest, into);
  }
}
