import { canonicalJson, type Json } from "./canonical_json.ts";

/** What a journal says about its run: everything that changes the run, and nothing else. */
export interface JournalHeader {
  /** Product and version that can read it, for people: "daybook 0.1.0". */
  readonly program: string;
  /** Digest of reducer, schema and ISA tables. Another one means another kernel. */
  readonly identity: string;
  /** ns per virtual instruction; clocks are multiples of it. */
  readonly timeUnit: number;
  /** Chain hash of the journal this one branched from, 32 hex digits, or "" (reserved). */
  readonly parent: string;
  /** The configuration: image digest, harts, memory, seeds, argv … as the caller defines it. */
  readonly configuration: { readonly [key: string]: Json };
}

/** The header as bytes: canonical JSON in UTF-8. */
export function encodeHeader(h: JournalHeader): Uint8Array {
  const { program, identity, timeUnit, parent, configuration } = h;
  return new TextEncoder().encode(
    canonicalJson({ program, identity, timeUnit, parent, configuration }),
  );
}

/** Reads a header; undefined when the bytes are not one. */
export function decodeHeader(bytes: Uint8Array): JournalHeader | undefined {
  let h: unknown;
  try {
    h = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
  return isHeader(h) ? h : undefined;
}

function isHeader(h: unknown): h is JournalHeader {
  if (typeof h !== "object" || h === null) return false;
  if (!("program" in h && "identity" in h && "timeUnit" in h && "parent" in h)) return false;
  return typeof h.program === "string" && typeof h.identity === "string" &&
    typeof h.timeUnit === "number" && h.timeUnit >= 1 && typeof h.parent === "string" &&
    "configuration" in h && typeof h.configuration === "object" && h.configuration !== null;
}

/** Why this program cannot replay the journal, as one line, or undefined when it can. */
export function refusal(h: JournalHeader, identity: string): string | undefined {
  if (h.identity === identity) return undefined;
  return `this journal was recorded by another kernel; ${h.program} can replay it`;
}
