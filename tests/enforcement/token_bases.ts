/** Of each call that consumes a capability, one that is not refused: what the tests spoil. */
import { BUFFER, type Given, words } from "../../core/proc/testing.ts";
import type { TokenBench } from "./token_bench.ts";

/** A call with a good capability. */
export interface Base {
  /** Name of what makes the capability. */
  readonly from: string;
  /** Its other arguments, in order. */
  readonly rest: readonly (Given | ((b: TokenBench) => Given))[];
}

const AT = 0x2000 * 4096;
const CWD = -100;
const O_CREATE_BOTH = 0o102;

/** What makes capabilities: the number of one, in the process a hart runs. */
export const MAKERS: Readonly<Record<string, (b: TokenBench, hart: number) => number>> = {
  file: (b, hart) => b.make(hart, "openat", CWD, "old", O_CREATE_BOTH, 0o600),
  reader: (b, hart) => b.make(hart, "openat", CWD, "old", 0o100, 0o600),
  writer: (b, hart) => b.make(hart, "openat", CWD, "old", 0o101, 0o600),
  directory: (b, hart) => {
    b.make(hart, "close", MAKERS.file(b, hart));
    return b.make(hart, "openat", CWD, "/", 0, 0);
  },
  Channel: (b, hart) => b.make(hart, "channel_create", 0),
  Connection: (b, hart) => b.make(hart, "connect_attach", 0, MAKERS.Channel(b, hart)),
  Poster: (b, hart) =>
    b.make(hart, "connect_attach", 0, b.make(hart, "channel_create_async", 0, 8)),
  Receipt: (b, hart) => b.receipt(hart),
  OpenFile: (b, hart) => b.make(hart, "cap_copy", MAKERS.file(b, hart), 0),
  Process: (b, hart) => b.make(hart, "cap_process", 0),
  Thread: (b, hart) => b.make(hart, "thread_self"),
  Space: (b, hart) => b.make(hart, "space_create"),
  Memory: (b, hart) => b.make(hart, "memory_create", 2),
  Notification: (b, hart) => b.make(hart, "notification_create"),
  Irq: (b, hart) => {
    const [source] = b.freeSources();
    return b.make(hart, "irq_bind", source, MAKERS.Notification(b, hart), 1);
  },
  Timer: (b, hart) => b.make(hart, "timer_create", MAKERS.Notification(b, hart), 1),
};

const of = (from: string, ...rest: Base["rest"]): Base => ({ from, rest });
const file = (...rest: Base["rest"]): Base => of("file", ...rest);
const here = (...rest: Base["rest"]): Base => of("directory", ...rest);
/** One part of a vector: the first bytes of the buffer. */
const part = words(BUFFER, 8);

/** By call. */
export const BASES: Readonly<Record<string, Base>> = {
  dup: file(),
  dup3: file(20, 0),
  fcntl: file(3, null),
  ioctl: file(0x5451, null),
  flock: file(1),
  mknodat: here("new", 0o100600, 0),
  mkdirat: here("new", 0o700),
  unlinkat: here("old", 0),
  symlinkat: here("target", "new"),
  linkat: here("old", CWD, "new", 0),
  fstatfs: file(BUFFER),
  ftruncate: file(9),
  fallocate: file(0, 0, 9),
  faccessat: here("old", 4),
  fchdir: here(),
  fchmod: file(0o600),
  fchmodat: here("old", 0o600),
  fchownat: here("old", 0, 0, 0),
  fchown: file(0, 0),
  openat: here("old", 0, 0),
  close: file(),
  getdents64: here(BUFFER, 512),
  lseek: file(0, 0),
  read: file(BUFFER, 8),
  write: file(BUFFER, 8),
  readv: file(part, 1),
  writev: file(part, 1),
  pread64: file(BUFFER, 8, 0),
  pwrite64: file(BUFFER, 8, 0),
  sendfile: file((b) => MAKERS.reader(b, 0), null, 8),
  readlinkat: here("old", BUFFER, 8),
  newfstatat: here("old", BUFFER, 0),
  fstat: file(BUFFER),
  fsync: file(),
  fdatasync: file(),
  utimensat: here("old", null, 0),
  renameat2: here("old", CWD, "new", 0),
  faccessat2: here("old", 4, 0),
  channel_destroy: of("Channel"),
  connect_detach: of("Connection"),
  msg_send: of("Connection", 0),
  msg_send_bytes: of("Connection", BUFFER, 8, BUFFER, 8),
  msg_send_parts: of("Connection", part, 1, part, 1),
  msg_receive: of("Channel", BUFFER, 8, 0),
  msg_receive_parts: of("Channel", part, 1, 0),
  msg_reply: of("Receipt", 0),
  msg_reply_bytes: of("Receipt", 0, BUFFER, 0),
  msg_reply_parts: of("Receipt", 0, part, 1),
  msg_error: of("Receipt", 5),
  msg_reply_receive: of("Receipt", 0),
  msg_send_pulse: of("Connection", 10, 1, 1),
  msg_info: of("Receipt", BUFFER),
  msg_send_caps: of("Connection", 0, 0, 0, 0, 0),
  msg_reply_caps: of("Receipt", 0, 0, 0, 0, 0),
  msg_post: of("Poster", 8, 1, 0, 0, 0),
  channel_bind: of("Channel", (b) => MAKERS.Notification(b, 0), 1),
  channel_limit: of("Channel", 10, 10),
  channel_counters: of("Channel", BUFFER),
  msg_send_pages: of("Connection", BUFFER, 4096, 0, 0, 2),
  msg_read: of("Receipt", 0, BUFFER, 0),
  cap_identify: of("Memory"),
  cap_derive: of("Memory", 0xff),
  cap_mint: of("Memory", 0xff, 7),
  cap_copy: of("Memory", 0),
  cap_move: of("Memory", 0),
  cap_delete: of("Memory"),
  cap_revoke: of("Memory"),
  notification_signal: of("Notification", 1),
  notification_wait: of("Notification", 0),
  notification_poll: of("Notification"),
  memory_size: of("Memory"),
  space_map: of("Space", (b) => MAKERS.Memory(b, 0), AT, 1, 0, 1),
  space_unmap: of("Space", AT, 1),
  space_protect: of("Space", AT, 1, 1),
  process_spawn: of("Space", AT, AT, 0, 0),
  thread_create: of("Process", AT, AT, 0, 20),
  thread_destroy: of("Thread"),
  thread_join: of("Thread", 0),
  thread_priority: of("Thread"),
  thread_set_priority: of("Thread", 20),
  thread_affinity: of("Thread", 0),
  thread_set_affinity: of("Thread", 1, 0),
  timer_create: of("Notification", 1),
  timer_arm: of("Timer", 9_000_000, 0),
  timer_cancel: of("Timer"),
  timer_overruns: of("Timer"),
  irq_ack: of("Irq"),
};

/** Descriptor calls, by what the description must have been opened for. */
export const OPENED_FOR: Readonly<Record<string, "reader" | "writer">> = {
  read: "reader",
  readv: "reader",
  pread64: "reader",
  write: "writer",
  writev: "writer",
  pwrite64: "writer",
  sendfile: "writer",
};
