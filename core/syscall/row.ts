/** How one argument of a call is taken at sense. */
export type ArgumentKind =
  /** The register alone. Those of a row marked temporary come last, and lie in t3 to t6. */
  | { readonly kind: "value"; readonly temporary?: true }
  /** A user address the reducer resolves itself: buffers, out structures. */
  | { readonly kind: "address" }
  /** A NUL-terminated string, copied in; longer than PATH_LIMIT is marked TooLong. */
  | { readonly kind: "path" }
  /** A structure of fixed size, copied in; a null pointer is marked Absent. */
  | { readonly kind: "in"; readonly bytes: number }
  /**
   * An array copied in: `count` names the argument with its length, `most` the largest length
   * copied; more is marked TooLong. An element stands for `per` of that length: 64 bits for a set.
   * Of the register with the length only `countBits` count, as the call's C type has it.
   */
  | {
    readonly kind: "inArray";
    readonly element: number;
    readonly count: number;
    readonly most: number;
    readonly per: number;
    readonly countBits: 32 | 64;
  }
  /**
   * A structure whose size depends on the argument `selector`: copied in for the values listed,
   * marked Absent for all others, and at an address that is no multiple of `align`.
   */
  | {
    readonly kind: "inSelected";
    readonly selector: number;
    readonly bytes: Readonly<Record<number, number>>;
    readonly align: number;
  }
  /**
   * A structure of fixed size whose address is the first word of a pair; a null pointer to the pair
   * or in it is marked Absent.
   */
  | { readonly kind: "inIndirect"; readonly bytes: number }
  /** A structure of fixed size at the stack pointer (x2), copied in; no register of its own. */
  | { readonly kind: "frame"; readonly bytes: number }
  /**
   * A null-terminated vector of strings, copied in as a count word and the strings with their NULs;
   * more than STRINGS_LIMIT bytes is marked TooLong.
   */
  | { readonly kind: "strings" };

/** Most bytes the string vectors of one call copy in together, with their count words. */
export const STRINGS_LIMIT = 57344;

/** What a blocked call does when a handled signal interrupts it. */
export type Blocking =
  /** It never blocks. */
  | "never"
  /** It runs again from its `ecall` when the action has SA_RESTART, else EINTR. */
  | "restart"
  /** Always EINTR. */
  | "eintr"
  /** It returns what it has done so far, if anything; else as restart. */
  | "progress";

/** The capability a call consumes: an argument, a well-known slot, or none with a reason. */
export type Consumed =
  | {
    readonly argument: number;
    /** Name of the CapKind it must be; any kind where it is not said. */
    readonly kind?: string;
    /** Names of the Right bits it must have. */
    readonly rights?: readonly string[];
  }
  | {
    readonly slot:
      | "space"
      | "self"
      | "root"
      | "cwd"
      | "console"
      | "clock"
      | "entropy"
      | "processes"
      | "names"
      | "irqs";
  }
  | { readonly none: string };

/** One call, declared once. */
export interface SyscallRow<N extends string = string> {
  readonly number: number;
  readonly name: N;
  readonly args: readonly { readonly name: string; readonly how: ArgumentKind }[];
  readonly consumes: Consumed;
  readonly blocking: Blocking;
  /** Argument that a glance of what is written is taken from at sense, with its length argument. */
  readonly glance?: readonly [number, number];
  readonly doc: string;
}

/** An argument taken as it stands in its register. */
export const value = { kind: "value" } as const;
/** An argument taken as it stands in the next of the registers t3 to t6. */
export const temporary = { kind: "value", temporary: true } as const;
/** A user address that stays an address. */
export const address = { kind: "address" } as const;
/** A copied-in path. */
export const path = { kind: "path" } as const;
/** A copied-in string vector. */
export const strings = { kind: "strings" } as const;
/** A copied-in structure. */
export const struct = (bytes: number): ArgumentKind => ({ kind: "in", bytes });
/** A structure copied in when another argument has one of the listed values, with their sizes. */
export const selected = (
  selector: number,
  bytes: Readonly<Record<number, number>>,
  align = 1,
): ArgumentKind => ({ kind: "inSelected", selector, bytes, align });
/** A structure copied in from the stack pointer. */
export const frame = (bytes: number): ArgumentKind => ({ kind: "frame", bytes });
/** A structure copied in from where a pair of words says it is. */
export const indirect = (bytes: number): ArgumentKind => ({ kind: "inIndirect", bytes });
/** A copied-in array. */
export const array = (
  element: number,
  count: number,
  most: number,
  countBits: 32 | 64,
  per = 1,
): ArgumentKind => ({ kind: "inArray", element, count, most, per, countBits });

/** Declares a row; arguments are given by name in register order. */
export function row<const N extends string>(
  number: number,
  name: N,
  args: Readonly<Record<string, ArgumentKind>>,
  consumes: Consumed,
  blocking: Blocking,
  doc: string,
  glance?: readonly [number, number],
): SyscallRow<N> {
  return {
    number,
    name,
    args: Object.keys(args).map((argument) => ({ name: argument, how: args[argument] })),
    consumes,
    blocking,
    doc,
    ...(glance === undefined ? {} : { glance }),
  };
}
