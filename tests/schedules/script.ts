/** Programs for model threads: a few instructions, just enough to call the kernel in any order. */

/**
 * An argument of a call: a register's value, or what a copied-in argument holds (null: a null
 * pointer).
 */
export type Argument = number | string | Uint8Array | null | Action | Word | Held;

/** The word at the start of a page, read when the call is made. */
export interface Word {
  readonly word: number;
}

/**
 * The result of an earlier call of the thread, or of the thread it was made from; with `of`, what the
 * thread of that name has kept. 0 where there is none.
 */
export interface Held {
  readonly held: string;
  readonly of?: string;
}

/** A struct sigaction whose handler is the code at a label. */
export interface Action {
  readonly handler: string;
  readonly flags: number;
  readonly mask: Uint8Array;
}

/** One instruction of a model thread. */
export type Op =
  /** A system call; `name` is what its result is logged under, "" for not at all. */
  | {
    readonly kind: "call";
    readonly number: number;
    readonly args: readonly Argument[];
    readonly name: string;
  }
  /** Goes to a label when the last result was 0. */
  | { readonly kind: "ifZero"; readonly to: string }
  | { readonly kind: "label"; readonly name: string }
  /** Reads the first byte of a page; logged. */
  | { readonly kind: "load"; readonly page: number }
  /** Writes the first byte of a page. */
  | { readonly kind: "store"; readonly page: number; readonly value: number }
  /** Keeps the last result under a name. */
  | { readonly kind: "keep"; readonly name: string }
  /** Adds a word to the log. */
  | { readonly kind: "say"; readonly text: string }
  /** Where the setting up ends: threads stop here until all that are to come are here. */
  | { readonly kind: "go" }
  /** Runs on for ever without an event. */
  | { readonly kind: "halt" };

/** A program: its instructions and where its labels are. */
export interface Script {
  readonly ops: readonly Op[];
  readonly labels: ReadonlyMap<string, number>;
}

/** Puts a program together. */
export function script(...parts: readonly (Op | readonly Op[])[]): Script {
  const ops = parts.flat() as Op[];
  const labels = new Map<string, number>();
  ops.forEach((op, i) => {
    if (op.kind === "label") labels.set(op.name, i);
  });
  return { ops, labels };
}

/** A call whose result is logged as `name=result`. */
export function call(name: string, number: number, ...args: readonly Argument[]): Op {
  return { kind: "call", number, args, name };
}
/** A call that the log does not tell of. */
export function quiet(number: number, ...args: readonly Argument[]): Op {
  return { kind: "call", number, args, name: "" };
}
export const label = (name: string): Op => ({ kind: "label", name });
export const load = (page: number): Op => ({ kind: "load", page });
export const store = (page: number, value: number): Op => ({ kind: "store", page, value });
export const keep = (name: string): Op => ({ kind: "keep", name });
export const held = (name: string): Held => ({ held: name });
export const heldBy = (of: string, name: string): Held => ({ held: name, of });
export const say = (text: string): Op => ({ kind: "say", text });
export const go: Op = { kind: "go" };
export const halt: Op = { kind: "halt" };

/** Numbers of the calls the scripts make. */
export const Nr = {
  futex: 98,
  schedSetparam: 118,
  ftruncate: 46,
  openat: 56,
  close: 57,
  pipe2: 59,
  read: 63,
  write: 64,
  readv: 65,
  sendfile: 71,
  pselect6: 72,
  ppoll: 73,
  exitThread: 93,
  exit: 94,
  setTidAddress: 96,
  nanosleep: 101,
  setitimer: 103,
  clockNanosleep: 115,
  setaffinity: 122,
  yield: 124,
  kill: 129,
  tgkill: 131,
  sigsuspend: 133,
  sigaction: 134,
  sigprocmask: 135,
  sigtimedwait: 137,
  sigreturn: 139,
  setpgid: 154,
  munmap: 215,
  clone: 220,
  execve: 221,
  mmap: 222,
  mprotect: 226,
  wait4: 260,
  mknodat: 33,
  ioctl: 29,
  toyRest: 702,
  channelCreate: 660,
  attach: 662,
  msgSend: 664,
  msgSendBytes: 665,
  msgReceive: 667,
  msgReplyBytes: 670,
  msgReply: 669,
  msgPulse: 674,
  channelCreateAsync: 680,
  msgPost: 681,
  channelBind: 682,
  msgSendPages: 690,
  msgTimeout: 676,
  msgSendCaps: 678,
  channelDestroy: 661,
  detach: 663,
  msgError: 672,
  msgReplyReceive: 673,
  setpriority: 140,
  notificationCreate: 610,
  notificationSignal: 611,
  notificationWait: 612,
  capIdentify: 600,
  capDerive: 601,
  capMint: 602,
  capCopy: 603,
  capMove: 604,
  capDelete: 605,
  capRevoke: 606,
  capSpace: 607,
  capProcess: 608,
  memoryCreate: 620,
  spaceMap: 630,
  threadDestroy: 642,
  threadSelf: 643,
  threadJoin: 644,
} as const;

