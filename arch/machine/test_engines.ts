import { instantiateCpu } from "./memory/cpu.ts";
import { type CpuFactory, TestMachine } from "./test_machine.ts";
import type { LayoutConfig } from "./memory/layout.ts";

/** One way to execute guest code; tests of instructions run on each. */
export interface TestEngine {
  /** As `--engine` names it. */
  readonly name: string;
  readonly makeCpu: CpuFactory;
}

/** Every engine there is. All must pass the same tests. */
export const testEngines: readonly TestEngine[] = [
  { name: "ir", makeCpu: (memory, layout) => instantiateCpu(memory, layout, "ir") },
  { name: "wasm", makeCpu: (memory, layout) => instantiateCpu(memory, layout, "wasm") },
  { name: "eager", makeCpu: (memory, layout) => instantiateCpu(memory, layout, "eager") },
];

/** The engine of a name. Throws when there is none. */
export function engineNamed(name: string): TestEngine {
  const engine = testEngines.find((each) => each.name === name);
  if (engine === undefined) {
    throw new Error(`no engine ${name}; known: ${testEngines.map((each) => each.name).join(", ")}`);
  }
  return engine;
}

/** A machine without a kernel that runs on an engine. */
export function machineOn(engine: TestEngine, config: Partial<LayoutConfig> = {}): TestMachine {
  return new TestMachine(config, engine.makeCpu);
}

/**
 * Registers one test for each engine, whose name stands in brackets behind the test's. Machines that
 * the body makes without saying which run on it.
 */
export function testOnEachEngine(
  name: string,
  body: (engine: TestEngine, t: Deno.TestContext) => void | Promise<void>,
): void {
  for (const engine of testEngines) {
    Deno.test(`${name} (${engine.name})`, async (t) => {
      const before = TestMachine.defaultCpu;
      TestMachine.defaultCpu = engine.makeCpu;
      try {
        await body(engine, t);
      } finally {
        TestMachine.defaultCpu = before;
      }
    });
  }
}
