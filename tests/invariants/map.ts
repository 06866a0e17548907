/**
 * The map from features to invariants, tests and mutants (`tests/invariants.json`), what it must hold
 * to have no gap, and what it is held against: the declarations in the source.
 */
import { CapKind } from "../../core/cap/tables.ts";
import { EffectKind } from "../../core/effect.ts";
import { EventKind } from "../../core/event.ts";
import { kernelTables } from "../../core/kernel.ts";
import { Account } from "../../core/ledger/accounts.ts";
import { WaitKind } from "../../core/sched/tables.ts";
import { syscallRows } from "../../core/syscall/rows.ts";
import { repository } from "../daybook.ts";
import { walk } from "../walk.ts";

/** One feature held by one invariant. */
export interface Row {
  /** The invariant: J1 to J12, C1 to C32, P1 to P20, F1 to F29, I1 to I18. */
  readonly id: string;
  readonly feature: string;
  readonly predicate: string;
  /** `path | name of the test`, or how its name begins. */
  readonly tests: readonly string[];
  /** Names of mutants that a test of the row catches. */
  readonly mutants: readonly string[];
  /** What of the kernel it covers: `syscall:read`, `table:pipe`, `event:Timer`, `wait:Child`, … */
  readonly covers: readonly string[];
  /** Why nothing could break it, where no mutant can. */
  readonly byConstruction?: string;
}

/** The map. */
export interface InvariantMap {
  readonly rows: readonly Row[];
  /** Invariants of features that are not there (yet), with the feature. */
  readonly later: readonly { readonly id: string; readonly why: string }[];
}

/** What the map is held against. */
export interface Facts {
  /** Names of tests by path. A name with a `*` stands for what a template fills in. */
  readonly tests: ReadonlyMap<string, readonly string[]>;
  readonly mutants: ReadonlySet<string>;
  /** All that must be covered. */
  readonly features: readonly string[];
}

const COUNTS: readonly (readonly [letter: string, last: number])[] = [
  ["J", 12],
  ["C", 32],
  ["P", 20],
  ["F", 29],
  ["I", 18],
];

/** Every invariant of the specification. */
export const ids: readonly string[] = COUNTS.flatMap(([letter, last]) =>
  Array.from({ length: last }, (_, i) => `${letter}${i + 1}`)
);

/** Everything the source declares that a row must cover. */
export function declaredFeatures(): string[] {
  const keys = (kind: string, object: object): string[] =>
    Object.keys(object).filter((key) => key !== "None").map((key) => `${kind}:${key}`);
  return [
    ...syscallRows.map((row) => `syscall:${row.name}`),
    ...keys("table", kernelTables),
    ...keys("event", EventKind),
    ...keys("effect", EffectKind),
    ...keys("account", Account),
    ...keys("capability", CapKind),
    ...keys("wait", WaitKind),
  ];
}

/** What the repository declares: tests, mutants, features. */
export async function repositoryFacts(): Promise<Facts> {
  const tests = new Map<string, string[]>();
  const mutants = new Set<string>();
  for (const path of await walk(repository)) {
    const isMutant = path.startsWith("tests/mutants/") && path.endsWith(".mutant");
    if (!isMutant && !path.endsWith("_test.ts")) continue;
    const text = await Deno.readTextFile(`${repository}${path}`);
    if (!isMutant) tests.set(path, testNames(path, text));
    else for (const [, name] of text.matchAll(/^MUTANT (.+)$/gm)) mutants.add((name ?? "").trim());
  }
  return { tests, mutants, features: declaredFeatures() };
}

