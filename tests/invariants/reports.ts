/** What a check can report, read from its source. */

/** A node of the parser's tree, as far as this looks. */
// deno-lint-ignore no-explicit-any
type Node = any;

/** The text of a literal or template, with a `*` for what is filled in; "" for anything else. */
function textOf(node: Node): string {
  if (node?.type === "Literal") return String(node.value);
  if (node?.type !== "TemplateLiteral") return "";
  return node.quasis.map((quasi: Node) => quasi.cooked).join("*");
}

/** Functions that say why somebody waits for nothing: their reports begin with "waits". */
const REASONS = /^(?:pointless|waitsForZombies)$/;

/** Whether a node stands in a function whose texts are reports. */
function isReason(node: Node): boolean {
  for (let at = node.parent; at !== null && at !== undefined; at = at.parent) {
    if (at.type === "FunctionDeclaration") return REASONS.test(at.id?.name ?? "");
  }
  return false;
}

/** Whether a literal is what a function returns, on one condition or another. */
function isReturned(node: Node): boolean {
  let at = node;
  while (at.parent?.type === "ConditionalExpression" && at.parent.test !== at) at = at.parent;
  return at.parent?.type === "ReturnStatement";
}

/** Every text that a check reports, with a `*` for what is filled in. */
export function reportsIn(source: string): string[] {
  const found = new Set<string>();
  const visitor: Record<string, (node: Node) => void> = {
    CallExpression: ({ callee, arguments: args }) => {
      const text = callee.name === "report" ? textOf(args[2]) : "";
      if (text !== "" && text !== "waits *") found.add(text);
    },
    Literal: (node) => {
      if (typeof node.value !== "string" || node.value === "") return;
      if (isReturned(node) && isReason(node)) found.add(`waits ${node.value}`);
    },
  };
  const plugin = { name: "reports", rules: { reports: { create: () => visitor } } };
  Deno.lint.runPlugin(plugin as Deno.lint.Plugin, "check.ts", source);
  return [...found];
}
