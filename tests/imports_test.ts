/** The import rules of the design hold for every source file. */
import assert from "node:assert/strict";
import { repository } from "./daybook.ts";
import { importViolations } from "./import_rules.ts";
import { walk } from "./walk.ts";

Deno.test("imports: every file imports only what its folder may", async () => {
  const violations: string[] = [];
  for (const path of await walk(repository)) {
    if (!path.endsWith(".ts")) continue;
    violations.push(...importViolations(path, await Deno.readTextFile(`${repository}${path}`)));
  }
  assert.ok(violations.length === 0, `\n${violations.join("\n")}`);
});

/** [file, what it imports]; each breaks one rule. */
const forbidden: readonly (readonly [string, string])[] = [
  ["core/state/table.ts", "../mem/tables.ts"],
  ["core/state/table.ts", "../event.ts"],
  ["core/isa/riscv64.ts", "../proc/tables.ts"],
  ["core/syscall/table.ts", "../personality/linux/dispatch.ts"],
  ["core/event.ts", "./reduce.ts"],
  ["core/mem/frame.ts", "../personality/linux/errno.ts"],
  ["core/mem/frame.ts", "../syscall/table.ts"],
  ["core/mem/frame.ts", "../reduce.ts"],
  ["core/personality/linux/files.ts", "../../reduce.ts"],
  ["core/reduce.ts", "../arch/machine/layout.ts"],
  ["core/reduce.ts", "../drivers/uart/driver.ts"],
  ["core/reduce.ts", "node:crypto"],
  ["core/assert.ts", "./state/table.ts"],
  ["arch/machine/sense.ts", "../../core/mem/frame.ts"],
  ["arch/machine/sense.ts", "../../core/reduce.ts"],
  ["arch/machine/sense.ts", "../../drivers/host/files.ts"],
  ["arch/machine/sense.ts", "../../journal/ring.ts"],
  ["arch/ir/ops.ts", "fflate"],
  ["drivers/uart/driver.ts", "./model.ts"],
  ["drivers/uart/driver.ts", "../disk/registers.ts"],
  ["drivers/uart/driver.ts", "../../arch/machine/ports.ts"],
  ["drivers/uart/model.ts", "./driver.ts"],
  ["drivers/uart/model.ts", "../../core/event.ts"],
  ["drivers/uart/model.ts", "../../arch/ir/ops.ts"],
  ["drivers/uart/registers.ts", "../../core/event.ts"],
  ["drivers/uart/other.ts", "./registers.ts"],
  ["drivers/registry.ts", "./host/files.ts"],
  ["drivers/host/files.ts", "../../core/reduce.ts"],
  ["journal/reader.ts", "../core/reduce.ts"],
  ["journal/reader.ts", "../arch/machine/loop.ts"],
  ["journal/reader.ts", "./commands/replay.ts"],
  ["journal/reader.ts", "../drivers/host/files.ts"],
  ["journal/reader.ts", "npm:fflate@0.8.2"],
  ["journal/commands/run.ts", "../../tests/child.ts"],
  ["journal/commands/run.ts", "https://example.com/x.ts"],
  ["userland/build.ts", "../core/event.ts"],
  ["arch/machine/sense.ts", "./test_machine.ts"],
  ["core/mem/frame.ts", "./frame_test.ts"],
  ["elsewhere/file.ts", "./other.ts"],
];

/** The same for imports that must stay possible. */
const permitted: readonly (readonly [string, string])[] = [
  ["core/state/table.ts", "./column.ts"],
  ["core/mem/frame.ts", "../ledger/post.ts"],
  ["core/mem/frame.ts", "../kernel.ts"],
  ["core/personality/linux/dispatch.ts", "../../syscall/table.ts"],
  ["core/reduce.ts", "./personality/linux/dispatch.ts"],
  ["arch/machine/sense.ts", "../../core/syscall/rows.ts"],
  ["arch/machine/loop.ts", "../../core/assert.ts"],
  ["drivers/uart/driver.ts", "./registers.ts"],
  ["drivers/uart/model.ts", "../../arch/machine/ports.ts"],
  ["journal/codec.ts", "fflate"],
  ["journal/commands/run.ts", "../../core/reduce.ts"],
  ["mod.ts", "./arch/machine/loop.ts"],
  ["tests/fuzz/main.ts", "../../core/reduce.ts"],
  ["core/mem/frame_test.ts", "../../arch/machine/loop.ts"],
];

Deno.test("imports: a planted violation of each rule is named with file and line", () => {
  for (const [path, target] of forbidden) {
    const found = importViolations(path, `// line one\nimport { x } from "${target}";\n`);
    assert.equal(found.length, 1, `${path} importing ${target} is not caught`);
    assert.match(found[0] ?? "", new RegExp(`^${path}:[12]: `));
  }
  for (const [path, target] of permitted) {
    assert.deepEqual(importViolations(path, `import "${target}";`), [], `${path}, ${target}`);
  }
});

Deno.test("imports: dynamic imports, workers and computed names are seen too", () => {
  const path = "core/mem/frame.ts";
  for (
    const source of [
      `export * from "../reduce.ts";`,
      `const x = await import("../reduce.ts");`,
      `const x = await import(name);`,
      `new Worker(new URL("../reduce.ts", import.meta.url));`,
      `type R = import("../reduce.ts").R;`,
    ]
  ) assert.equal(importViolations(path, source).length, 1, source);
  assert.deepEqual(
    importViolations(path, `// import "../reduce.ts"\n"import '../reduce.ts'";`),
    [],
  );
});