/** Names of the tests a source declares; a `*` stands for what is only known when it runs. */
export function testNames(path: string, source: string): string[] {
  const names: string[] = [];
  // deno-lint-ignore no-explicit-any
  const nameOf = (node: any): string => {
    if (node?.type === "Literal") return String(node.value);
    // deno-lint-ignore no-explicit-any
    if (node?.type === "TemplateLiteral") return node.quasis.map((q: any) => q.cooked).join("*");
    if (node?.type !== "ObjectExpression") return "*";
    // deno-lint-ignore no-explicit-any
    const property = node.properties.find((p: any) => p.key?.name === "name");
    return property === undefined ? "*" : nameOf(property.value);
  };
  const plugin: Deno.lint.Plugin = {
    name: "names",
    rules: {
      names: {
        create: () => ({
          CallExpression(node) {
            const { callee } = node;
            // A function of the test's own that registers tests, as `testOnEachEngine("…", f);`.
            const registers = callee.type === "Identifier" && /^test[A-Z]/.test(callee.name) &&
              node.parent.type === "ExpressionStatement";
            if (registers) return void names.push(nameOf(node.arguments[0]));
            if (callee.type !== "MemberExpression" || callee.object.type !== "Identifier") return;
            const method = callee.property.type === "Identifier" ? callee.property.name : "";
            if (callee.object.name !== "Deno" || method !== "test") return;
            names.push(nameOf(node.arguments[0]));
          },
        }),
      },
    },
  };
  Deno.lint.runPlugin(plugin, path, source);
  return names;
}

/** Whether a test name of the map, or how one begins, is what a declared name can be. */
export function names(declared: string, wanted: string): boolean {
  const [first = "", ...rest] = declared.split("*");
  if (rest.length === 0) return declared.startsWith(wanted);
  if (wanted.length <= first.length) return first !== "" && first.startsWith(wanted);
  if (!wanted.startsWith(first)) return false;
  const fixed = declared.replaceAll("*", "").trim();
  // A name that only a run knows cannot be told from any other.
  return fixed !== "";
}

function rowGaps(row: Row, facts: Facts): string[] {
  const gaps: string[] = [];
  const where = `${row.id} ${row.feature}`;
  if (!ids.includes(row.id)) gaps.push(`${where}: ${row.id} is no invariant`);
  if (row.feature === "" || row.predicate === "") gaps.push(`${where}: says nothing`);
  if (row.tests.length === 0) gaps.push(`${where}: no test`);
  for (const test of row.tests) {
    const [path = "", name = ""] = test.split("|").map((part) => part.trim());
    const declared = facts.tests.get(path);
    if (declared === undefined) gaps.push(`${where}: no test file ${path}`);
    else if (name === "" || !declared.some((d) => names(d, name))) {
      gaps.push(`${where}: ${path} has no test "${name}"`);
    }
  }
  if (row.mutants.length === 0 && (row.byConstruction ?? "") === "") {
    gaps.push(`${where}: neither a mutant nor a reason why there is none`);
  }
  for (const mutant of row.mutants) {
    if (!facts.mutants.has(mutant)) gaps.push(`${where}: no mutant "${mutant}"`);
  }
  const known = new Set(facts.features);
  for (const feature of row.covers) {
    // A site is a place in a handler, which no declaration lists.
    if (!known.has(feature) && !feature.startsWith("site:")) {
      gaps.push(`${where}: covers ${feature}, which is not declared`);
    }
  }
  return gaps;
}

/** Everything that is missing from the map or wrong in it, a line each. */
export function gapsOf(map: InvariantMap, facts: Facts): string[] {
  const gaps = map.rows.flatMap((row) => rowGaps(row, facts));
  const seen = new Set<string>();
  for (const { id, feature } of map.rows) {
    if (seen.has(`${id} ${feature}`)) gaps.push(`${id} ${feature}: twice`);
    seen.add(`${id} ${feature}`);
  }
  const held = new Set(map.rows.map((row) => row.id));
  const later = new Set(map.later.map((entry) => entry.id));
  for (const id of ids) {
    if (!held.has(id) && !later.has(id)) gaps.push(`${id}: neither held nor said to come later`);
    if (held.has(id) && later.has(id)) gaps.push(`${id}: held by a row, and said to come later`);
  }
  for (const { id, why } of map.later) {
    if (!ids.includes(id) || why === "") gaps.push(`later ${id}: no invariant, or no reason`);
  }
  const order = map.rows.map((row) => ids.indexOf(row.id));
  if (order.some((at, i) => i > 0 && at < (order[i - 1] ?? 0))) {
    gaps.push("the rows are not in the order of their ids");
  }
  const covered = new Set(map.rows.flatMap((row) => row.covers));
  for (const feature of facts.features) {
    if (!covered.has(feature)) gaps.push(`${feature}: no row covers it`);
  }
  return gaps;
}
