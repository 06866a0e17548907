/**
 * Who may import whom: the folder rules of the design as one table, and the check against it.
 *
 * The first row whose `files` fits a file governs it. A path that ends in a slash means everything
 * below that folder; `<device>` stands for one folder name, the same one throughout a row.
 */
import { posix } from "node:path";
import { references, tokenize } from "./tokens.ts";

/** One row of the table. */
export interface ImportRule {
  readonly files: readonly string[];
  /** What these files may import; a path after `!` is taken out again. */
  readonly may: readonly string[];
  /** Bare specifiers they may import; `*` is any, a colon at the end any name after it. */
  readonly packages?: readonly string[];
}

const base = ["core/assert.ts", "core/error.ts", "core/limits.ts"];
const facts = ["core/event.ts", "core/effect.ts"];
const objects = [
  "core/cap/",
  "core/sched/",
  "core/mem/",
  "core/proc/",
  "core/ipc/",
  "core/fs/",
  "core/completion/",
  "core/ledger/",
  // The tables of all objects, bound together as the one state type.
  "core/kernel.ts",
];

export const importRules: readonly ImportRule[] = [
  // Inside core: state and isa ← objects ← personality ← reduce.
  { files: base, may: base },
  { files: ["core/state/"], may: [...base, "core/state/"] },
  { files: ["core/isa/"], may: [...base, "core/state/", "core/isa/"] },
  { files: ["core/syscall/"], may: [...base, "core/isa/", "core/syscall/"] },
  { files: facts, may: [...base, ...facts, "core/state/", "core/isa/", "core/syscall/"] },
  { files: objects, may: [...base, ...facts, ...objects, "core/state/", "core/isa/"] },
  {
    files: ["core/personality/"],
    may: [
      ...base,
      ...facts,
      ...objects,
      "core/state/",
      "core/isa/",
      "core/syscall/",
      "core/personality/",
    ],
  },
  { files: ["core/"], may: ["core/"] },

  { files: ["drivers/registry.ts"], may: ["core/", "drivers/", "!drivers/host/"] },
  {
    files: ["drivers/host/"],
    // core/fs/tree_records.ts: the form in which a tree enters the kernel.
    may: [
      "drivers/host/",
      "core/state/",
      ...base,
      ...facts,
      "core/fs/tree_records.ts",
      "arch/machine/",
    ],
    packages: ["node:"],
  },
  { files: ["drivers/<device>/registers.ts"], may: [] },
  {
    files: ["drivers/<device>/model.ts"],
    may: ["drivers/<device>/registers.ts", "core/state/", "arch/machine/"],
  },
  { files: ["drivers/<device>/driver.ts"], may: ["drivers/<device>/registers.ts", "core/"] },

  {
    files: ["arch/"],
    may: ["arch/", "core/state/", "core/isa/", "core/syscall/", ...base, ...facts],
  },

  {
    files: ["mod.ts", "journal/commands/"],
    may: ["mod.ts", "deno.json", "core/", "arch/", "drivers/", "journal/"],
    packages: ["node:path"],
  },
  {
    files: ["journal/"],
    may: ["journal/", "!journal/commands/", "core/state/", ...facts],
    packages: ["fflate"],
  },
  { files: ["docs/"], may: ["docs/", "core/kernel.ts", "core/state/", "core/syscall/"] },
  { files: ["userland/"], may: ["userland/", "core/syscall/"], packages: ["node:"] },
  { files: ["tests/"], may: [""], packages: ["*"] },
];

/** Tests and the machines they share may import anything; nothing else may import them. */
export const isTestFile = (path: string): boolean =>
  /_test\.ts$|(?:^|\/)(?:testing|test_[^/]*)\.ts$/.test(path);

/**
 * The violations of one file, each as one line `FILE:LINE: …`.
 *
 * @param path of the file, relative to the repository
 * @param source its text
 */
export function importViolations(
  path: string,
  source: string,
  rules: readonly ImportRule[] = importRules,
): string[] {
  if (isTestFile(path)) return [];
  const found = ruleFor(path, rules);
  if (found === null) return [`${path}:1: no row of tests/import_rules.ts covers this file`];
  const { rule, device } = found;
  const violations: string[] = [];
  for (const { specifier, line } of references(tokenize(source))) {
    const target = /^\.{0,2}\//.test(specifier)
      ? posix.join(posix.dirname(path), specifier)
      : specifier;
    const allowed = target === specifier
      ? allowsPackage(rule, specifier)
      : allowsFile(rule, device, target) && (isInTests(path) || !isTestCode(target));
    if (!allowed) violations.push(`${path}:${line}: may not import ${target}`);
  }
  return violations;
}

const isInTests = (path: string): boolean => path.startsWith("tests/");
const isTestCode = (path: string): boolean => isInTests(path) || isTestFile(path);

function ruleFor(
  path: string,
  rules: readonly ImportRule[],
): { rule: ImportRule; device: string } | null {
  const device = /^drivers\/([^/]+)\//.exec(path)?.[1] ?? "";
  const rule = rules.find((row) => row.files.some((pattern) => fits(pattern, device, path)));
  return rule === undefined ? null : { rule, device };
}

function fits(pattern: string, device: string, path: string): boolean {
  const concrete = pattern.replace("<device>", device);
  return concrete === "" || concrete === path ||
    (concrete.endsWith("/") && path.startsWith(concrete));
}

function allowsFile(rule: ImportRule, device: string, target: string): boolean {
  const refused = rule.may.some((pattern) =>
    pattern.startsWith("!") && fits(pattern.slice(1), device, target)
  );
  return !refused && rule.may.some((pattern) => fits(pattern, device, target));
}

function allowsPackage(rule: ImportRule, specifier: string): boolean {
  return (rule.packages ?? []).some((name) =>
    name === "*" || name === specifier || (name.endsWith(":") && specifier.startsWith(name))
  );
}
