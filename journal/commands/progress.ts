/** What a progress line needs of the host. */
export interface ProgressOutput {
  /** Whether lines may be overwritten: a terminal that is not "dumb". */
  readonly live: boolean;
  /** Writes to standard error. */
  write(text: string): void;
  /** Milliseconds on any clock that does not stand still. */
  now(): number;
  /** Characters in a line. */
  columns(): number;
}

/** Quick things need no progress line. */
const FIRST_AFTER_MS = 1000;
const EVERY_MS = 200;
const CLEAR = "\r\x1b[K";

/**
 * One line on the terminal about something that takes longer than a second, overwritten as it goes
 * on and gone at the end. Without a terminal it writes nothing.
 */
export class Progress {
  private next: number;
  private shown = false;

  /** @param what what is going on: "replaying" */
  constructor(private readonly what: string, private readonly output: ProgressOutput) {
    this.next = output.live ? output.now() + FIRST_AFTER_MS : Infinity;
  }

  /** Whether a line is due; cheap enough to ask now and then, not for every event. */
  due(): boolean {
    return this.next !== Infinity && this.output.now() >= this.next;
  }

  /**
   * Shows how far things are, if a line is due.
   *
   * @param done units done
   * @param total units in all, or 0 when that is not known
   * @param unit what is counted, in the plural: "events"
   */
  update(done: number, total: number, unit: string): void {
    if (!this.due()) return;
    const share = total > 0 ? ` of ${count(total)}` : "";
    const percent = total > 0 ? ` (${Math.min(100, Math.floor(100 * done / total))} %)` : "";
    const line = `${this.what}: ${count(done)}${share} ${unit}${percent}`;
    // A line that wraps cannot be overwritten.
    this.output.write(CLEAR + line.slice(0, Math.max(0, this.output.columns() - 1)));
    this.shown = true;
    this.next = this.output.now() + EVERY_MS;
  }

  /** Takes the line away. Call it before anything else is printed; updates may follow. */
  clear(): void {
    if (this.shown) this.output.write(CLEAR);
    this.shown = false;
  }
}

/** A number with its thousands apart, the same in every country. */
function count(value: number): string {
  return String(Math.floor(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}
