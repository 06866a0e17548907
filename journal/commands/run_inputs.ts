import { type LiveInputOptions, LiveInputs } from "../../arch/machine/inputs/live_inputs.ts";
import type { InputPort } from "../../arch/machine/inputs/live_inputs.ts";
import { type OutputPort, OutputResult } from "../../arch/machine/ports.ts";

const STANDARD_OUTPUT = 1;

/** Passes output on, and notes when nobody reads standard output any more. */
export class WatchedOutput implements OutputPort {
  /** Once true, what a guest goes on printing goes nowhere. */
  closed = false;

  constructor(private readonly to: OutputPort) {}

  writeStream(stream: number, bytes: Uint8Array, from: number, length: number): number {
    const result = this.to.writeStream(stream, bytes, from, length);
    if (result === OutputResult.Closed && stream === STANDARD_OUTPUT) this.closed = true;
    return result;
  }
}

/**
 * The inputs of `run`: a reader that goes away ends the boot, as a broken pipe would end the
 * program. To the guest it is a power-off, an arriving input like any other, so it is in the journal.
 * `stop` is asked at each round boundary, with the events so far, whether to end it likewise.
 */
export class RunInputs extends LiveInputs {
  constructor(
    host: InputPort,
    options: LiveInputOptions,
    private readonly output: WatchedOutput,
    private readonly stop: (events: number) => boolean = () => false,
  ) {
    super(host, options);
  }

  override powerOff(boundary: number, order: number): boolean {
    return this.output.closed || this.stop(order) || super.powerOff(boundary, order);
  }
}
