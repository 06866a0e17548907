import type { Effects } from "../../core/effect.ts";
import type { Event, RecordedEvent } from "../../core/event.ts";
import type { Columns, Table, TableSpec } from "../../core/state/table.ts";
import type { BytePort, DeviceModel, IrqLine } from "./devices/device_ports.ts";

/** The kernel, as the machine drives it. */
export interface MachineReducer {
  /** What the last event asks of the machine: emptied and filled by {@link reduce}. */
  readonly effects: Effects;
  /**
   * Reduces one event. Throws only for a defect of the kernel.
   *
   * @returns 0, or why the event was refused and nothing changed
   */
  reduce(e: Event): number;
  /** Writes the hash of the kernel's state, four words. */
  hash(out: Uint32Array): void;
}

/** Makes the kernel over its arena: `buffer` from `base` on is zero and is its alone. */
export type ReducerFactory = (buffer: ArrayBufferLike, base: number) => MachineReducer;

/** Where events go. A call may block, and may throw to stop the machine. */
export interface EventSink {
  /** Takes the next event; the object is reused. */
  append(e: RecordedEvent): void;
  /** The kernel's hash after event `order`, the last one appended. */
  kHash(order: number, hash: Uint32Array): void;
  /** The machine's hash at the end of round `round`, with `order` the last event appended. */
  mHash(order: number, round: number, hash: Uint32Array): void;
  /** Bytes from outside, before the Input event that carries their digest. */
  blob(digest: Uint8Array, bytes: Uint8Array, length: number): void;
  /** No event follows. */
  end(): void;
}

/** Results of {@link OutputPort.writeStream}. */
export const OutputResult = { Done: 0, Closed: 1, Failed: 2 } as const;

/** Where what the guest writes to a host stream goes. */
export interface OutputPort {
  /** Writes all of `bytes[from … from + length)`, waiting as needed; returns an OutputResult. */
  writeStream(stream: number, bytes: Uint8Array, from: number, length: number): number;
}

/** A serial console device. */
export interface ConsoleDevice extends DeviceModel {
  /** Bytes that can be received now without loss. */
  receiveRoom(): number;
  /** A byte arrives on the line. */
  receive(byte: number): void;
}

/** How the machine makes its console device. */
export interface ConsoleFactory<C extends Columns = Columns> {
  /** Table of the device's state; its row 1 is the console. */
  readonly table: TableSpec<C>;
  /** Number of the device in DeviceWrite effects. */
  readonly device: number;
  /** Its interrupt source in the PLIC; value of its External events. */
  readonly source: number;
  /** Register that a byte to send is written to. */
  readonly dataRegister: number;
  make(state: Table<C>, row: number, line: IrqLine, output: BytePort): ConsoleDevice;
}
