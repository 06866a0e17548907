import assert from "node:assert/strict";
import { OutputResult } from "../../arch/machine/ports.ts";
import { RunInputs, WatchedOutput } from "./run_inputs.ts";

const NOTHING = {
  readStreamBlock: () => 0,
  readFileChunk: () => -1,
  digest: () => {},
  pollTerminal: () => 0,
  now: () => 0,
  waitUntil: () => {},
};

Deno.test("a closed standard output ends the run, a closed standard error does not", () => {
  let result: number = OutputResult.Done;
  const output = new WatchedOutput({ writeStream: () => result });
  const options = { initial: [], terminal: false, paced: false, timeLimit: Infinity };
  const inputs = new RunInputs(NOTHING, options, output);
  const write = (stream: number): number => output.writeStream(stream, new Uint8Array(1), 0, 1);
  write(1);
  assert.equal(inputs.powerOff(0, 0), false);
  result = OutputResult.Closed;
  write(2);
  assert.equal(inputs.powerOff(0, 0), false);
  assert.equal(write(1), OutputResult.Closed);
  assert.equal(inputs.powerOff(0, 0), true);
});

Deno.test("a run ends when it is told to, by the events so far", () => {
  const output = new WatchedOutput({ writeStream: () => OutputResult.Done });
  const options = { initial: [], terminal: false, paced: false, timeLimit: Infinity };
  const inputs = new RunInputs(NOTHING, options, output, (events) => events > 7);
  assert.equal(inputs.powerOff(0, 7), false);
  assert.equal(inputs.powerOff(0, 8), true);
});
