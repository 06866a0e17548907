import assert from "node:assert/strict";
import { ONE, type State } from "../kernel.ts";
import { randomBytes } from "./random.ts";

Deno.test("xoshiro256** gives the published first outputs", () => {
  const random = new Uint32Array(16);
  for (let i = 0; i < 4; i++) random[ONE * 8 + 2 * i] = i + 1;
  const s = { kernel: { random, randomOut: new Uint32Array(4) } } as unknown as State;
  const out = new Uint8Array(40);
  randomBytes(s, out, 0, 40);
  const words = new BigUint64Array(out.buffer);
  assert.deepEqual([...words], [
    11520n,
    0n,
    1509978240n,
    1215971899390074240n,
    1216172134540287360n,
  ]);
});

Deno.test("a partial output takes its low bytes and one step", () => {
  const random = new Uint32Array(16);
  for (let i = 0; i < 4; i++) random[ONE * 8 + 2 * i] = i + 1;
  const s = { kernel: { random, randomOut: new Uint32Array(4) } } as unknown as State;
  const out = new Uint8Array(3);
  randomBytes(s, out, 0, 2);
  assert.deepEqual([...out], [0, 45, 0]);
});
