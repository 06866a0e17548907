/**
 * The static audit: what no source that `reduce` can reach may say.
 *
 * Reachable is every module that core/reduce.ts imports, directly or not: more than is ever called,
 * and never less. The one module left out is core/assert.ts, whose business throwing is.
 *
 * An index counts as checked when it indexes
 * - a column of a table, an event's or the effects' words and bytes, or a typed array handed in: the
 *   guarded fold (tests/kernel/guarded_fold.ts) reads and writes those through bounds checks; or
 * - one of the literal tables listed in LITERAL_TABLES, each with the reason why it is in range.
 */
import { references, tokenize } from "./tokens.ts";

/** The module whose reach is audited, and the one that may throw. */
export const ENTRY = "core/reduce.ts";
export const ASSERTIONS = "core/assert.ts";

/** Arrays and records of constants that are indexed by a computed value, and why that is in range. */
export const LITERAL_TABLES: ReadonlyMap<string, string> = new Map([
  ["core/effect.ts ARITY", "by an EffectKind, which only the methods below name"],
  ["core/fs/termios.ts INITIAL", "by a loop over its own length"],
  ["core/ledger/opening.ts Account", "by the names of the resources, which are its keys"],
  ["core/mem/fault.ts PROT_OF", "by an AccessKind: refuse admits no other"],
  ["core/mem/fault.ts PTE_OF", "by an AccessKind: refuse admits no other"],
  ["core/mem/frame.ts ROLE_ACCOUNT", "by a FrameRole: only allocFrame and its like store one"],
  ["core/personality/dispatch.ts handlerAt", "while the module loads, by the numbers of the rows"],
  ["core/personality/dispatch.ts answerAt", "while the module loads, by the numbers of the rows"],
  ["core/personality/dispatch.ts handlers", "absent ones are asked for and answered"],
  ["core/personality/dispatch.ts answers", "absent ones are asked for and answered"],
  ["core/personality/dispatch.ts bound", "while the module loads, by the numbers of the rows"],
  ["core/personality/dispatch.ts slots", "one for every number below CALL_LIMIT"],
  [
    "core/personality/dispatch.ts KnownSlot",
    "while the module loads, by the names of the rows' slots",
  ],
  ["core/personality/linux/directory.ts DIRENT_TYPE", "by an InodeKind, of a live inode"],
  ["core/personality/linux/errno.ts Err", "while the module loads, by its own keys"],
  ["core/personality/linux/errno.ts ERRNO", "while the module loads, by its own keys"],
  ["core/personality/linux/identity.ts UNAME", "by a loop over its own length"],
  ["core/personality/linux/stat.ts TYPE_BITS", "by an InodeKind, of a live inode"],
  ["core/proc/trampoline.ts words", "by a loop over its own length"],
  ["core/reduce.ts interruptRules", "one for every number below CALL_LIMIT: others never wait"],
  ["core/sched/scheduler.ts classes", "by a thread's class, which only fork copies, from 0"],
  ["core/state/arena.ts IMPLICIT", "absent ones fall back to the declared column"],
  ["core/state/arena.ts capacities", "absent ones fall back to the declared number"],
  ["core/state/arena.ts tables", "by its own keys"],
  ["core/state/arena.ts views", "one for each column of the table, by its name"],
  ["core/state/table.ts lists", "one for each element type"],
  ["core/state/table.ts view", "a column, at the live row that is freed"],
  ["core/syscall/row.ts args", "by its own keys"],
  ["core/syscall/rows.ts rows", "while the module loads, by the numbers of the rows"],
  ["core/syscall/rows.ts byNumber", "absent ones are said to be absent"],
  ["core/well_formed.ts shapes", "one for every number below CALL_LIMIT, which is asked first"],
  ["core/well_formed.ts copies", "by a loop over its own length"],
]);

/** Objects a module may keep for ever: they have no state of their own. */
const STATELESS = new Set(["Scheduler"]);

/** Array and typed-array methods that change what they are called on. */
const CHANGES =
  /^(?:push|pop|shift|unshift|splice|sort|reverse|fill|set|copyWithin|add|delete|clear|append)$/;

