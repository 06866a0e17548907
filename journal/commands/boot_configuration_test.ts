import assert from "node:assert/strict";
import {
  type BootConfiguration,
  configurationOf,
  headerOf,
  machineConfigOf,
} from "./boot_configuration.ts";
import { decodeHeader, encodeHeader } from "../format/header.ts";

const configuration: BootConfiguration = {
  mode: "run",
  harts: 4,
  memory: 2 ** 26,
  seed: 7,
  roundTicks: 10_000,
  tickNs: 10,
  start: 1_767_225_600_000_000,
  terminals: 1,
  columns: 80,
  rows: 24,
  instructionLimit: 0,
  image: "00",
  entropy: "seed",
  embedded: true,
  program: "/bin/a",
  argv: ["a", "b c"],
  env: ["PATH=/bin"],
};

Deno.test("a configuration survives the header", () => {
  const header = decodeHeader(encodeHeader(headerOf(configuration, "id")));
  assert.ok(header !== undefined);
  assert.deepEqual(configurationOf(header), configuration);
});

Deno.test("a header that is not of this program is no configuration", () => {
  const header = headerOf(configuration, "id");
  const changed = (part: Record<string, string | number>) =>
    configurationOf({ ...header, configuration: { ...header.configuration, ...part } });
  assert.equal(changed({ mode: "fly" }), undefined);
  assert.equal(changed({ harts: "many" }), undefined);
  assert.equal(changed({ seed: -1 }), undefined);
});

Deno.test("the machine of a configuration has the kernel's counts", () => {
  const machine = machineConfigOf(configuration);
  assert.equal(machine.backingFrames, 2 ** 14);
  assert.equal(machine.terminalInput, true);
  assert.equal(machine.consoleOutput, false);
  assert.equal(machine.instructionLimit, Infinity);
  assert.equal(machine.pageTablesOffset % 4096, 0);
});
