/**
 * What must come of each shortage. Errnos are Linux's for the same lack (its manual pages: fork,
 * open, pipe, mmap, execve, …), but where its kernel has no such table: a descriptor there is no
 * object of its own, so `dup` answers ENFILE as `open` and `pipe` do.
 */
import type { Shortage } from "./scarcity.ts";
import type { CleanRun, Verdict } from "./fail_each.ts";

/** errno values of Linux that a lack of anything is answered with. */
export const Errno = { NoExec: 8, Again: 11, NoMemory: 12, TableFull: 23, NoSpace: 28 } as const;

type Answers = Readonly<Record<string, number>>;

const MEMORY: Answers = {
  frames: Errno.NoMemory,
  pageTable: Errno.NoMemory,
  objectPage: Errno.NoMemory,
  addressSpace: Errno.NoMemory,
  asids: Errno.NoMemory,
  region: Errno.NoMemory,
  memoryObject: Errno.NoMemory,
  image: Errno.NoMemory,
  chunkRequest: Errno.NoMemory,
  waiter: Errno.NoMemory,
};
const DESCRIPTORS: Answers = { openFile: Errno.TableFull, capNode: Errno.TableFull };
const NAMES: Answers = {
  inode: Errno.NoSpace,
  memoryObject: Errno.NoSpace,
  directoryEntry: Errno.NoSpace,
  nameChunk: Errno.NoSpace,
};
const FORK: Answers = {
  ...MEMORY,
  process: Errno.Again,
  thread: Errno.Again,
  waiter: Errno.Again,
  capNode: Errno.Again,
};

/** The native word for everything there is no more of. */
const NO_SPACE = 9;
const TOKENS: Answers = Object.fromEntries(
  [
    ...["capNode", "namePage", "notification", "memoryObject", "addressSpace", "asids", "region"],
    ...["timer", "irq", "frames", "pageTable", "process", "thread", "waiter"],
  ].map((resource) => [resource, NO_SPACE]),
);

/** What messages are made of; a table of theirs that is full may have room again soon. */
const MESSAGES: Answers = Object.fromEntries(
  ["channel", "connection", "message", "pulse", "ringEntry", "capNode", "namePage"].map(
    (resource) => [resource, Errno.Again],
  ),
);

/** The library's word for a thread that cannot be had, whatever it lacks. */
const THREADS: Answers = Object.fromEntries(
  ["thread", "waiter", "region", "memoryObject", "pageTable", "frames", "process"].map(
    (resource) => [resource, Errno.Again],
  ),
);

/** The errno a call answers a lack of something with, by the call's name in fail_each.c. */
const ANSWERS: Readonly<Record<string, Answers>> = {
  fork: FORK,
  vfork: FORK,
  execve: MEMORY,
  mmap: MEMORY,
  "mmap shared": MEMORY,
  munmap: MEMORY,
  mprotect: MEMORY,
  mremap: MEMORY,
  brk: MEMORY,
  futex: { ...MEMORY, futex: Errno.NoMemory },
  ppoll: MEMORY,
  "ppoll input": MEMORY,
  pselect: MEMORY,
  "read file": MEMORY,
  "read input": MEMORY,
  "write pipe": MEMORY,
  "open fifo": { ...DESCRIPTORS, pipe: Errno.NoMemory },
  pipe2: { ...DESCRIPTORS, pipe: Errno.TableFull },
  open: DESCRIPTORS,
  "open trunc": { ...DESCRIPTORS, memoryObject: Errno.NoSpace },
  creat: { ...DESCRIPTORS, ...NAMES },
  dup: DESCRIPTORS,
  dup3: DESCRIPTORS,
  fcntl: DESCRIPTORS,
  mkdir: NAMES,
  mkfifo: NAMES,
  symlink: NAMES,
  link: NAMES,
  rename: NAMES,
  "write file": MEMORY,
  pwrite: MEMORY,
  sendfile: MEMORY,
  notification: TOKENS,
  derive: TOKENS,
  copy: TOKENS,
  token: TOKENS,
  memory: TOKENS,
  space: TOKENS,
  map: TOKENS,
  spawn: TOKENS,
  timer: TOKENS,
  irq: TOKENS,
  "native thread": TOKENS,
  channel: MESSAGES,
  attach: MESSAGES,
  pulse: MESSAGES,
  post: MESSAGES,
  name: { serviceName: Errno.NoMemory },
  receive: MESSAGES,
  timeout: MESSAGES,
  "send pages": MEMORY,
  "receive pages": { ...MEMORY, shootdown: Errno.NoMemory },
  // A page of names is the receiver's.
  carry: { ...MESSAGES, namePage: Errno.NoSpace },
  thread: THREADS,
};

/** Calls whose short counts are an answer: what was moved before the shortage stays moved. */
const MAY_BE_SHORT = /^(?:write pipe|read pipe|write file|pwrite|writev|readv|sendfile) short$/;
/** What a process that finds no page is killed for; the kernel delivers nothing milder. */
const KILLS = new Set(["frames", "pageTable", "objectPage", "chunkRequest", "shootdown"]);
const KILLED = 9;
/** Functions that go on later with what they could not have now, in the same call. */
const GO_ON_LATER = new Set([
  "fillPages",
  "transferVector",
  "sweepUnmap",
  "sweepProtect",
  "moveLeaves",
  "copyPages",
]);
/** Init, whose program cannot be loaded, exits with the errno; the tree that has no room, with 125. */
const EXEC_FAILED = Errno.NoMemory << 8;
const TREE_REFUSED = 125 << 8;

function errnoOf(call: string, resource: string, functions: readonly string[]): number {
  // A page of a file in memory is room on the disk; a page of the caller's buffer is memory.
  const grows = functions.includes("writablePage");
  if (grows && (resource === "frames" || resource === "objectPage")) return Errno.NoSpace;
  return ANSWERS[call]?.[resource] ?? 0;
}

/** Judges the first line a run says more than the undisturbed one; "" when it is as it must be. */
function judgeLine(line: string, resource: string, functions: readonly string[]): string {
  if (MAY_BE_SHORT.test(line)) return "";
  if (line === `child killed ${KILLED}`) return KILLS.has(resource) ? "" : "it kills a child";
  // The child of a vfork cannot say why it could not execute; its parent says that it did not.
  if (line === "child exit 127") return "";
  const match = /^(.+) (\d+)$/.exec(line);
  if (match === null) return `it says "${line}"`;
  const expected = errnoOf(match[1], resource, functions);
  if (expected === 0) return `${match[1]} is not known to lack it`;
  return Number(match[2]) === expected ? "" : `${match[1]} answers ${match[2]}, not ${expected}`;
}

/** What is wrong with the outcome of a shortage, "" when nothing is. */
export function judge(clean: CleanRun, shortage: Shortage, verdict: Verdict): string {
  const { resource, looks } = shortage;
  const functions = verdict.met.split("<");
  if (verdict.met === "") return "nothing met the shortage";
  if (verdict.said.length > 0) return judgeLine(verdict.said[0], resource, functions);
  if (verdict.status === KILLED) return KILLS.has(resource) ? "" : "it kills the program";
  if (verdict.status !== 0) {
    const early = verdict.status === EXEC_FAILED || verdict.status === TREE_REFUSED;
    return clean.scenario === "nothing" && early ? "" : `the program ends with ${verdict.status}`;
  }
  if (verdict.lost) return "lines are missing, and none says why";
  const goesOn = functions.some((name) => GO_ON_LATER.has(name));
  return looks || goesOn ? "" : "nobody notices";
}
