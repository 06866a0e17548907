/** A small tokenizer for TypeScript: enough to find names and import specifiers, no more. */

/** One token. Comments are dropped; the text of a string is its content, escapes left alone. */
export interface Token {
  readonly kind: "name" | "number" | "string" | "regexp" | "punctuation";
  readonly text: string;
  /** Line number, from 1. */
  readonly line: number;
}

/** After one of these words a slash starts a regular expression. */
const BEFORE_VALUE =
  /^(?:return|typeof|case|in|of|void|delete|throw|new|else|do|instanceof|await|yield)$/;

const SPACE = /\s+|\/\/[^\n]*|\/\*[^]*?\*\//y;
const NAME = /#?[\p{ID_Start}$_][\p{ID_Continue}$]*/uy;
const NUMBER = /(?:0[xXbBoO][\da-fA-F_]+|(?:\d[\d_]*)?\.?\d[\d_]*\.?(?:[eE][+-]?\d[\d_]*)?)n?/y;
const STRING = /"((?:[^"\\\n]|\\[^])*)"|'((?:[^'\\\n]|\\[^])*)'/y;
const REGEXP = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const TEMPLATE_PART = /(?:[^`\\$]|\\[^]|\$(?!\{))*/y;

/**
 * The tokens of a source text. The pieces of a template are strings; what stands in its `${…}` is
 * tokenized like the rest.
 *
 * @throws when a string, template or comment does not end
 */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  /** For each open template expression, how many braces are open inside it. */
  const templates: number[] = [];
  let at = source.startsWith("#!") ? source.indexOf("\n") : 0;
  let line = 1;

  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(source);
  };
  const take = (kind: Token["kind"], whole: string, text = whole): void => {
    tokens.push({ kind, text, line });
    skip(whole);
  };
  const skip = (whole: string): void => {
    at += whole.length;
    for (const char of whole) if (char === "\n") line += 1;
  };
  /** From just after a backquote or the brace that ends an expression, to the next such point. */
  const templatePart = (): void => {
    const part = match(TEMPLATE_PART)?.[0] ?? "";
    take("string", part);
    if (source[at] === "`") skip("`");
    else if (source.startsWith("${", at)) {
      skip("${");
      templates.push(0);
    } else throw new Error(`line ${line}: a template does not end`);
  };

  while (at < source.length) {
    const char = source[at] ?? "";
    let found: RegExpExecArray | null;
    if ((found = match(SPACE)) !== null) skip(found[0]);
    else if ((found = match(NAME)) !== null) take("name", found[0]);
    else if (/\d/.test(char) || (char === "." && /\d/.test(source[at + 1] ?? ""))) {
      take("number", match(NUMBER)?.[0] ?? char);
    } else if (char === '"' || char === "'") {
      found = match(STRING);
      if (found === null) throw new Error(`line ${line}: a string does not end`);
      take("string", found[0], found[1] ?? found[2] ?? "");
    } else if (char === "`") {
      skip(char);
      templatePart();
    } else if (char === "/" && startsValue(tokens.at(-1)) && (found = match(REGEXP)) !== null) {
      take("regexp", found[0]);
    } else if (source.startsWith("/*", at)) throw new Error(`line ${line}: a comment does not end`);
    else if (char === "}" && templates.at(-1) === 0) {
      templates.pop();
      skip(char);
      templatePart();
    } else {
      const depth = templates.length - 1;
      if (depth >= 0 && char === "{") templates[depth] = (templates[depth] ?? 0) + 1;
      if (depth >= 0 && char === "}") templates[depth] = (templates[depth] ?? 0) - 1;
      take("punctuation", char);
    }
  }
  if (templates.length > 0) throw new Error("a template's expression does not end");
  return tokens;
}

/** Whether a value, not an operator, may follow the token. */
function startsValue(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === "name") return BEFORE_VALUE.test(before.text);
  return before.kind === "punctuation" && before.text !== ")" && before.text !== "]";
}

/** A module that another one names. */
export interface Reference {
  readonly specifier: string;
  readonly line: number;
}

/**
 * Every module a source names: static and dynamic imports, re-exports, `import()` types, and
 * `new URL("…", import.meta.url)`, which is how a worker's module is named.
 *
 * A dynamic import of something other than a literal is reported with the specifier `?`.
 */
export function references(tokens: readonly Token[]): Reference[] {
  const found: Reference[] = [];
  const is = (index: number, text: string): boolean =>
    tokens[index]?.text === text && tokens[index]?.kind !== "string";
  tokens.forEach((token, index) => {
    const { line } = token;
    const next = tokens[index + 1];
    if (token.kind !== "name" || is(index - 1, ".")) return;
    if (token.text === "import" && next !== undefined) {
      if (next.kind === "string") found.push({ specifier: next.text, line });
      else if (is(index + 1, "(")) {
        const argument = tokens[index + 2];
        const literal = argument?.kind === "string" && (is(index + 3, ")") || is(index + 3, ","));
        found.push({ specifier: literal ? argument.text : "?", line });
      }
    }
    const before = tokens[index - 1];
    // A variable called `from` in a template stands after neither a name nor a closing brace.
    const imports = before?.kind === "name" || is(index - 1, "}") || is(index - 1, "*");
    if (token.text === "from" && next?.kind === "string" && imports) {
      found.push({ specifier: next.text, line });
    }
    if (
      token.text === "URL" && is(index + 1, "(") && is(index + 3, ",") && is(index + 4, "import")
    ) {
      const argument = tokens[index + 2];
      if (argument?.kind === "string" && argument.text.endsWith(".ts")) {
        found.push({ specifier: argument.text, line });
      }
    }
  });
  return found;
}
