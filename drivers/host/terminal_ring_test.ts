import assert from "node:assert/strict";
import { TERMINAL_RING_BYTES, TERMINAL_RING_MEMORY, TerminalRing } from "./terminal_ring.ts";

Deno.test("terminal ring: bytes come out in order over many wraps, then the end", () => {
  const memory = new SharedArrayBuffer(TERMINAL_RING_MEMORY);
  // Counters near the wrap of 32 bits: the ring must not notice.
  new Int32Array(memory).fill(0x7fff_f000, 0, 2);
  const writer = new TerminalRing(memory);
  const reader = new TerminalRing(memory);
  const into = new Uint8Array(1000);
  assert.equal(reader.take(into), 0);
  let put = 0, got = 0;
  while (got < 5 * TERMINAL_RING_BYTES) {
    const part = Uint8Array.from({ length: 700 }, (_, i) => (put + i) & 0xff);
    writer.put(part, part.length);
    put += part.length;
    while (put - got > 300) {
      const count = reader.take(into.subarray(0, 300));
      for (let i = 0; i < count; i++) assert.equal(into[i], (got + i) & 0xff);
      got += count;
    }
  }
  writer.end();
  reader.wait(Infinity);
  while (got < put) got += reader.take(into);
  assert.equal(reader.take(into), -1);
  assert.equal(reader.take(into), -1);
});

Deno.test("terminal ring: it is full at its size, wherever its counters are", () => {
  for (const start of [0, 0x7fff_f800, -2048]) {
    const memory = new SharedArrayBuffer(TERMINAL_RING_MEMORY);
    new Int32Array(memory).fill(start, 0, 2);
    const ring = new TerminalRing(memory);
    assert.equal(ring.room(), TERMINAL_RING_BYTES);
    ring.put(new Uint8Array(TERMINAL_RING_BYTES).fill(9), TERMINAL_RING_BYTES);
    assert.equal(ring.room(), 0);
    const into = new Uint8Array(2 * TERMINAL_RING_BYTES);
    assert.equal(ring.take(into), TERMINAL_RING_BYTES);
    assert.equal(into[TERMINAL_RING_BYTES - 1], 9);
    assert.equal(ring.take(into), 0);
  }
});
