/** What each crime of userland/bad/crimes.c must end with. */

const Signal = { Ill: 4, Trap: 5, Bus: 7, Segv: 11 } as const;
/** si_code by its name in the C library. */
const Code = {
  SEGV_MAPERR: 1,
  SEGV_ACCERR: 2,
  BUS_ADRALN: 1,
  BUS_ADRERR: 2,
  ILL_ILLOPC: 1,
  TRAP_BRKPT: 1,
} as const;
/** Trap causes (privileged ISA manual). */
const Cause = {
  Illegal: 2,
  Breakpoint: 3,
  LoadMisaligned: 4,
  StoreMisaligned: 6,
  Fetch: 12,
  Load: 13,
  Store: 15,
} as const;

/** The right end of a crime. */
export interface Verdict {
  readonly signal: number;
  readonly code: number;
  readonly cause: number;
  /** si_addr and trap value, less the target; "pc" where the instruction itself is the offence. */
  readonly address: number | "pc";
  /** An address the target itself must have; undefined where the program chooses it. */
  readonly target?: bigint;
}

type Row = readonly [name: string, target?: bigint | undefined, offset?: number];

function rows(signal: number, code: number, cause: number, list: readonly Row[]) {
  return list.map(([name, target, offset = 0]) =>
    [name, {
      signal,
      code,
      cause,
      address: offset,
      ...(target === undefined ? {} : { target }),
    }] as const
  );
}

const KERNEL = 0xffff_ffc0_0000_0000n;
const KERNEL_TEXT = 0xffff_ffff_8000_0000n;
const LAST = 0xffff_ffff_ffff_fffen;
const BEYOND = 0x40_0000_0000n;
const MIDDLE = 0x8000_0000_0000_0000n;
const HOLE = 0x8000_0000_0000n;
const STACK_LIMIT = 0x3f_f000_0000n - 8n * 1024n * 1024n;

const { SEGV_MAPERR, SEGV_ACCERR } = Code;

/** By name; the program has no crime that is not here, and none here is missing there. */
export const VERDICTS: ReadonlyMap<string, Verdict> = new Map<string, Verdict>([
  ...rows(Signal.Segv, SEGV_ACCERR, Cause.Store, [
    ["write constants"],
    ["write constants, float"],
    ["write text"],
    ["write read-only"],
    ["write read-only end"],
    ["write executable"],
    ["write untouched read-only"],
    ["write after fork"],
    ["write read-only file"],
    ["atomic on read-only"],
    ["conditional on read-only"],
    ["write no access"],
    ["atomic on no access"],
    // The lower page may be written: the upper one's first byte is what fails, and nothing is stored.
    ["write into read-only", undefined, 4],
  ]),
  ...rows(Signal.Segv, SEGV_ACCERR, Cause.Load, [["read execute-only"], ["read no access"]]),
  ...rows(Signal.Segv, SEGV_ACCERR, Cause.Fetch, [
    ["execute data"],
    ["execute stack"],
    ["execute heap"],
    ["execute mapping"],
    ["execute read-only"],
    ["execute after mprotect"],
    ["execute no access"],
    ["execute into data", undefined, 2],
  ]),
  ...rows(Signal.Segv, SEGV_MAPERR, Cause.Load, [
    ["read unmapped"],
    ["reserve unmapped"],
    ["read into unmapped", undefined, 4],
    ["read beyond heap"],
    ["read null", 0n],
    ["read null end", 0xfffn],
    ["read below stack limit", STACK_LIMIT - 1n],
    ["read user end", BEYOND - 2n],
    ["read first beyond", BEYOND],
    ["read alias"],
    ["read high alias"],
    ["read hole", HOLE],
    ["read middle", MIDDLE],
    ["read below kernel", KERNEL - 2n],
    ["read kernel start", KERNEL],
    ["read kernel text", KERNEL_TEXT],
    ["read kernel odd", KERNEL_TEXT + 0x122n],
    ["read last byte", LAST],
  ]),
  ...rows(Signal.Segv, SEGV_MAPERR, Cause.Store, [
    ["write unmapped"],
    ["write unmapped end"],
    ["write into unmapped", undefined, 4],
    ["write null", 0n],
    ["write null field", 8n],
    ["write below stack limit", STACK_LIMIT - 1n],
    ["write below full stack", STACK_LIMIT - 1n],
    ["write stack guard"],
    ["write first beyond", BEYOND],
    ["write alias"],
    ["write high alias"],
    ["write middle odd", MIDDLE + 2n],
    ["write kernel start", KERNEL],
    ["write kernel text", KERNEL_TEXT],
    ["write last page", 0xffff_ffff_ffff_f000n],
    ["write last byte", LAST],
  ]),
  ...rows(Signal.Segv, SEGV_MAPERR, Cause.Fetch, [
    ["execute unmapped"],
    ["execute null", 0n],
    ["execute low end", 0xfffen],
    ["execute user end", BEYOND - 2n],
    ["execute first beyond", BEYOND],
    ["execute alias"],
    ["execute high alias"],
    ["execute hole", HOLE],
    ["execute middle odd", MIDDLE + 2n],
    ["execute below kernel", KERNEL - 2n],
    ["execute kernel start", KERNEL],
    ["execute kernel text", KERNEL_TEXT],
    ["execute kernel odd", KERNEL_TEXT + 0x122n],
    ["execute last byte", LAST],
  ]),
  ...rows(Signal.Bus, Code.BUS_ADRERR, Cause.Load, [
    ["read beyond file"],
    ["read beyond private file"],
  ]),
  ...rows(Signal.Bus, Code.BUS_ADRERR, Cause.Store, [["write beyond file"]]),
  ...rows(Signal.Bus, Code.BUS_ADRERR, Cause.Fetch, [["execute beyond file"]]),
  ...rows(Signal.Bus, Code.BUS_ADRALN, Cause.StoreMisaligned, [
    ["atomic misaligned"],
    ["conditional misaligned"],
  ]),
  ...rows(Signal.Bus, Code.BUS_ADRALN, Cause.LoadMisaligned, [["reserve misaligned"]]),
  ...["illegal zero", "read supervisor register", "supervisor return"].map((name) =>
    [name, {
      signal: Signal.Ill,
      code: Code.ILL_ILLOPC,
      cause: Cause.Illegal,
      address: "pc",
    }] as const
  ),
  ["breakpoint", {
    signal: Signal.Trap,
    code: Code.TRAP_BRKPT,
    cause: Cause.Breakpoint,
    address: "pc",
  }],
]);

