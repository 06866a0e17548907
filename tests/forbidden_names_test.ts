/** Clocks, chance, timers, promises and the host stay out of the deterministic folders. */
import assert from "node:assert/strict";
import { repository } from "./daybook.ts";
import { nameViolations } from "./forbidden_names.ts";
import { walk } from "./walk.ts";

Deno.test("names: no deterministic file uses a forbidden one", async () => {
  const violations: string[] = [];
  for (const path of await walk(repository)) {
    if (!path.endsWith(".ts")) continue;
    violations.push(...nameViolations(path, await Deno.readTextFile(`${repository}${path}`)));
  }
  assert.ok(violations.length === 0, `\n${violations.join("\n")}`);
});

const planted: readonly string[] = [
  "new Date()",
  "Date.now()",
  "Math.random()",
  "performance.now()",
  "crypto.getRandomValues(x)",
  "setTimeout(f, 1)",
  "setInterval(f, 1)",
  "queueMicrotask(f)",
  "Promise.resolve()",
  "const f = async () => 1",
  "await x",
  "Deno.args",
  'fetch("x")',
  "x.toLocaleString()",
  "x?.localeCompare(y)",
  "new Intl.Collator()",
  "new WeakRef(x)",
  "new FinalizationRegistry(f)",
  "process.hrtime()",
  "process.env",
  "globalThis.x",
  "`${Date.now()}`",
  "[...Date]",
];

Deno.test("names: each planted name is found, with its line", () => {
  for (const path of ["core/x.ts", "arch/ir/x.ts", "drivers/uart/model.ts", "journal/codec.ts"]) {
    for (const code of planted) {
      const found = nameViolations(path, `// one\nexport {};\n${code};\n`);
      assert.equal(found.length, 1, `${code} in ${path}: ${found.join("; ")}`);
      assert.ok(found[0]?.startsWith(`${path}:3: `), found[0]);
    }
  }
});

Deno.test("names: comments, strings, members, other folders and tests are let pass", () => {
  const source = `// Date\nconst a = "Date" + \`Deno\`; /* await */ a.process; row.fetch; x.crypto;
    const process = 1; process.pid; Math.max(1); /Promise/.test(a); { process: 1 }`;
  assert.deepEqual(nameViolations("core/x.ts", source), []);
  assert.deepEqual(nameViolations("drivers/host/x.ts", "Date.now(); Deno.args;"), []);
  assert.deepEqual(nameViolations("tests/x.ts", "Date.now()"), []);
  assert.deepEqual(nameViolations("core/x_test.ts", "Date.now()"), []);
  assert.deepEqual(nameViolations("arch/machine/test_machine.ts", "Date.now()"), []);
});

Deno.test("names: journal may wait, but not look at the host", () => {
  assert.deepEqual(nameViolations("journal/writer.ts", "await x; new Promise(f);"), []);
  assert.equal(nameViolations("journal/writer.ts", "Deno.readFile(x)").length, 1);
  assert.equal(nameViolations("journal/commands/run.ts", "Date.now()").length, 1);
});
