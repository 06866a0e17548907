/**
 * Every place where a thread can block, as a scenario: what leads up to it, the call that blocks,
 * and who ends the wait. The matrix of disturbances is in `disturb.ts`.
 */
import { InputKind } from "../../core/event.ts";
import type { Arrival } from "./scene_state.ts";
import {
  type Argument,
  BUFFER,
  call,
  fork,
  Futex,
  futex,
  label,
  load,
  Nr,
  type Op,
  pollfd,
  quiet,
  set,
  Sig,
  stayOn,
  store,
  timespec,
  vfork,
  words64,
} from "./script.ts";

/** What a handled signal does to a call that blocks here. */
export type Rule =
  /** EINTR without SA_RESTART; runs again with it. */
  | "restart"
  /** EINTR in either case. */
  | "eintr"
  /** The wait is not the program's: no signal ends it. */
  | "deaf";

/** A place where threads block. */
export interface Site {
  readonly name: string;
  /** `call:WaitKind` as the scene sees it. */
  readonly blocks: string;
  /** Harts it takes; it is not tried with fewer. */
  readonly harts?: number;
  /** Before the waker is made, after the disturber is. */
  readonly before?: readonly Op[];
  /** Ops that block, after `go`. */
  readonly blocker: readonly Op[];
  /** Ops of whoever ends the wait; none when a timer, a hart or the host does. */
  readonly waker?: readonly Op[];
  /** More code: processes the blocker makes. */
  readonly more?: readonly Op[];
  /** Its log when nothing disturbs it; alternatives where the order decides. */
  readonly woken: readonly string[];
  /** Its log when a signal ended the wait; the call's own words for it. */
  readonly interrupted: string;
  readonly rule: Rule;
  /** Whether a stop may end the wait as a signal does: what it sent was received already. */
  readonly stops?: boolean;
  readonly terminal?: boolean;
  readonly arrivals?: readonly Arrival[];
}

const PAGE = 0x70_000;
const FIXED_PRIVATE = 0x32;
const map = (page: number, pages = 1): Op =>
  quiet(Nr.mmap, page * 4096, pages * 4096, 3, FIXED_PRIVATE, 0xffff_ffff, 0);
/** Two pages that processes made later share. */
const mapShared: Op = quiet(Nr.mmap, PAGE * 4096, 8192, 3, 0x31, 0xffff_ffff, 0);
const pipe: Op = quiet(Nr.pipe2, BUFFER, 0);
const AT_CWD = 0xffff_ff9c;
const MS = 1_000_000;
const filled: readonly Op[] = [map(PAGE, 16), pipe, quiet(Nr.write, 4, PAGE * 4096, 65_536)];
const longFile: readonly Op[] = [
  quiet(Nr.openat, AT_CWD, "/tmp/long", 0o102, 0o644),
  quiet(Nr.ftruncate, 3, 500_000),
  map(PAGE, 130),
];
const openLong: Op = quiet(Nr.openat, AT_CWD, "/tmp/long", 0o2, 0);
const openOther: Op = quiet(Nr.openat, AT_CWD, "/tmp/other", 0o102, 0o644);
const iovec = words64(BUFFER, 1);
/** A page used on hart 0 before the process leaves it: hart 0 may still hold its translation. */
const usedElsewhere: readonly Op[] = [map(PAGE, 2), store(PAGE, 7), store(PAGE + 1, 8), stayOn(2)];

