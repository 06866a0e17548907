import { rowOf } from "../../../core/syscall/rows.ts";
import { CALL_LIMIT } from "../../../core/syscall/rows.ts";
import type { SyscallRow } from "../../../core/syscall/row.ts";

/** How an argument is taken, as a number for the sensing loop. */
export const Take = {
  Register: 0,
  Path: 1,
  Struct: 2,
  Array: 3,
  Strings: 4,
  Frame: 5,
  Selected: 6,
  Indirect: 7,
} as const;

/** A call's row in the form that sensing reads: no property of it is looked up by name at run time. */
export interface CallPlan {
  /** Registers the event carries, a0 on. */
  readonly registers: number;
  /** Registers it carries after those, t3 on. */
  readonly temporaries: number;
  /** Arguments that copy bytes in, in order. */
  readonly copies: readonly CopyPlan[];
  /** Whether the event carries a reading of the clock. */
  readonly readsClock: boolean;
  /** Registers with address and length of what is written, -1 for none. */
  readonly glanceAt: number;
  readonly glanceLength: number;
}

/** One copied-in argument. */
export interface CopyPlan {
  readonly take: number;
  /** Register with its address. */
  readonly register: number;
  /** Bytes, or bytes of an element. */
  readonly bytes: number;
  /** Register with the number of elements of an array. */
  readonly count: number;
  /** Most elements copied. */
  readonly most: number;
  /** 0 where only the low half of that register counts, else 1. */
  readonly wide: number;
  /** What of the number of elements one element stands for. */
  readonly per: number;
  /** Values of the register `count` for which bytes are copied, each followed by its size. */
  readonly sizes: Int32Array;
  /** What its address must be a multiple of to be copied. */
  readonly align: number;
}

/** Plans of all calls by number, undefined where no row is. */
export function makeCallPlans(): readonly (CallPlan | undefined)[] {
  return Array.from({ length: CALL_LIMIT }, (_, call) => {
    const row = rowOf(call);
    return row === undefined ? undefined : planOf(row);
  });
}

const NO_SIZES = new Int32Array(0);

function planOf(row: SyscallRow): CallPlan {
  const copies: CopyPlan[] = [];
  let register = 0;
  let temporaries = 0;
  for (const { how } of row.args) {
    if (how.kind === "value" && how.temporary === true) {
      temporaries++;
      continue;
    }
    const copy = {
      register,
      bytes: 0,
      count: 0,
      most: 0,
      wide: 1,
      per: 1,
      sizes: NO_SIZES,
      align: 1,
    };
    if (how.kind === "path") copies.push({ ...copy, take: Take.Path });
    else if (how.kind === "strings") copies.push({ ...copy, take: Take.Strings });
    else if (how.kind === "in") copies.push({ ...copy, take: Take.Struct, bytes: how.bytes });
    else if (how.kind === "inIndirect") {
      copies.push({ ...copy, take: Take.Indirect, bytes: how.bytes });
    } else if (how.kind === "frame") copies.push({ ...copy, take: Take.Frame, bytes: how.bytes });
    else if (how.kind === "inArray") {
      const { element: bytes, count, most, per } = how;
      const wide = how.countBits === 64 ? 1 : 0;
      copies.push({ ...copy, take: Take.Array, bytes, count, most, wide, per });
    } else if (how.kind === "inSelected") {
      const sizes = Int32Array.from(Object.entries(how.bytes).flat().map(Number));
      const { selector: count, align } = how;
      copies.push({ ...copy, take: Take.Selected, count, sizes, align });
    }
    // What lies at the stack pointer has no register of its own.
    if (how.kind !== "frame") register++;
  }
  const { consumes, glance } = row;
  return {
    registers: register,
    temporaries,
    copies,
    readsClock: "slot" in consumes && consumes.slot === "clock",
    glanceAt: glance === undefined ? -1 : glance[0],
    glanceLength: glance === undefined ? -1 : glance[1],
  };
}
