/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import { TerminalRing } from "./terminal_ring.ts";

/** How long to wait before asking again a terminal that others have made non-blocking. */
const RETRY_MS = 5;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Waits for typed bytes in the machine thread's stead. Its one message is the ring's memory. */
self.onmessage = (message: MessageEvent<SharedArrayBuffer>): void => {
  const ring = new TerminalRing(message.data);
  const bytes = new Uint8Array(1024);
  for (;;) {
    try {
      const count = Deno.stdin.readSync(bytes);
      if (count === null) break;
      ring.put(bytes, count);
    } catch (error) {
      // A terminal that fails has hung up; one that is merely not ready is asked again.
      if (!(error instanceof Deno.errors.WouldBlock)) break;
      Atomics.wait(sleeper, 0, 0, RETRY_MS);
    }
  }
  ring.end();
};
