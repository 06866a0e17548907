import { InputKind } from "../../../core/event.ts";
import { allocRow, freeRow } from "../../../core/state/table.ts";
import { type MachineState, ONE } from "../machine_state.ts";

/** Demanded inputs under way, in order of completion; of equal ones the first asked for is first. */
export class Demands {
  constructor(private readonly state: MachineState) {}

  /** Asks for a chunk of a host file, to complete at a time in ticks. */
  askChunk(file: number, chunk: number, due: number): void {
    this.add(InputKind.Chunk, file, chunk, due);
  }

  /** Asks for the next block of a host stream. */
  askStream(stream: number, due: number): void {
    this.add(InputKind.Stream, stream, 0, due);
  }

  /** Row of the one that completes first, or 0. */
  first(): number {
    return this.state.machine.demandHead[ONE];
  }

  /** Time the first one completes, ticks, or Infinity. */
  due(): number {
    const first = this.first();
    return first === 0 ? Infinity : this.state.demand.due[first];
  }

  /** Drops the first one. */
  remove(): void {
    const first = this.first();
    this.state.machine.demandHead[ONE] = this.state.demand.next[first];
    freeRow(this.state.demand, first);
  }

  /** Drops all of them. */
  clear(): void {
    while (this.first() !== 0) this.remove();
  }

  private add(kind: number, unit: number, chunk: number, due: number): void {
    const d = this.state.demand;
    const row = allocRow(d);
    if (row === 0) throw new RangeError("more inputs are demanded than the kernel has requests");
    d.kind[row] = kind;
    d.unit[row] = unit;
    d.chunk[row] = chunk;
    d.due[row] = due;
    let before = 0;
    let after = this.first();
    while (after !== 0 && d.due[after] <= due) {
      before = after;
      after = d.next[after];
    }
    d.next[row] = after;
    if (before === 0) this.state.machine.demandHead[ONE] = row;
    else d.next[before] = row;
  }
}