/** Signals the scripts send. */
export const Sig = {
  usr1: 10,
  usr2: 12,
  kill: 9,
  stop: 19,
  cont: 18,
  segv: 11,
  chld: 17,
  alrm: 14,
} as const;

export const SA_RESTART = 0x1000_0000;
export const SA_NODEFER = 0x4000_0000;

/** Addresses of model programs: where code lies, what an instruction is long, the stack's top. */
export const CODE = 0x10_0000;
export const OP_BYTES = 4;
export const STACK_TOP = 0x3f_f000_0000;
/** A buffer on the stack; every copied-in argument is said to lie at the second. */
export const BUFFER = STACK_TOP - 16_384;
export const COPIED = STACK_TOP - 12_288;
/** First stack pointer of a model thread. */
export const FIRST_SP = STACK_TOP - 20_480;

/** Little-endian words as the bytes of a structure. */
export function words64(...words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(8 * words.length);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => {
    view.setUint32(8 * i, word >>> 0, true);
    view.setUint32(8 * i + 4, Math.floor(word / 2 ** 32) >>> 0, true);
  });
  return bytes;
}

/** A struct timespec. */
export const timespec = (ns: number): Uint8Array => words64(Math.floor(ns / 1e9), ns % 1e9);

/** Operations on futexes. */
export const Futex = {
  wait: 0,
  wake: 1,
  requeue: 3,
  compareRequeue: 4,
  lock: 6,
  unlock: 7,
  tryLock: 8,
} as const;

/** An operation on the futex at the start of a page; its word is read when the call is made. */
export function futex(
  name: string,
  page: number,
  op: number,
  value: number,
  ...rest: readonly Argument[]
): Op {
  return call(name, Nr.futex, { word: page }, op, value, ...rest);
}

/** A struct pollfd. */
export function pollfd(fd: number, events: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, fd, true);
  view.setInt16(4, events, true);
  return bytes;
}

/** A signal set. */
export const set = (...signals: readonly number[]): Uint8Array =>
  words64(signals.reduce((sum, signal) => sum + 2 ** (signal - 1), 0));

/** Makes a process that goes on at a label. */
export function fork(to: string): readonly Op[] {
  return [quiet(Nr.clone, 17, 0, 0, 0, 0), { kind: "ifZero", to }];
}

/** Flags of clone as the C libraries make a thread with. */
const THREAD = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000;

/** Makes a thread of the same process that goes on at a label, with a stack of its own. */
export function thread(to: string, nth = 1): readonly Op[] {
  const sp = FIRST_SP - nth * 16_384;
  return [quiet(Nr.clone, THREAD, sp, 0, 0, 0), { kind: "ifZero", to }];
}

/** As fork, but the parent waits until the child is gone and they share their memory. */
export function vfork(name: string, to: string): readonly Op[] {
  return [call(name, Nr.clone, 0x4111, 0, 0, 0, 0), { kind: "ifZero", to }];
}

/** Keeps the calling process on one hart. */
export const stayOn = (hart: number): Op => quiet(Nr.setaffinity, 0, 8, words64(2 ** hart));

/** Sets the action of a signal to the code at a label. */
export function onSignal(signal: number, to: string, flags = 0, ...mask: readonly number[]): Op {
  return quiet(Nr.sigaction, signal, { handler: to, flags, mask: set(...mask) }, 0, 8);
}

/** A handler: says its name and returns. */
export function handler(name: string, ...body: readonly Op[]): readonly Op[] {
  return [label(name), say(name), ...body, quiet(Nr.sigreturn, null)];
}