/** The first name of a process, and its first connection. */
const FIRST = 4096;
const CONNECTION = 2 ** 30 + FIRST;
/** Makes the row of the blocker's messages the first, so that receipts are known. */
const firstRow = quiet(Nr.msgTimeout, 0, 0);
/** A process C with a channel, and the blocker's connection to it. */
const served: readonly Op[] = [
  firstRow,
  pipe,
  ...fork("C"),
  quiet(Nr.read, 3, BUFFER, 1),
  quiet(Nr.attach, 3, FIRST),
];
/** What C does: receives one message, answers with 5, and stays. */
const server: readonly Op[] = [
  label("C"),
  quiet(Nr.channelCreate, 0),
  quiet(Nr.write, 4, BUFFER, 1),
  quiet(Nr.msgReceive, FIRST, 0, 0, 0),
  quiet(Nr.msgReply, FIRST + 1, 5 * 2 ** 32),
  { kind: "halt" },
];
const sends = (blocks: string, name: string, number: number, ...args: Argument[]): Site => ({
  name: `${name} in ${blocks}`,
  blocks: `${name}:${blocks}`,
  harts: 4,
  before: served,
  blocker: [call(name, number, CONNECTION, ...args)],
  more: server,
  woken: [`${name}=5`],
  interrupted: `${name}=-4`,
  rule: "eintr",
  stops: true,
});
const pulse: readonly Op[] = [
  quiet(Nr.attach, 1, FIRST),
  // With its own priority: a lower one would be the receiver's, which others then keep from running.
  call("pulse", Nr.msgPulse, CONNECTION, 0xffff_ffff, 1, 0),
];
const receives = (name: string, number: number, ...args: Argument[]): Site => ({
  name: `${name} of a channel`,
  blocks: `${name}:MessageReceive`,
  before: [quiet(Nr.channelCreate, 0)],
  blocker: [call(name, number, FIRST, ...args)],
  waker: pulse,
  woken: [`${name}=0`],
  interrupted: `${name}=-4`,
  rule: "eintr",
});