const EPERM = 1, ENOMEM = 12, EACCES = 13, EFAULT = 14, ENODEV = 19, EINVAL = 22;

/** The errno of each mapping that nobody gets. */
export const REFUSALS: Readonly<Record<string, number>> = {
  "mmap rwx": EACCES,
  "mmap wx": EACCES,
  "mmap shared rwx": EACCES,
  "mprotect rwx": EACCES,
  "mprotect wx": EACCES,
  "mprotect text rwx": EACCES,
  "mprotect stack rwx": EACCES,
  "mprotect half": ENOMEM,
  "mmap null": EPERM,
  "mmap low": EPERM,
  "mmap user end": ENOMEM,
  "mmap first beyond": ENOMEM,
  "mmap kernel": ENOMEM,
  "mmap wrapping": ENOMEM,
  "mmap endless": ENOMEM,
  "munmap kernel": EINVAL,
  "munmap wrapping": EINVAL,
  "munmap endless": EINVAL,
  "mprotect kernel": ENOMEM,
  "mprotect unmapped": ENOMEM,
  "mremap kernel": EFAULT,
  "mprotect read-only file": EACCES,
  "mmap read-only file": EACCES,
  "mmap write-only file": EACCES,
  "mmap pipe": ENODEV,
  "mmap device": ENODEV,
  "exec rwx": EACCES,
};

const NO_RESERVATION = "without a reservation it never looks at the address";
const OWN_STACK = "its stack is one mapping of fixed size among others";
const WIDE = "its guest addresses do not end at 2^38";
const NO_ADDRESS = "the host's processor gives no address for a non-canonical one";
const ALLOWS_BOTH = "Linux lets a page be written and executed";
const LOWER = "the host lets root map the lowest pages";

/** Where `qemu-riscv64` cannot be compared with, and why. */
export const NOT_COMPARED: Readonly<Record<string, string>> = {
  "conditional on read-only": NO_RESERVATION,
  "conditional misaligned": NO_RESERVATION,
  "read execute-only": "a page that can be executed can be read on the host",
  "read below stack limit": OWN_STACK,
  "write below stack limit": OWN_STACK,
  "write below full stack": OWN_STACK,
  "write stack guard": OWN_STACK,
  "read first beyond": WIDE,
  "write first beyond": WIDE,
  "execute first beyond": WIDE,
  "read high alias": NO_ADDRESS,
  "write high alias": NO_ADDRESS,
  "read hole": NO_ADDRESS,
  "read middle": NO_ADDRESS,
  "write middle odd": NO_ADDRESS,
  "mmap rwx": ALLOWS_BOTH,
  "mmap wx": ALLOWS_BOTH,
  "mmap shared rwx": ALLOWS_BOTH,
  "mprotect rwx": ALLOWS_BOTH,
  "mprotect wx": ALLOWS_BOTH,
  "mprotect text rwx": ALLOWS_BOTH,
  "mprotect stack rwx": ALLOWS_BOTH,
  "exec rwx": ALLOWS_BOTH,
  "mmap null": LOWER,
  "mmap low": LOWER,
  "mmap user end": WIDE,
  "mmap first beyond": WIDE,
  "mprotect unmapped": WIDE,
};
