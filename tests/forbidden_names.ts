/** The names that deterministic code may not use, and where. */
import { isTestFile } from "./import_rules.ts";
import { type Token, tokenize } from "./tokens.ts";

/** What reads the host: its clock, chance, network, files and processes. */
const HOST = new Set([
  "Date",
  "Deno",
  "Temporal",
  "WeakRef",
  "FinalizationRegistry",
  "crypto",
  "fetch",
  "globalThis",
  "performance",
  "navigator",
  "localStorage",
  "sessionStorage",
  "WebSocket",
]);

/** What lets something happen later, in an order nobody wrote down. */
const LATER = new Set([
  "Promise",
  "async",
  "await",
  "queueMicrotask",
  "requestAnimationFrame",
  "setImmediate",
  "setInterval",
  "setTimeout",
]);

/** What depends on the host's language. */
const LOCALE = new Set(["Intl"]);

/** The kernel has processes of its own, so only these members give Node's away. */
const NODE_PROCESS =
  /^(?:argv|binding|cpuUsage|env|hrtime|memoryUsage|nextTick|platform|stderr|stdin|stdout|uptime)$/;

/** One row: files, and the sets of names they may not use. The first row that fits governs. */
interface NameRule {
  readonly files: RegExp;
  readonly names: readonly ReadonlySet<string>[];
}

const nameRules: readonly NameRule[] = [
  { files: /^drivers\/host\//, names: [] },
  { files: /^(?:core|arch|drivers)\//, names: [HOST, LATER, LOCALE] },
  // The codec is deterministic; the rest of journal may wait for its writer, but drivers/host alone
  // touches the host.
  { files: /^journal\/(?:format\/|[^/]*codec)/, names: [HOST, LATER, LOCALE] },
  { files: /^(?:journal\/|mod\.ts$)/, names: [HOST] },
];

/** The forbidden names one file uses, each as one line `FILE:LINE: …`. */
export function nameViolations(path: string, source: string): string[] {
  const rule = nameRules.find(({ files }) => files.test(path));
  if (isTestFile(path) || rule === undefined || rule.names.length === 0) return [];
  const tokens = tokenize(source);
  const found: string[] = [];
  tokens.forEach((token, index) => {
    const name = forbiddenName(tokens, index, rule);
    if (name !== null) found.push(`${path}:${token.line}: ${name} is not deterministic here`);
  });
  return found;
}

function forbiddenName(tokens: readonly Token[], index: number, rule: NameRule): string | null {
  const token = tokens[index];
  if (token?.kind !== "name") return null;
  const { text } = token;
  const member = isPunctuation(tokens[index - 1], ".") && !isPunctuation(tokens[index - 2], ".");
  const next = isPunctuation(tokens[index + 1], ".") ? tokens[index + 2]?.text ?? "" : "";
  if (member) {
    const localised = rule.names.includes(LOCALE) && /^(?:toLocale|localeCompare$)/.test(text);
    return localised ? `.${text}` : null;
  }
  if (text === "Math" && next === "random") return "Math.random";
  if (text === "process" && NODE_PROCESS.test(next)) return `process.${next}`;
  return rule.names.some((names) => names.has(text)) ? text : null;
}

const isPunctuation = (token: Token | undefined, text: string): boolean =>
  token?.kind === "punctuation" && token.text === text;