const TYPED = "(?:Uint8Array|Uint16Array|Uint32Array|Int32Array|Float64Array)";
/** A parameter that is a typed array. */
const TYPED_PARAMETER = new RegExp(
  String.raw`\b(\w+): (?:Readonly<)?${TYPED}(?: \| ${TYPED})*>?(?=[,);\s])`,
  "g",
);

/** A node of the parser's tree, as far as the audit looks. */
// deno-lint-ignore no-explicit-any
type Node = any;

/** What an audit found, each as one line `FILE:LINE: …`, and the literal tables it met. */
export interface Audit {
  readonly violations: readonly string[];
  readonly tables: readonly string[];
}

/** Every module below core that `entry` imports, directly or not, `entry` included; sorted. */
export async function reachable(
  entry: string,
  read: (path: string) => Promise<string>,
): Promise<string[]> {
  const seen = new Set<string>();
  const pending = [entry];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const { specifier } of references(tokenize(await read(path)))) {
      pending.push(new URL(specifier, `file:///${path}`).pathname.slice(1));
    }
  }
  return [...seen].sort();
}

/** The identifier an expression begins with: `a` of `a.b[c].d()`. */
function rootOf(node: Node): string {
  let at = node;
  for (;;) {
    if (at.type === "Identifier") return at.name;
    if (at.type === "MemberExpression") at = at.object;
    else if (at.type === "CallExpression") at = at.callee;
    else if (/^TS(?:NonNull|As|Satisfies)Expression$/.test(at.type)) at = at.expression;
    else return at.type === "ThisExpression" ? "this" : "";
  }
}

/** Whether code stands outside every function and class: it runs once, while the module loads. */
function isTopLevel(node: Node): boolean {
  for (let at = node.parent; at !== null && at !== undefined; at = at.parent) {
    if (/Function|Class|Method/.test(at.type)) return false;
  }
  return true;
}

/** One module under audit. */
class Auditor {
  readonly #violations: string[] = [];
  readonly #tables = new Set<string>();
  /** Names that stand for typed arrays somewhere in the module. */
  readonly #typed = new Set<string>();
  /** Names bound by the module itself, or imported. */
  readonly #bound = new Set<string>();

  constructor(
    private readonly path: string,
    private readonly source: string,
    private readonly columns: ReadonlySet<string>,
  ) {}

  run(): Audit {
    for (const [, name] of this.source.matchAll(TYPED_PARAMETER)) this.#typed.add(name ?? "");
    // Twice: an alias may be used in a function that stands above its declaration's like.
    this.#visit({ VariableDeclarator: (node: Node) => this.#alias(node) });
    this.#comments();
    this.#visit(this.#rules());
    return { violations: this.#violations, tables: [...this.#tables] };
  }

  #visit(visitor: Record<string, (node: Node) => void>): void {
    const plugin = { name: "audit", rules: { audit: { create: () => visitor } } };
    Deno.lint.runPlugin(plugin as Deno.lint.Plugin, this.path, this.source);
  }

