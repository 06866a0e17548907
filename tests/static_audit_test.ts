/** Nothing that `reduce` can reach throws, catches, asserts presence, or indexes without a check. */
import assert from "node:assert/strict";
import { kernelTables } from "../core/kernel.ts";
import { repository } from "./daybook.ts";
import { ASSERTIONS, auditModule, ENTRY, LITERAL_TABLES, reachable } from "./static_audit.ts";

/** What the guarded fold wraps: columns, and the words and bytes of events and effects. */
const guarded: ReadonlySet<string> = new Set([
  ...Object.values(kernelTables).flatMap((table) => Object.keys(table.columns)),
  ...["$live", "$generation", "$nextFree", "$header"],
  ...["payload", "registers", "bytes", "words"],
]);

const read = (path: string): Promise<string> => Deno.readTextFile(`${repository}${path}`);

Deno.test("audit: nothing reachable from reduce throws, hides or indexes unchecked", async () => {
  const violations: string[] = [];
  const met = new Set<string>();
  const modules = await reachable(ENTRY, read);
  assert.ok(modules.length > 100, `only ${modules.length} modules are reached`);
  for (const path of modules) {
    if (path === ASSERTIONS) continue;
    const audit = auditModule(path, await read(path), guarded);
    violations.push(...audit.violations);
    for (const table of audit.tables) met.add(table);
  }
  assert.ok(violations.length === 0, `\n${violations.join("\n")}`);
  const stale = [...LITERAL_TABLES.keys()].filter((table) => !met.has(table));
  assert.deepEqual(stale, [], "literal tables that nothing indexes any more");
});

/** Each breaks one rule, in a function or at the top of a module. */
const planted: readonly (readonly [code: string, says: string])[] = [
  ["export function f() { throw new Error('x'); }", "throws"],
  ["export function f() { try { g(); } catch { return; } }", "catches"],
  ["export const f = (a) => a.b!;", "asserts that something is there"],
  ["export const f = (a) => a as any;", "says any"],
  ["export function f(a: any) {}", "says any"],
  ["export const f = (a) => a as unknown as number;", "casts twice"],
  ["// @ts-ignore\nexport const f = 1;", "a check is switched off"],
  ["// deno-lint-ignore no-explicit-any\nexport const f = 1;", "a check is switched off"],
  ["let calls = 0;\nexport function f() { calls++; }", "a variable of the module"],
  ["const seen: number[] = [];\nexport function f() { seen.push(1); }", "changes seen"],
  ["const seen = { n: 0 };\nexport function f() { seen.n += 1; }", "changes seen"],
  ["import { seen } from './x.ts';\nexport function f() { seen.n = 1; }", "changes seen"],
  ["const scratch = new Uint32Array(4);", "keeps a Uint32Array"],
  ["const byPid = new Map();", "makes a Map"],
  ["export function f(a) { for (const x of new Set(a)) g(x); }", "makes a Set"],
  ["export function f(a) { for (const key in a) g(key); }", "iterates over keys"],
  ["export function f(a) { delete a.b; }", "deletes a property"],
  ["class A { static n = 0; }", "a variable of the class"],
  ["export const f = (s, t) => s.thread.state[t] ?? 0;", "hides an index out of range"],
  ["export const f = (s, t) => s.thread.state?.[t];", "asks whether a column is there"],
  ["const NAMES = ['a'];\nexport const f = (i) => NAMES[i];", "an unchecked index into NAMES"],
  ["export const f = (a, i) => a.list[i];", "an unchecked index into list"],
];

Deno.test("audit: each rule, when broken, is seen with its line", () => {
  for (const [code, says] of planted) {
    const { violations } = auditModule("core/x.ts", `export {};\n${code}\n`, guarded);
    assert.ok(
      violations.some((v) => /^core\/x\.ts:[23]: /.test(v) && v.includes(says)),
      `${code}: ${violations.join("; ")}`,
    );
  }
});

Deno.test("audit: what the kernel does all the time is let pass", () => {
  const source = `
    const LEVELS = 256;
    const KINDS = { A: 1 } as const;
    export function f(s: State, fx: Effects, e: Event, bytes: Uint8Array, at: number): number {
      const { uid } = s.process;
      const heap = s.hart.heap;
      let n = 0;
      for (let i = 0; i < 4; i++) n += s.thread.cursor[6 * at + i] + heap[i] + bytes[at + i];
      s.thread.state[at] = 1;
      fx.bytes[at] = e.payload[at] ?? KINDS.A;
      return n + uid[at] + e.registers[2 * at] + LEVELS;
    }`.replace(" ?? KINDS.A", "");
  assert.deepEqual(auditModule("core/x.ts", source, guarded).violations, []);
});
