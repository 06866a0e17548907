import { Event, PAYLOAD_LIMIT, REGISTER_LIMIT } from "../../core/event.ts";
import { ONE, type State } from "../../core/kernel.ts";
import { EventLogReader } from "../kernel/event_log.ts";
import type { Random } from "../kernel/random.ts";
import { playEvent, putInOrder, type TapedEvent, tapeEvent } from "./event_tape.ts";
import type { Recording } from "./starts.ts";

/**
 * Events of real runs, out of their place: a recorded stream goes on from where a life began, with
 * events left out, doubled, swapped, changed, sent to another hart, or spliced in from elsewhere.
 */
export class StreamFuzzer {
  #recording: Recording;
  #reader: EventLogReader;
  #index: number;
  /** An event that comes (again) before the stream goes on. */
  #held: TapedEvent | undefined;
  readonly #other = new Event();

  constructor(
    private readonly random: Random,
    private readonly recordings: readonly Recording[],
    recording: Recording,
    at: number,
  ) {
    this.#recording = recording;
    this.#reader = new EventLogReader(recording.log);
    this.#index = at;
  }

  /** Fills the next event. */
  fill(e: Event, s: State): void {
    const r = this.random;
    if (this.#held !== undefined) {
      playEvent(this.#held, e);
      this.#held = undefined;
    } else this.#next(e);
    const draw = r.below(100);
    if (draw < 2) this.#next(e);
    else if (draw < 4) this.#held = tapeEvent(e, s);
    else if (draw < 6) {
      // The next one comes first.
      const late = tapeEvent(e, s);
      this.#next(e);
      this.#held = late;
    } else if (draw < 10) this.#splice();
    else if (draw === 10) e.hart = r.below(s.kernel.harts[ONE]);
    if (draw < 10 ? r.oneIn(3) : r.oneIn(12)) this.#change(e);
    if (r.oneIn(50)) return;
    putInOrder(e, s);
    // Another time would refuse everything that comes after something left out.
    const last = s.hart.lastTime[e.hart + 1];
    if (!(e.time >= last && e.time < last + 1e9)) e.time = last + 10 * r.below(1000);
  }

  #next(e: Event): void {
    if (this.#index >= this.#recording.offsets.length) this.#splice();
    this.#reader.position = this.#recording.offsets[this.#index++];
    this.#reader.next(e);
  }

  /** Goes on somewhere else. */
  #splice(): void {
    const r = this.random;
    this.#recording = r.pick(this.recordings);
    this.#reader = new EventLogReader(this.#recording.log);
    this.#index = r.below(this.#recording.offsets.length);
  }

  /** Changes one field, a few bytes, or takes a part of another event. */
  #change(e: Event): void {
    const r = this.random;
    const other = this.#other;
    this.#reader.position = this.#recording.offsets[r.below(this.#recording.offsets.length)];
    this.#reader.next(other);
    switch (r.below(8)) {
      case 0:
        e.cause = r.oneIn(3) ? r.bits() : r.below(300);
        return;
      case 1:
        e.kind = other.kind;
        return;
      case 2:
        e.valueLo ^= 1 << r.below(32);
        e.valueLo >>>= 0;
        return;
      case 3:
        e.registers[r.below(2 * REGISTER_LIMIT)] = r.oneIn(2) ? r.bits() : r.below(16);
        return;
      case 4:
        e.registerCount = r.below(REGISTER_LIMIT + 1);
        return;
      case 5:
        for (let n = 1 + r.below(4); n > 0; n--) e.payload[r.below(e.payloadLength + 4)] = r.bits();
        return;
      case 6:
        e.payloadLength = Math.max(0, Math.min(PAYLOAD_LIMIT, e.payloadLength + r.below(17) - 8));
        return;
      case 7:
        e.registers.set(other.registers);
        e.payload.set(other.payload.subarray(0, other.payloadLength));
        e.payloadLength = other.payloadLength;
        e.cause = other.cause;
    }
  }
}
