import assert from "node:assert/strict";
import { OutputResult } from "../../arch/machine/ports.ts";
import { RunInputs, WatchedOutput } from "./run_inputs.ts";

Deno.test("a closed standard output ends the run, a closed standard error does not", () => {
  let result: number = OutputResult.Done;
  const output = new WatchedOutput({ writeStream: () => result });
  const nothing = {
    readStreamBlock: () => 0,
    readFileChunk: () => -1,
    digest: () => {},
    pollTerminal: () => 0,
    now: () => 0,
    waitUntil: () => {},
  };
  const options = { initial: [], terminal: false, paced: false, timeLimit: Infinity };
  const inputs = new RunInputs(nothing, options, output);
  const write = (stream: number): number => output.writeStream(stream, new Uint8Array(1), 0, 1);
  write(1);
  assert.equal(inputs.powerOff(), false);
  result = OutputResult.Closed;
  write(2);
  assert.equal(inputs.powerOff(), false);
  assert.equal(write(1), OutputResult.Closed);
  assert.equal(inputs.powerOff(), true);
});