  #report(node: Node, what: string): void {
    const line = this.source.slice(0, node.range[0]).split("\n").length;
    this.#violations.push(`${this.path}:${line}: ${what}`);
  }

  #comments(): void {
    this.source.split("\n").forEach((text, i) => {
      if (!/(?:\/\/|\/\*)\s*(?:@ts-|deno-lint-ignore)/.test(text)) return;
      this.#violations.push(`${this.path}:${i + 1}: a check is switched off`);
    });
  }

  /** Takes in what a variable is: a typed array, or something bound for the module's life. */
  #alias({ id, init, parent }: Node): void {
    if (id.type === "ObjectPattern") {
      for (const { value } of id.properties) {
        if (value?.type === "Identifier" && this.columns.has(value.name)) {
          this.#typed.add(value.name);
        }
      }
    }
    if (id.type !== "Identifier") return;
    if (init !== null && this.#isTyped(init)) this.#typed.add(id.name);
    if (isTopLevel(parent)) this.#bound.add(id.name);
  }

  /** Whether an expression is a column, words or bytes of an event or effects, or a typed array. */
  #isTyped(node: Node): boolean {
    switch (node.type) {
      case "Identifier":
        return this.#typed.has(node.name);
      case "MemberExpression":
        return !node.computed && this.columns.has(node.property.name);
      case "ConditionalExpression":
        return this.#isTyped(node.consequent) && this.#isTyped(node.alternate);
      case "NewExpression":
        return new RegExp(`^${TYPED}$`).test(node.callee.name ?? "");
      case "CallExpression":
        // What a function gives back is a column when its declared type is a typed array.
        return new RegExp(`function ${node.callee.name ?? "?"}\\([^]*?\\): ${TYPED} \\{`)
          .test(this.source);
      default:
        return false;
    }
  }

  #rules(): Record<string, (node: Node) => void> {
    const no = (what: string) => (node: Node): void => this.#report(node, what);
    return {
      ThrowStatement: no("throws: only the assertion module does"),
      TryStatement: no("catches: a defect is the loop's to catch"),
      TSNonNullExpression: no("asserts that something is there, unchecked"),
      TSAnyKeyword: no("says any"),
      ForInStatement: (node) => {
        if (rootOf(node.right) !== "columns") this.#report(node, "iterates over keys");
      },
      AwaitExpression: no("waits"),
      ImportDeclaration: (node) => {
        for (const { local } of node.specifiers) this.#bound.add(local.name);
      },
      TSAsExpression: (node) => {
        if (node.expression.type === "TSAsExpression") this.#report(node, "casts twice");
      },
      NewExpression: (node) => this.#new(node),
      VariableDeclaration: (node) => {
        if (node.kind !== "const" && isTopLevel(node)) {
          this.#report(node, "a variable of the module");
        }
      },
      PropertyDefinition: (node) => {
        if (node.static && !node.readonly) this.#report(node, "a variable of the class");
      },
      AssignmentExpression: (node) => this.#write(node, node.left),
      UpdateExpression: (node) => this.#write(node, node.argument),
      UnaryExpression: (node) => {
        if (node.operator === "delete") this.#report(node, "deletes a property");
      },
      CallExpression: (node) => {
        const { callee } = node;
        if (callee.type !== "MemberExpression" || callee.computed) return;
        if (CHANGES.test(callee.property.name)) this.#write(node, callee.object);
      },
      LogicalExpression: (node) => {
        if (node.operator !== "??") return;
        const { left } = node;
        const index = left.type === "MemberExpression" && left.computed;
        if (index && this.#isTyped(left.object)) this.#report(node, "hides an index out of range");
      },
      MemberExpression: (node) => this.#member(node),
    };
  }

  #new(node: Node): void {
    const name = node.callee.name ?? "";
    if (/^(?:Weak)?(?:Map|Set)$/.test(name)) this.#report(node, `makes a ${name}`);
    if (!isTopLevel(node) || STATELESS.has(name) || name === "Array") return;
    this.#report(node, `keeps a ${name} for the life of the module`);
  }

  /** A write outside of loading must not reach what the module binds. */
  #write(node: Node, target: Node): void {
    const name = rootOf(target);
    if (isTopLevel(node) || !this.#bound.has(name) || this.#isLocal(node, name)) return;
    this.#report(node, `changes ${name}, which the module keeps`);
  }

  /** Whether a function around the node binds the name itself. */
  #isLocal(node: Node, name: string): boolean {
    for (let at = node.parent; at !== null && at !== undefined; at = at.parent) {
      if (!/Function/.test(at.type)) continue;
      const text = this.source.slice(at.range[0], at.range[1]);
      if (new RegExp(`(?:const|let) ${name}\\b|[(,]\\s*${name}[:,)]`).test(text)) return true;
    }
    return false;
  }

  #member(node: Node): void {
    if (node.optional && this.#isTyped(node.object)) {
      this.#report(node, "asks whether a column is there");
    }
    if (!node.computed || node.property.type === "Literal" || this.#isTyped(node.object)) return;
    const { object } = node;
    const name = object.type === "MemberExpression" ? object.property.name : rootOf(object);
    const key = `${this.path} ${name}`;
    this.#tables.add(key);
    if (LITERAL_TABLES.has(key)) return;
    this.#report(node, `an unchecked index into ${name}`);
  }
}

/**
 * Audits one module.
 *
 * @param columns names of columns, and of the words and bytes of events and effects
 */
export function auditModule(path: string, source: string, columns: ReadonlySet<string>): Audit {
  return new Auditor(path, source, columns).run();
}
