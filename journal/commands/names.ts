import { cause } from "../../core/isa/trap_cause.ts";

const SIGNALS: readonly string[] = ("0 HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 " +
  "PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS")
  .split(" ");

/** "SIGSEGV" of 11. */
export function signalName(signal: number): string {
  return signal >= 1 && signal < SIGNALS.length ? `SIG${SIGNALS[signal]}` : `signal ${signal}`;
}

const CAUSES: Readonly<Record<number, string>> = {
  [cause.fetchMisaligned]: "misaligned instruction",
  [cause.fetchAccess]: "instruction access fault",
  [cause.illegalInstruction]: "illegal instruction",
  [cause.breakpoint]: "breakpoint",
  [cause.loadMisaligned]: "misaligned load",
  [cause.loadAccess]: "load access fault",
  [cause.storeMisaligned]: "misaligned store",
  [cause.storeAccess]: "store access fault",
  [cause.fetchPage]: "instruction page fault",
  [cause.loadPage]: "load page fault",
  [cause.storePage]: "store page fault",
};

/** An exception code in words. */
export function causeName(code: number): string {
  return CAUSES[code] ?? `exception ${code}`;
}

/** Names by errno (asm-generic/errno.h), 1 to 40, and those beyond that the kernel returns. */
const ERRNOS: readonly string[] = ("0 PERM NOENT SRCH INTR IO NXIO 2BIG NOEXEC BADF CHILD AGAIN " +
  "NOMEM ACCES FAULT NOTBLK BUSY EXIST XDEV NODEV NOTDIR ISDIR INVAL NFILE MFILE NOTTY TXTBSY " +
  "FBIG NOSPC SPIPE ROFS MLINK PIPE DOM RANGE DEADLK NAMETOOLONG NOLCK NOSYS NOTEMPTY LOOP")
  .split(" ");
const FURTHER_ERRNOS: Readonly<Record<number, string>> = { 95: "OPNOTSUPP", 110: "TIMEDOUT" };

/** "-ENOENT" of 2. */
export function errnoName(errno: number): string {
  const name = ERRNOS[errno] ?? FURTHER_ERRNOS[errno];
  return name === undefined || errno < 1 ? `-${errno}` : `-E${name}`;
}
