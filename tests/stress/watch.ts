import { type OutputPort, OutputResult } from "../../arch/machine/ports.ts";

const MARK = "progress: ";

/** Keeps what a load prints, and ends a run that goes on without marks that it gets further. */
export class Watch implements OutputPort {
  /** Whether it ended the run. */
  hung = false;
  /** Marks seen. */
  marks = 0;
  private readonly decoder = new TextDecoder();
  private kept = "";
  private rest = "";
  /** Whether a mark came since the last look, and the events there were at the last one. */
  private marked = false;
  private lastMark = 0;

  /** @param budget events that may pass without a mark */
  constructor(private readonly budget: number) {}

  writeStream(_stream: number, bytes: Uint8Array, from: number, length: number): number {
    const text = this.rest +
      this.decoder.decode(bytes.slice(from, from + length), { stream: true });
    const lines = text.split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith(MARK)) {
        this.marked = true;
        this.marks++;
      } else this.kept += `${line}\n`;
    }
    return OutputResult.Done;
  }

  /** Whether a run hangs that has come to so many events; to be asked now and then. */
  stop(events: number): boolean {
    if (this.marked) this.lastMark = events;
    this.marked = false;
    this.hung ||= events - this.lastMark > this.budget;
    return this.hung;
  }

  /** All that was printed, without the marks. */
  text(): string {
    return this.kept + this.rest;
  }
}
