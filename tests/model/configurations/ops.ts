/** Calls the configurations make, under short names. */
import {
  BUFFER,
  call,
  fork,
  Futex,
  futex,
  go,
  halt,
  type Held,
  held,
  keep,
  label,
  Nr,
  onSignal,
  type Op,
  pollfd,
  quiet,
  set,
  Sig,
  store,
  timespec,
  words64,
} from "../../schedules/script.ts";

export const PAGE = 0x70_000;
export const ANY_CHILD = 0xffff_ffff;
export const NO_HANG = 1;

export const map = (pages = 1, page = PAGE): Op =>
  quiet(Nr.mmap, page * 4096, pages * 4096, 3, 0x32, 0xffff_ffff, 0);
export const unmap = (page = PAGE, pages = 1): Op => quiet(Nr.munmap, page * 4096, pages * 4096);
export const protect = (prot: number, page = PAGE): Op =>
  quiet(Nr.mprotect, page * 4096, 4096, prot);
export const pipe: Op = quiet(Nr.pipe2, BUFFER, 0);
export const TWO_PIPES = new Uint8Array([...pollfd(3, 1), ...pollfd(5, 1)]);
export const read = (fd: number, bytes = 1): Op => quiet(Nr.read, fd, BUFFER, bytes);
export const write = (fd: number, bytes = 1): Op => quiet(Nr.write, fd, BUFFER, bytes);
export const close = (fd: number): Op => quiet(Nr.close, fd);
export const wait = (name: string, flags = 0): Op =>
  name === ""
    ? quiet(Nr.wait4, ANY_CHILD, 0, flags, 0)
    : call(name, Nr.wait4, ANY_CHILD, 0, flags, 0);
export const kill = (pid: number, signal: number): Op => quiet(Nr.kill, pid, signal);
export const sleep = (name: string, ns: number): Op =>
  call(name, Nr.nanosleep, timespec(ns), BUFFER);
export const move = (pid: number, hart: number): Op =>
  quiet(Nr.setaffinity, pid, 8, words64(2 ** hart));
export const execute: Op = quiet(Nr.execve, "/file", new Uint8Array(4), new Uint8Array(4));
export const times = (n: number, ...ops: readonly Op[]): Op[] =>
  Array.from({ length: n }, () => ops).flat();
export const role = (
  name: string,
  ...ops: readonly Op[]
): readonly Op[] => [label(name), go, ...ops, halt];

/** Makes processes that go on at labels, and goes on with them once all have come to `go`. */
export const together = (...names: readonly string[]): readonly Op[] => [
  ...names.flatMap((name) => fork(name)),
  go,
];

/** Calls that touch nothing of anybody else's. */
export const STRANGER: readonly Op[] = [
  pipe,
  go,
  ...times(4, write(4), read(3)),
  onSignal(Sig.usr1, "unused"),
  quiet(Nr.sigprocmask, 0, set(Sig.usr1), 0, 8),
  quiet(Nr.sigprocmask, 1, set(Sig.usr1), 0, 8),
];

/** The nth name of a process, from 0: a channel or a token. */
export const name = (nth: number): number => 4096 + nth;
/** The nth name of a process where that is a connection. */
export const connection = (nth: number): number => 2 ** 30 + name(nth);

/** States of a message, for time limits. */
export const During = { sent: 2, received: 4, receiving: 8, any: 14 } as const;
/** What a channel does beyond receiving. */
export const Channel = {
  fixedPriority: 1,
  unblock: 2,
  disconnect: 8,
  connectionDeath: 16,
  capabilities: 128,
} as const;

export const channel = (flags = 0): Op => quiet(Nr.channelCreate, flags);
/** Connects to a channel that is the first name of its owner. */
export const attach = (pid: number, chid = name(0)): Op => quiet(Nr.attach, pid, chid);
/** Sends eight bytes in registers; the status is logged. */
export const send = (logged: string, nth = 0): Op => call(logged, Nr.msgSend, connection(nth), 8);
/** Receives, and keeps the receipt: 0 for a pulse. */
export const receive = (nth = 0, as = "receipt"): readonly Op[] => [
  quiet(Nr.msgReceive, name(nth), 0, 0, 0),
  keep(as),
];
/** Answers what was received last, or under a name. */
export const reply = (status: number, to: Held = held("receipt")): Op =>
  quiet(Nr.msgReply, to, 8 + status * 2 ** 32);
/** Receives and answers one after the other, with these statuses. */
export const serves = (...statuses: readonly number[]): readonly Op[] =>
  statuses.flatMap((status) => [...receive(), reply(status)]);
/** A process that has connected to another's first channel before the rest. */
export const client = (who: string, pid: number, ...ops: readonly Op[]): readonly Op[] => [
  label(who),
  attach(pid),
  go,
  ...ops,
  halt,
];
export const pulse = (nth = 0, priority = 20, code = 1): Op =>
  quiet(Nr.msgPulse, connection(nth), priority, code, 0);
/** Limits the time of the next call that moves a message. */
export const limit = (states: number, ns: number): Op => quiet(Nr.msgTimeout, states, ns);
export const destroy = (nth = 0): Op => quiet(Nr.channelDestroy, name(nth));
export const detach = (nth = 0): Op => quiet(Nr.detach, connection(nth));
/** Gives the caller a level of priority, 1 to 40. */
export const level = (n: number): Op => quiet(Nr.setpriority, 0, 0, 20 - n);
export const exit = (status: number): Op => quiet(Nr.exit, status);
export const exitThread: Op = quiet(Nr.exitThread, 0);

/** Memory that processes made later share. */
export const mapShared = (pages = 1): Op =>
  quiet(Nr.mmap, PAGE * 4096, pages * 4096, 3, 0x31, 0xffff_ffff, 0);
/** Pages of shared memory, each with a word of 0 at its start that may be a futex. */
export const sharedWords = (pages: number): readonly Op[] => [
  mapShared(pages),
  ...Array.from({ length: pages }, (_, i) => store(PAGE + i, 0)),
];
export const futexWait = (logged: string, value: number, ns?: number, page = PAGE): Op =>
  futex(logged, page, Futex.wait, value, ns === undefined ? null : timespec(ns));
export const futexWake = (most = 1, page = PAGE): Op =>
  quiet(Nr.futex, page * 4096, Futex.wake, most, 0, 0, 0);
export const lock = (logged = "", page = PAGE): Op => futex(logged, page, Futex.lock, 0, null);
export const unlock = (logged = "", page = PAGE): Op => futex(logged, page, Futex.unlock, 0);

/** Rights of capabilities. */
export const Rights = { read: 1, write: 2, map: 4, grant: 8, send: 16, receive: 32, all: 255 };
export const derive = (token: number | Held, rights: number): Op =>
  quiet(Nr.capDerive, token, rights);
export const copy = (token: number | Held, process: number | Held): Op =>
  quiet(Nr.capCopy, token, process);
export const moveToken = (token: number | Held, process: number | Held): Op =>
  quiet(Nr.capMove, token, process);
export const remove = (token: number | Held): Op => quiet(Nr.capDelete, token);
export const revoke = (logged: string, token: number | Held): Op =>
  call(logged, Nr.capRevoke, token);
export const identify = (logged: string, token: number | Held): Op =>
  call(logged, Nr.capIdentify, token);
