import { TERMINAL_RING_MEMORY, TerminalRing } from "./terminal_ring.ts";

/** The terminal on standard input, in raw mode while it is open. */
export class HostTerminal {
  private readonly ring = new TerminalRing(new SharedArrayBuffer(TERMINAL_RING_MEMORY));
  private readonly worker: Worker;
  private readonly restore = (): void => this.close();
  private opened = true;

  /** Turns raw mode on and starts to read. @throws when standard input is not a terminal */
  constructor() {
    Deno.stdin.setRaw(true);
    globalThis.addEventListener("unload", this.restore);
    this.worker = new Worker(new URL("./terminal_worker.ts", import.meta.url), { type: "module" });
    this.worker.postMessage(this.ring.memory);
  }

  /** Bytes typed since the last call; -1 after a hang-up. */
  poll(into: Uint8Array): number {
    return this.ring.take(into);
  }

  /** Waits for a byte, at most so many milliseconds. */
  wait(ms: number): void {
    this.ring.wait(ms);
  }

  /** Gives the terminal back as it was. May be called twice. */
  close(): void {
    if (!this.opened) return;
    this.opened = false;
    globalThis.removeEventListener("unload", this.restore);
    try {
      Deno.stdin.setRaw(false);
    } catch {
      // The terminal is gone; there is nothing to give back.
    }
    this.worker.terminate();
  }
}
