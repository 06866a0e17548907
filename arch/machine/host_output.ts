import type { BytePort } from "./devices/device_ports.ts";
import { OutputError } from "./machine_defect.ts";
import { type OutputPort, OutputResult } from "./ports.ts";

const STREAMS = 3;
const CONSOLE_STREAM = 1;
const CONSOLE_BUFFER = 4096;

/**
 * What leaves the machine for the host. With a console, stream 1 goes through that device byte by
 * byte, and what it sends is gathered and handed on after each event.
 */
export class HostOutput implements BytePort {
  /** Sends one byte through the console device; unset when stream 1 goes to the host directly. */
  console: ((byte: number) => void) | undefined;
  private readonly closed = new Uint8Array(STREAMS);
  private readonly buffer = new Uint8Array(CONSOLE_BUFFER);
  private length = 0;

  constructor(private readonly port: OutputPort) {}

  /** Writes bytes to a host stream. */
  write(stream: number, bytes: Uint8Array, from: number, length: number): void {
    if (stream !== CONSOLE_STREAM || this.console === undefined) {
      return this.deliver(stream, bytes, from, length);
    }
    for (let i = 0; i < length; i++) this.console(bytes[from + i]);
  }

  send(byte: number): void {
    this.buffer[this.length++] = byte;
    if (this.length === CONSOLE_BUFFER) this.flush();
  }

  /** Hands what the console has sent to the host. */
  flush(): void {
    if (this.length === 0) return;
    const length = this.length;
    this.length = 0;
    this.deliver(CONSOLE_STREAM, this.buffer, 0, length);
  }

  private deliver(stream: number, bytes: Uint8Array, from: number, length: number): void {
    // A stream nobody reads any more swallows what it gets: the guest must not notice the host.
    if (length === 0 || this.closed[stream] === 1) return;
    const result = this.port.writeStream(stream, bytes, from, length);
    if (result === OutputResult.Closed) this.closed[stream] = 1;
    else if (result !== OutputResult.Done) throw new OutputError(stream);
  }
}
