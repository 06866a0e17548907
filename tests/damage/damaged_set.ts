/** A small journal with its relatives, and all single damages of it, numbered. */
import type { RecordedEvent } from "../../core/event.ts";
import { type Damage, type Donor, structural, tails } from "./damages.ts";
import { framesOf, type Truth, truthOf } from "./frames.ts";
import { eventsOf, Recorder } from "./small_journal.ts";

/** The journal under test: another seed's and another run's of the same program are donors. */
export class DamagedSet {
  readonly recorder: Recorder = new Recorder();
  readonly whole: Donor = donor("this journal", this.recorder.record());
  readonly others: readonly Donor[] = [
    donor("another seed's", this.recorder.record("--seed", "5")),
    donor("another run's", this.recorder.record("--env", "RUN=2")),
  ];
  readonly events: readonly RecordedEvent[] = eventsOf(this.whole.bytes);
  private readonly foreign = this.others.map((other) => other.bytes);

  /** Cut at every byte. */
  *cuts(): Generator<Damage> {
    const { bytes } = this.whole;
    for (let length = 0; length < bytes.length; length++) {
      yield { what: `cut at ${length}`, bytes: bytes.subarray(0, length) };
    }
  }

  /** Every bit flipped; the bytes are the same object each time. */
  *flips(): Generator<Damage> {
    const bytes = this.whole.bytes.slice();
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const at = bit >> 3, mask = 1 << (bit & 7);
      bytes[at] ^= mask;
      yield { what: `bit ${bit & 7} of byte ${at} flipped`, bytes };
      bytes[at] ^= mask;
    }
  }

  /** Frames out of place, and bad tails. */
  *rest(): Generator<Damage> {
    yield* structural(this.whole, this.others);
    yield* tails(this.whole, this.others, 7);
  }

  /** What is true of a damaged copy. */
  truth(bytes: Uint8Array): Truth {
    return truthOf(this.whole.bytes, this.whole.frames, bytes, this.foreign);
  }
}

function donor(name: string, bytes: Uint8Array): Donor {
  return { name, bytes, frames: framesOf(bytes) };
}
