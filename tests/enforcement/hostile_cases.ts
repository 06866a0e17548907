/**
 * Hostile arguments for every call of the Linux table, generated from its rows: one good call by
 * hand for each, and then each of its pointers, counts and paths spoilt in every way, one at a time.
 */
import type { ArgumentKind, SyscallRow } from "../../core/syscall/row.ts";
import { type LinuxCall, linuxRows } from "../../core/syscall/table.ts";
import { type Around, type Base, BASES } from "./hostile_bases.ts";
import { CONTENTS, Place } from "./hostile_places.ts";

/** A call with its arguments. */
export interface Call {
  readonly number: number;
  readonly args: readonly bigint[];
}

/** What the program userland/bad/calls.c does next. */
export type Step =
  | { readonly do: "call"; readonly call: Call; readonly of?: Case }
  | { readonly do: "poke"; readonly at: bigint; readonly bytes: Uint8Array }
  | { readonly do: "child" | "keep" | "restore" | "signal" };

/** One spoilt argument. */
export interface Case {
  readonly call: LinuxCall;
  /** Name of the argument, with which of the good calls it is taken from if there are more. */
  readonly argument: string;
  readonly hazard: string;
  readonly key: string;
}

/** Pointers that no call may use, by name. */
const BAD_POINTERS: Readonly<Record<string, bigint>> = {
  null: 0n,
  low: 1n,
  hole: Place.hole,
  "no access": Place.none,
  beyond: 1n << 38n,
  middle: 1n << 63n,
  kernel: 0xffff_ffc0_0000_0000n,
  last: (1n << 64n) - 1n,
  wrapping: (1n << 64n) - 8n,
  straddling: Place.end - 1n,
};
/** Pointers that may only be read. */
const READ_ONLY: Readonly<Record<string, bigint>> = {
  "read-only": Place.readOnly,
  "straddling read-only": Place.readOnlyEdge - 1n,
};
/** Counts that no memory has room for. */
const BAD_COUNTS: Readonly<Record<string, bigint>> = {
  "2^31 - 1": (1n << 31n) - 1n,
  "2^31": 1n << 31n,
  "2^32": 1n << 32n,
  "2^63 - 1": (1n << 63n) - 1n,
  "2^63": 1n << 63n,
  "2^64 - 1": (1n << 64n) - 1n,
};
const BAD_PATHS: Readonly<Record<string, bigint>> = {
  "endless": Place.endless,
  "long name": Place.longName,
  "long path": Place.longPath,
  "empty": Place.empty,
};
const BAD_VECTORS: Readonly<Record<string, bigint>> = {
  "kernel element": Place.vectorKernel,
  "hole element": Place.vectorHole,
  "straddling element": Place.vectorStraddling,
  "too much": Place.vectorMuch,
};

/** Names of arguments that say how much; every other `value` is no amount. */
export const COUNTS: ReadonlySet<string> = new Set([
  "count",
  "size",
  "length",
  "oldSize",
  "newSize",
]);

/** Whether a call may write where this argument points. */
function isOut(how: ArgumentKind, row: SyscallRow): boolean {
  return how.kind === "address" && !READERS.has(row.name);
}
/** Calls whose address arguments are only read. */
const READERS: ReadonlySet<string> = new Set(["write", "pwrite64"]);

function hazardsOf(how: ArgumentKind, name: string, row: SyscallRow): [string, bigint][] {
  const spoil = Object.entries<bigint>;
  switch (how.kind) {
    case "value":
      return COUNTS.has(name) ? spoil(BAD_COUNTS) : [];
    case "path":
      return [...spoil(BAD_POINTERS), ...spoil(BAD_PATHS)];
    case "strings":
      return [...spoil(BAD_POINTERS), ...spoil(BAD_VECTORS)];
    case "frame":
      return [];
    case "address":
      return [...spoil(BAD_POINTERS), ...isOut(how, row) ? spoil(READ_ONLY) : []];
    default:
      return spoil(BAD_POINTERS);
  }
}

/** What happens right around one case: the memory is as it was, and what its base wants is done. */
function casesOf(row: SyscallRow<LinuxCall>, base: Base, suffix: string): Step[] {
  const steps: Step[] = [];
  const around = (list: readonly Around[] | undefined): void => {
    for (const [name, ...args] of list ?? []) {
      if (name === "child" || name === "signal") steps.push({ do: name });
      else steps.push({ do: "call", call: { number: numberOf(name), args } });
    }
  };
  const run = (argument: string, hazard: string, args: readonly bigint[]): void => {
    steps.push({ do: "restore" });
    around(base.before);
    const key = `${row.name}${suffix}(${argument}${hazard === "" ? "" : ": "}${hazard})`;
    const of = { call: row.name, argument, hazard, key };
    steps.push({ do: "call", call: { number: row.number, args }, of });
    around(base.after);
  };
  row.args.forEach(({ name, how }, i) => {
    const wide = how.kind === "value" && COUNTS.has(name);
    if (wide) run(name, "good + 2^32", base.args.with(i, base.args[i] + (1n << 32n)));
    for (const [hazard, word] of hazardsOf(how, name, row)) {
      run(name, hazard, base.args.with(i, word));
    }
  });
  if (base.waits !== true) run("good", "", base.args);
  return steps;
}

const numbers = new Map<string, number>(linuxRows.map((row) => [row.name, row.number]));
function numberOf(name: LinuxCall): number {
  return numbers.get(name) ?? -1;
}

/** Steps of all cases of a call, in order; none for a call that is left out. */
export function stepsOf(row: SyscallRow<LinuxCall>): Step[] {
  const bases = BASES[row.name];
  if (typeof bases === "string") return [];
  return bases.flatMap((base, i) => casesOf(row, base, bases.length === 1 ? "" : ` ${i + 1}`));
}

/** Puts what the calls read into memory, and keeps it. */
export const PREPARATION: readonly Step[] = [
  ...CONTENTS.map(([at, bytes]) => ({ do: "poke", at, bytes }) as const),
  { do: "keep" },
];

const OPCODE = { child: 4n, keep: 5n, restore: 6n, signal: 7n } as const;

/** The script in the form userland/bad/calls.c reads. */
export function encodeSteps(steps: readonly Step[]): Uint8Array {
  const words: bigint[] = [];
  for (const step of steps) {
    if (step.do === "call") {
      const { number, args } = step.call;
      words.push(1n, BigInt(number), ...args, ...new Array(6 - args.length).fill(0n));
    } else if (step.do === "poke") {
      const padded = new Uint8Array((step.bytes.length + 7) & ~7);
      padded.set(step.bytes);
      words.push(2n, step.at, BigInt(step.bytes.length));
      words.push(...new BigUint64Array(padded.buffer));
    } else words.push(OPCODE[step.do]);
  }
  return new Uint8Array(BigUint64Array.from(words).buffer);
}
