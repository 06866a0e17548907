/**
 * Which of the kernel's errors a function can return, read from the source: those it names itself and
 * those of the functions whose results it uses. It knows of no conditions, so it finds too many
 * rather than too few; what is only compared with, in `r === -Err.Io` or `mayBind(…) < 0`, is not
 * returned.
 */
import { posix } from "node:path";
import type { Err } from "../core/error.ts";

/** An error by name. */
export type ErrName = keyof typeof Err;

/** A node of the parser's tree, as far as this looks. */
// deno-lint-ignore no-explicit-any
type Node = any;

/** What one function of a module names. */
interface Body {
  readonly errors: Set<ErrName>;
  readonly calls: Set<string>;
}

interface Module {
  readonly functions: Map<string, Body>;
  /** Imported names: the module each is from, and its name there. */
  readonly imports: Map<string, readonly [path: string, name: string]>;
}

/** Operators that only look at a value. */
const COMPARES = /^(?:[!=]==|[<>]=?)$/;

/** Whether what an expression comes to may be returned: it is neither dropped nor only compared. */
function isUsed({ parent }: Node): boolean {
  if (parent.type === "ExpressionStatement") return false;
  return parent.type !== "BinaryExpression" || !COMPARES.test(parent.operator);
}

/** Name of the function declaration around a node, or "". */
function functionAround(node: Node): string {
  for (let at = node.parent; at !== null && at !== undefined; at = at.parent) {
    if (at.type === "FunctionDeclaration") return at.id?.name ?? "";
  }
  return "";
}

function parse(path: string, source: string): Module {
  const functions = new Map<string, Body>();
  const imports = new Map<string, readonly [string, string]>();
  /** Local names of errors, as in `const { Again } = Err`. */
  const named = new Map<string, ErrName>();
  const bodyOf = (node: Node): Body => {
    const name = functionAround(node);
    const body = functions.get(name) ?? { errors: new Set(), calls: new Set() };
    functions.set(name, body);
    return body;
  };
  const visit = (visitor: Record<string, (node: Node) => void>): void => {
    const plugin = { name: "errors", rules: { errors: { create: () => visitor } } };
    Deno.lint.runPlugin(plugin as Deno.lint.Plugin, path, source);
  };
  visit({
    ImportDeclaration: ({ specifiers, source: from }) => {
      for (const { local, imported } of specifiers) {
        const module = posix.join(posix.dirname(path), from.value);
        imports.set(local.name, [module, imported?.name ?? local.name]);
      }
    },
    VariableDeclarator: ({ id, init }) => {
      if (id.type !== "ObjectPattern" || init?.name !== "Err") return;
      for (const { key, value } of id.properties) named.set(value.name, key.name);
    },
  });
  visit({
    UnaryExpression: (node) => {
      const { operator, argument } = node;
      if (operator !== "-" || !isUsed(node)) return;
      const isMember = argument.type === "MemberExpression" && argument.object.name === "Err";
      const error = isMember ? argument.property.name : named.get(argument.name);
      if (error !== undefined) bodyOf(node).errors.add(error);
    },
    CallExpression: (node) => {
      if (node.callee.type === "Identifier" && isUsed(node)) {
        bodyOf(node).calls.add(node.callee.name);
      }
    },
  });
  return { functions, imports };
}

/** Reads sources, each once, and follows functions from one to another. */
export class ErrorReader {
  private readonly modules = new Map<string, Module>();

  /** @param read the text of a module, by its path from the repository's root */
  constructor(private readonly read: (path: string) => string) {}

  private module(path: string): Module {
    const module = this.modules.get(path) ?? parse(path, this.read(path));
    this.modules.set(path, module);
    return module;
  }

  /**
   * What a function can return.
   *
   * @returns each error, with the functions that name it, as `PATH NAME`; and every function that
   * was followed
   */
  errorsOf(path: string, name: string): {
    readonly errors: ReadonlyMap<ErrName, readonly string[]>;
    readonly followed: ReadonlySet<string>;
  } {
    const errors = new Map<ErrName, string[]>();
    const followed = new Set<string>();
    const follow = (from: string, called: string): void => {
      const key = `${from} ${called}`;
      if (followed.has(key)) return;
      followed.add(key);
      const { functions, imports } = this.module(from);
      const body = functions.get(called);
      for (const error of body?.errors ?? []) {
        errors.set(error, [...errors.get(error) ?? [], key]);
      }
      for (const next of body?.calls ?? []) follow(...(imports.get(next) ?? [from, next] as const));
    };
    follow(path, name);
    return { errors, followed };
  }
}