export const SITES: readonly Site[] = [
  {
    ...sends("MessageSend", "msg_send", Nr.msgSend, 8),
    // The server waits for the waker before it receives.
    waker: [call("write", Nr.write, 4, BUFFER, 1)],
    more: [...server.slice(0, 3), quiet(Nr.read, 3, BUFFER, 1), ...server.slice(3)],
  },
  sends("MessageReply", "msg_send", Nr.msgSend, 8),
  sends("MessageReply", "msg_send_caps", 678, 8),
  sends("MessageReply", "msg_send_pages", 690, BUFFER, 4096, 0, 0, 2),
  sends("MessageReply", "msg_send_bytes", 665, BUFFER, 100, BUFFER, 100),
  sends("MessageReply", "msg_send_parts", 666, iovec, 1, iovec, 1),
  receives("msg_receive", Nr.msgReceive, BUFFER, 100, 0),
  receives("msg_receive_parts", 668, words64(BUFFER, 24), 1, 0),
  {
    name: "msg_reply_receive of a channel",
    blocks: "msg_reply_receive:MessageReceive",
    before: [
      firstRow,
      quiet(Nr.channelCreate, 0),
      ...fork("C"),
      quiet(Nr.msgReceive, FIRST, 0, 0, 0),
    ],
    blocker: [call("msg_reply_receive", 673, FIRST + 2, 8)],
    waker: pulse,
    more: [
      label("C"),
      quiet(Nr.attach, 1, FIRST),
      quiet(Nr.msgSend, CONNECTION, 8),
      { kind: "halt" },
    ],
    harts: 4,
    woken: ["msg_reply_receive=0"],
    interrupted: "msg_reply_receive=-4",
    rule: "eintr",
  },
  {
    ...receives("msg_receive", Nr.msgReceive, BUFFER, 100, 0),
    name: "msg_receive of a channel with a ring",
    before: [quiet(Nr.channelCreateAsync, 0, 4)],
    waker: [quiet(Nr.attach, 1, FIRST), call("post", Nr.msgPost, CONNECTION, 8, 1, 0, 0, 0)],
  },
  {
    name: "wait for a notification that a channel is bound to",
    blocks: "notification_wait:Notification",
    before: [
      quiet(Nr.channelCreateAsync, 0, 4),
      quiet(Nr.notificationCreate),
      quiet(Nr.channelBind, FIRST, FIRST + 1, 5),
    ],
    blocker: [call("wait", Nr.notificationWait, FIRST + 1, 0)],
    waker: [quiet(Nr.attach, 1, FIRST), call("post", Nr.msgPost, CONNECTION, 8, 1, 0, 0, 0)],
    woken: ["wait=5"],
    interrupted: "wait=-13",
    rule: "restart",
  },
  {
    name: "read of an empty pipe",
    blocks: "read:PipeRead",
    before: [pipe],
    blocker: [call("read", Nr.read, 3, BUFFER, 1)],
    waker: [call("write", Nr.write, 4, BUFFER, 1)],
    woken: ["read=1"],
    interrupted: "read=-4",
    rule: "restart",
  },
  {
    name: "readv of an empty pipe",
    blocks: "readv:PipeRead",
    before: [pipe],
    blocker: [call("readv", Nr.readv, 3, iovec, 1)],
    waker: [call("write", Nr.write, 4, BUFFER, 1)],
    woken: ["readv=1"],
    interrupted: "readv=-4",
    rule: "restart",
  },
  {
    name: "read of a pipe whose writers go",
    blocks: "read:PipeRead",
    before: [pipe],
    blocker: [quiet(Nr.close, 4), call("read", Nr.read, 3, BUFFER, 1)],
    waker: [call("exit", Nr.exit, 0)],
    woken: ["read=0"],
    interrupted: "read=-4",
    rule: "restart",
  },
  {
    name: "write to a full pipe",
    blocks: "write:PipeWrite",
    before: filled,
    blocker: [call("write", Nr.write, 4, BUFFER, 4096)],
    waker: [call("read", Nr.read, 3, BUFFER, 4096)],
    woken: ["write=4096"],
    interrupted: "write=-4",
    rule: "restart",
  },
  {
    name: "writev to a full pipe",
    blocks: "writev:PipeWrite",
    before: filled,
    blocker: [call("writev", 66, 4, words64(BUFFER, 4096), 1)],
    waker: [call("read", Nr.read, 3, BUFFER, 4096)],
    woken: ["writev=4096"],
    interrupted: "writev=-4",
    rule: "restart",
  },
  {
    name: "write to a full pipe whose reader goes",
    blocks: "write:PipeWrite",
    before: [quiet(Nr.sigprocmask, 0, set(13), 0, 8), ...filled],
    blocker: [quiet(Nr.close, 3), call("write", Nr.write, 4, BUFFER, 4096)],
    waker: [call("exit", Nr.exit, 0)],
    woken: ["write=-32"],
    interrupted: "write=-4",
    rule: "restart",
  },
  {
    name: "open of a fifo to read",
    blocks: "openat:PipeRead",
    before: [quiet(Nr.mknodat, AT_CWD, "/tmp/f", 0o010644, 0)],
    blocker: [call("open", Nr.openat, AT_CWD, "/tmp/f", 0, 0)],
    waker: [call("open", Nr.openat, AT_CWD, "/tmp/f", 1, 0)],
    woken: ["open=3"],
    interrupted: "open=-4",
    rule: "restart",
  },
  {
    name: "open of a fifo to write",
    blocks: "openat:PipeWrite",
    before: [quiet(Nr.mknodat, AT_CWD, "/tmp/f", 0o010644, 0)],
    blocker: [call("open", Nr.openat, AT_CWD, "/tmp/f", 1, 0)],
    waker: [call("open", Nr.openat, AT_CWD, "/tmp/f", 0, 0)],
    woken: ["open=3"],
    interrupted: "open=-4",
    rule: "restart",
  },
  {
    name: "wait4 for a child",
    blocks: "wait4:Child",
    blocker: [call("wait4", Nr.wait4, 3, 0, 0, 0)],
    waker: [call("exit", Nr.exit, 3)],
    woken: ["wait4=3"],
    interrupted: "wait4=-4",
    rule: "restart",
  },
  {
    name: "nanosleep",
    blocks: "nanosleep:Sleep",
    blocker: [call("sleep", Nr.nanosleep, timespec(50_000), BUFFER)],
    woken: ["sleep=0"],
    interrupted: "sleep=-4",
    rule: "eintr",
  },
  {
    name: "clock_nanosleep to a time",
    blocks: "clock_nanosleep:Sleep",
    blocker: [call("sleep", Nr.clockNanosleep, 1, 1, timespec(10 * MS), BUFFER)],
    woken: ["sleep=0"],
    interrupted: "sleep=-4",
    rule: "eintr",
  },
  {
    name: "rest of the toy personality",
    blocks: "rest:Sleep",
    blocker: [call("rest", Nr.toyRest, 50)],
    woken: ["rest=0"],
    interrupted: "rest=-1",
    rule: "eintr",
  },
  {
    name: "wait for a notification, until a time",
    blocks: "notification_wait:Notification",
    before: [quiet(Nr.notificationCreate)],
    blocker: [call("wait", Nr.notificationWait, 4096, 10 * MS)],
    woken: ["wait=-12"],
    interrupted: "wait=-13",
    rule: "eintr",
  },
  {
    name: "ppoll of a pipe to read",
    blocks: "ppoll:PipeRead",
    before: [pipe],
    blocker: [call("poll", Nr.ppoll, pollfd(3, 1), 1, null, null, 8)],
    waker: [call("write", Nr.write, 4, BUFFER, 1)],
    woken: ["poll=1"],
    interrupted: "poll=-4",
    rule: "eintr",
  },
  {
    name: "ppoll of a full pipe to write, with a timeout",
    blocks: "ppoll:PipeWrite",
    before: filled,
    blocker: [call("poll", Nr.ppoll, pollfd(4, 4), 1, timespec(50_000), null, 8)],
    waker: [call("read", Nr.read, 3, BUFFER, 4096)],
    woken: ["poll=1", "poll=0"],
    interrupted: "poll=-4",
    rule: "eintr",
  },
  {
    name: "ppoll of nothing",
    blocks: "ppoll:Sleep",
    blocker: [call("poll", Nr.ppoll, null, 0, timespec(50_000), null, 8)],
    woken: ["poll=0"],
    interrupted: "poll=-4",
    rule: "eintr",
  },
  {
    name: "ppoll of two pipes",
    blocks: "ppoll:PipeRead",
    before: [pipe, quiet(Nr.pipe2, BUFFER, 0)],
    blocker: [
      call("poll", Nr.ppoll, new Uint8Array([...pollfd(3, 1), ...pollfd(5, 1)]), 2, null, null, 8),
    ],
    waker: [call("write", Nr.write, 6, BUFFER, 1)],
    woken: ["poll=1"],
    interrupted: "poll=-4",
    rule: "eintr",
  },
  {
    name: "pselect6 of a pipe to read",
    blocks: "pselect6:PipeRead",
    before: [pipe],
    blocker: [call("select", Nr.pselect6, 4, words64(8), null, null, null, null)],
    waker: [call("write", Nr.write, 4, BUFFER, 1)],
    woken: ["select=1"],
    interrupted: "select=-4",
    rule: "eintr",
  },
  {
    name: "pselect6 of a full pipe to write",
    blocks: "pselect6:PipeWrite",
    before: filled,
    blocker: [call("select", Nr.pselect6, 5, null, words64(16), null, null, null)],
    waker: [call("read", Nr.read, 3, BUFFER, 4096)],
    woken: ["select=1"],
    interrupted: "select=-4",
    rule: "eintr",
  },
  {
    name: "pselect6 of nothing",
    blocks: "pselect6:Sleep",
    blocker: [call("select", Nr.pselect6, 0, null, null, null, timespec(50_000), null)],
    woken: ["select=0"],
    interrupted: "select=-4",
    rule: "eintr",
  },
  {
    name: "rt_sigtimedwait, the signal comes",
    blocks: "rt_sigtimedwait:Sleep",
    before: [quiet(Nr.sigprocmask, 0, set(Sig.usr2), 0, 8)],
    blocker: [call("take", Nr.sigtimedwait, set(Sig.usr2), 0, null, 8)],
    waker: [call("kill", Nr.kill, 1, Sig.usr2)],
    woken: ["take=12"],
    interrupted: "take=-4",
    rule: "eintr",
  },
  {
    name: "rt_sigtimedwait, with a timeout",
    blocks: "rt_sigtimedwait:Sleep",
    before: [quiet(Nr.sigprocmask, 0, set(Sig.usr2), 0, 8)],
    blocker: [call("take", Nr.sigtimedwait, set(Sig.usr2), 0, timespec(50_000), 8)],
    waker: [call("kill", Nr.kill, 1, Sig.usr2)],
    woken: ["take=12", "take=-11"],
    interrupted: "take=-4",
    rule: "eintr",
  },
  {
    name: "read of a host stream",
    blocks: "read:Stream",
    blocker: [call("read", Nr.read, 0, BUFFER, 100)],
    woken: ["read=7"],
    interrupted: "read=-4",
    rule: "restart",
  },
  {
    name: "ppoll of a host stream",
    blocks: "ppoll:Stream",
    blocker: [call("poll", Nr.ppoll, pollfd(0, 1), 1, null, null, 8)],
    woken: ["poll=1"],
    interrupted: "poll=-4",
    rule: "eintr",
  },
  {
    name: "pselect6 of a host stream",
    blocks: "pselect6:Stream",
    blocker: [call("select", Nr.pselect6, 1, words64(1), null, null, null, null)],
    woken: ["select=1"],
    interrupted: "select=-4",
    rule: "eintr",
  },
  {
    name: "read of a terminal",
    blocks: "read:Terminal",
    terminal: true,
    arrivals: [{ input: InputKind.Terminal, bytes: "hi\n" }],
    blocker: [call("read", Nr.read, 0, BUFFER, 100)],
    woken: ["read=3"],
    interrupted: "read=-4",
    rule: "restart",
  },
  {
    name: "ppoll of a terminal",
    blocks: "ppoll:Terminal",
    terminal: true,
    arrivals: [{ input: InputKind.Terminal, bytes: "hi\n" }],
    blocker: [call("poll", Nr.ppoll, pollfd(0, 1), 1, null, null, 8)],
    woken: ["poll=1"],
    interrupted: "poll=-4",
    rule: "eintr",
  },
  {
    name: "pselect6 of a terminal",
    blocks: "pselect6:Terminal",
    terminal: true,
    arrivals: [{ input: InputKind.Terminal, bytes: "hi\n" }],
    blocker: [call("select", Nr.pselect6, 1, words64(1), null, null, null, null)],
    woken: ["select=1"],
    interrupted: "select=-4",
    rule: "eintr",
  },
  {
    name: "read of a file that is not here yet",
    blocks: "read:Chunk",
    before: [quiet(Nr.openat, AT_CWD, "/file", 0, 0)],
    blocker: [call("read", Nr.read, 3, BUFFER, 100)],
    woken: ["read=100"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "load from a mapped file that is not here yet",
    blocks: "load:Chunk",
    before: [
      quiet(Nr.openat, AT_CWD, "/file", 0, 0),
      quiet(Nr.mmap, PAGE * 4096, 4096, 1, 0x12, 3, 0),
    ],
    blocker: [load(PAGE)],
    woken: ["load=0"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "call on a file that another works on",
    blocks: "ftruncate:FileOperation",
    // The steps of a long call leave its own hart no room for another's call.
    harts: 3,
    before: longFile,
    blocker: [call("truncate", Nr.ftruncate, 3, 5)],
    waker: [call("read", Nr.read, 3, PAGE * 4096, 500_000)],
    woken: ["truncate=0"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "munmap of what another hart may hold",
    blocks: "munmap:Shootdown",
    harts: 3,
    before: [...usedElsewhere],
    blocker: [call("munmap", Nr.munmap, PAGE * 4096, 4096)],
    woken: ["munmap=0"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "mprotect of what another hart may hold",
    blocks: "mprotect:Shootdown",
    harts: 3,
    before: [...usedElsewhere],
    blocker: [call("mprotect", Nr.mprotect, PAGE * 4096, 4096, 1)],
    woken: ["mprotect=0"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "fork of a space another hart may hold",
    blocks: "clone:Shootdown",
    harts: 3,
    before: [...usedElsewhere],
    blocker: [
      call("fork", Nr.clone, 17, 0, 0, 0, 0),
      { kind: "ifZero", to: "C" },
    ],
    more: [label("C"), { kind: "halt" }],
    woken: ["fork=3"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "store to a shared page another hart may hold",
    blocks: "store:Shootdown",
    harts: 4,
    before: [map(PAGE), store(PAGE, 7), ...fork("C"), load(PAGE), stayOn(3)],
    blocker: [store(PAGE, 9), load(PAGE)],
    more: [label("C"), { kind: "halt" }],
    woken: ["load=9"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "pread64 on a file that another works on",
    blocks: "pread64:FileOperation",
    harts: 3,
    before: [...longFile, openLong],
    blocker: [call("pread64", 67, 4, BUFFER, 10, 0)],
    waker: [call("read", Nr.read, 3, PAGE * 4096, 500_000)],
    woken: ["pread64=10"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "pwrite64 on a file that another works on",
    blocks: "pwrite64:FileOperation",
    harts: 3,
    before: [...longFile, openLong],
    blocker: [call("pwrite64", 68, 4, BUFFER, 10, 0)],
    waker: [call("read", Nr.read, 3, PAGE * 4096, 500_000)],
    woken: ["pwrite64=10"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "read on a file that another works on",
    blocks: "read:FileOperation",
    harts: 3,
    before: [...longFile, openLong],
    blocker: [call("read", Nr.read, 4, BUFFER, 10)],
    waker: [call("read", Nr.read, 3, PAGE * 4096, 500_000)],
    woken: ["read=10"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "write on a file that another works on",
    blocks: "write:FileOperation",
    harts: 3,
    before: [...longFile, openLong],
    blocker: [call("write", Nr.write, 4, BUFFER, 10)],
    waker: [call("read", Nr.read, 3, PAGE * 4096, 500_000)],
    woken: ["write=10"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "readv on a file that another works on",
    blocks: "readv:FileOperation",
    harts: 3,
    before: [...longFile, openLong],
    blocker: [call("readv", Nr.readv, 4, iovec, 1)],
    waker: [call("read", Nr.read, 3, PAGE * 4096, 500_000)],
    woken: ["readv=1"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "writev on a file that another works on",
    blocks: "writev:FileOperation",
    harts: 3,
    before: [...longFile, openLong],
    blocker: [call("writev", 66, 4, iovec, 1)],
    waker: [call("read", Nr.read, 3, PAGE * 4096, 500_000)],
    woken: ["writev=1"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "truncate on a file that another works on",
    blocks: "truncate:FileOperation",
    harts: 3,
    before: [...longFile],
    blocker: [call("truncate", 45, "/tmp/long", 5)],
    waker: [call("read", Nr.read, 3, PAGE * 4096, 500_000)],
    woken: ["truncate=0"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "sendfile on a file that another works on",
    blocks: "sendfile:FileOperation",
    harts: 3,
    before: [...longFile, openLong, openOther],
    blocker: [call("sendfile", Nr.sendfile, 5, 4, 0, 10)],
    waker: [call("read", Nr.read, 3, PAGE * 4096, 500_000)],
    woken: ["sendfile=10"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "sendfile to a full pipe",
    blocks: "sendfile:PipeWrite",
    before: [
      ...filled,
      quiet(Nr.openat, AT_CWD, "/tmp/s", 0o102, 0o644),
      quiet(Nr.ftruncate, 5, 9),
    ],
    blocker: [call("sendfile", Nr.sendfile, 4, 5, 0, 9)],
    waker: [call("read", Nr.read, 3, BUFFER, 4096)],
    woken: ["sendfile=9"],
    interrupted: "sendfile=-4",
    rule: "restart",
  },
  {
    name: "execve of a file that is not here yet",
    blocks: "execve:Chunk",
    blocker: [call("execve", 221, "/file", new Uint8Array(4), new Uint8Array(4))],
    woken: ["execve=-8"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "mmap over what another hart may hold",
    blocks: "mmap:Shootdown",
    harts: 3,
    before: [...usedElsewhere],
    blocker: [call("mmap", Nr.mmap, PAGE * 4096, 4096, 3, FIXED_PRIVATE, 0xffff_ffff, 0)],
    woken: ["mmap=1879048192"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "madvise(DONTNEED) of what another hart may hold",
    blocks: "madvise:Shootdown",
    harts: 3,
    before: [...usedElsewhere],
    blocker: [call("madvise", 233, PAGE * 4096, 4096, 4)],
    woken: ["madvise=0"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "mremap, shrinking, what another hart may hold",
    blocks: "mremap:Shootdown",
    harts: 3,
    before: [...usedElsewhere],
    blocker: [call("mremap", 216, PAGE * 4096, 8192, 4096, 0, 0)],
    woken: ["mremap=1879048192"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "read into a shared page another hart may hold",
    blocks: "read:Shootdown",
    harts: 4,
    before: [
      pipe,
      quiet(Nr.write, 4, BUFFER, 5),
      map(PAGE),
      store(PAGE, 7),
      ...fork("C"),
      load(PAGE),
      stayOn(3),
    ],
    blocker: [call("read", Nr.read, 3, PAGE * 4096, 5)],
    more: [label("C"), { kind: "halt" }],
    woken: ["read=5"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "futex, the word changes and a wake-up follows",
    blocks: "futex:Futex",
    before: [mapShared, store(PAGE, 0)],
    blocker: [futex("wait", PAGE, Futex.wait, 0, null)],
    waker: [store(PAGE, 1), futex("wake", PAGE, Futex.wake, 1)],
    woken: ["wait=0", "wait=-11"],
    interrupted: "wait=-4",
    rule: "restart",
  },
  {
    name: "futex, with a timeout",
    blocks: "futex:Futex",
    before: [mapShared, store(PAGE, 0)],
    blocker: [futex("wait", PAGE, Futex.wait, 0, timespec(50_000))],
    waker: [store(PAGE, 1), futex("wake", PAGE, Futex.wake, 1)],
    woken: ["wait=0", "wait=-11", "wait=-110"],
    interrupted: "wait=-4",
    rule: "eintr",
  },
  {
    name: "futex, requeued and then woken",
    blocks: "futex:Futex",
    before: [mapShared, store(PAGE, 0), store(PAGE + 1, 0)],
    blocker: [futex("wait", PAGE, Futex.wait, 0, null)],
    waker: [
      store(PAGE, 1),
      futex("requeue", PAGE, Futex.compareRequeue, 0, 1, (PAGE + 1) * 4096, 1),
      futex("wake", PAGE + 1, Futex.wake, 1),
    ],
    woken: ["wait=0", "wait=-11"],
    interrupted: "wait=-4",
    rule: "restart",
  },
  {
    name: "futex with an owner that gives it up",
    blocks: "futex:Futex",
    before: [mapShared, store(PAGE, 0)],
    blocker: [futex("lock", PAGE, Futex.lock, 0, null)],
    waker: [futex("lock", PAGE, Futex.lock, 0, null), futex("unlock", PAGE, Futex.unlock, 0)],
    woken: ["lock=0"],
    interrupted: "",
    // A signal is handled at once, and the call then runs again whatever the action asks for.
    rule: "deaf",
  },
  {
    name: "futex with an owner that ends",
    blocks: "futex:Futex",
    before: [mapShared, store(PAGE, 0)],
    blocker: [futex("lock", PAGE, Futex.lock, 0, null)],
    waker: [futex("lock", PAGE, Futex.lock, 0, null), call("exit", Nr.exit, 0)],
    woken: ["lock=0", "lock=-3"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "vfork",
    blocks: "clone:Vfork",
    blocker: vfork("vfork", "V"),
    more: [label("V"), quiet(Nr.exit, 0)],
    woken: ["vfork=3"],
    interrupted: "",
    rule: "deaf",
  },
];
