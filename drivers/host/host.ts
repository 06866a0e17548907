import { STREAM_BLOCK_BYTES } from "../../core/limits.ts";
import { sha256 } from "./digest.ts";
import { HostFiles } from "./host_files.ts";
import { type HostPort, StreamWrite, type TerminalSize } from "./host_port.ts";
import { HostTerminal } from "./terminal.ts";

/** Without a terminal to ask. */
const DEFAULT_SIZE: TerminalSize = { columns: 80, rows: 24 };
/** How long to wait before trying again a stream that others have made non-blocking. */
const RETRY_MS = 1;

/** The host as Deno gives it. */
export class DenoHost implements HostPort {
  /** The files a guest may ask for; trees and programs are added before the machine starts. */
  readonly files = new HostFiles();
  private terminal: HostTerminal | undefined;
  private inputEnded = false;
  private readonly sleeper = new Int32Array(new SharedArrayBuffer(4));

  /**
   * Begins to take typed input, in raw mode until {@link close} or exit. Without this call, or
   * without a terminal on standard input, {@link pollTerminal} never has a byte.
   *
   * @returns whether there is a terminal
   */
  openTerminal(): boolean {
    if (this.terminal === undefined && this.isTerminal(0)) this.terminal = new HostTerminal();
    return this.terminal !== undefined;
  }

  /** Gives the terminal back and closes all files. May be called twice. */
  close(): void {
    this.terminal?.close();
    this.terminal = undefined;
    this.files.close();
  }

  writeStream(stream: number, bytes: Uint8Array, from: number, length: number): number {
    const out = stream === 2 ? Deno.stderr : Deno.stdout;
    const end = from + length;
    while (from < end) {
      try {
        from += out.writeSync(bytes.subarray(from, end));
      } catch (error) {
        if (error instanceof Deno.errors.WouldBlock) this.retryLater();
        else if (error instanceof Deno.errors.BrokenPipe) return StreamWrite.Closed;
        else if (!(error instanceof Deno.errors.Interrupted)) return StreamWrite.Failed;
      }
    }
    return StreamWrite.Done;
  }

  readStreamBlock(stream: number, into: Uint8Array, at: number): number {
    if (stream !== 0) return 0;
    let done = 0;
    while (done < STREAM_BLOCK_BYTES && !this.inputEnded) {
      try {
        const count = Deno.stdin.readSync(into.subarray(at + done, at + STREAM_BLOCK_BYTES));
        if (count === null) this.inputEnded = true;
        else done += count;
      } catch (error) {
        if (error instanceof Deno.errors.WouldBlock) this.retryLater();
        // A directory, a closed descriptor or a broken disk: to the guest its input is over.
        else if (!(error instanceof Deno.errors.Interrupted)) this.inputEnded = true;
      }
    }
    return done;
  }

  readFileChunk(file: number, chunk: number, into: Uint8Array, at: number): number {
    return this.files.readChunk(file, chunk, into, at);
  }

  digest(bytes: Uint8Array, from: number, length: number, into: Uint8Array): void {
    sha256(bytes, from, length, into);
  }

  pollTerminal(into: Uint8Array): number {
    return this.terminal === undefined ? 0 : this.terminal.poll(into);
  }

  isTerminal(stream: number): boolean {
    if (stream === 0) return Deno.stdin.isTerminal();
    if (stream === 1) return Deno.stdout.isTerminal();
    return stream === 2 && Deno.stderr.isTerminal();
  }

  terminalSize(): TerminalSize {
    try {
      const { columns, rows } = Deno.consoleSize();
      return columns > 0 && rows > 0 ? { columns, rows } : DEFAULT_SIZE;
    } catch {
      return DEFAULT_SIZE;
    }
  }

  now(): number {
    return performance.timeOrigin + performance.now();
  }

  waitUntil(ms: number): void {
    const left = ms - this.now();
    if (left <= 0) return;
    if (this.terminal !== undefined) this.terminal.wait(left);
    else Atomics.wait(this.sleeper, 0, 0, left);
  }

  randomBytes(into: Uint8Array): void {
    // The browser's call takes neither shared memory nor more than 64 KiB.
    const fresh = new Uint8Array(Math.min(into.length, 65536));
    for (let at = 0; at < into.length; at += fresh.length) {
      crypto.getRandomValues(fresh);
      into.set(fresh.subarray(0, Math.min(fresh.length, into.length - at)), at);
    }
  }

  private retryLater(): void {
    Atomics.wait(this.sleeper, 0, 0, RETRY_MS);
  }
}
