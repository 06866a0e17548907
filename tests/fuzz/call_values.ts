import { idInSlot, kindInSlot, targetInSlot } from "../../core/cap/namespace.ts";
import { CapKind, NameKind } from "../../core/cap/tables.ts";
import { ONE, type State } from "../../core/kernel.ts";
import { PAGE_BYTES } from "../../core/limits.ts";
import { USER_END_PAGE } from "../../core/isa/riscv64.ts";
import { STACK_TOP } from "../../core/proc/exec.ts";
import { DESCRIPTORS } from "../../core/proc/tables.ts";
import { watermark } from "../../core/state/table.ts";
import type { Random } from "../kernel/random.ts";

const AT_FDCWD = -100;
const TWO_32 = 2 ** 32;

const SIZES: readonly number[] = [
  ...[0, 1, 2, 8, 8, 8, 16, 24, 64, 100, 128, 1000, 4095, 4096, 4097, 5000, 8192, 65_536, 70_000],
  ...[100_000, 300_000, 2 ** 20, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 38, 2 ** 53, -1, -4096],
];
const ODD: readonly number[] = [
  ...[0, 1, 2, 3, 4, 7, 8, 15, 16, 255, 256, 1023, 4096, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff],
  ...[2 ** 32, 2 ** 38, 2 ** 47, 2 ** 63, -1, -2, -22, -4096],
];

/** Names looked at for one of a kind. */
const LOOKED_AT = 16;

/**
 * Values with a meaning, by `call.argument` or by argument; several are or-ed together where the name
 * says flags.
 */
const MEANINGS: Readonly<Record<string, readonly number[]>> = {
  "openat.flags": [0, 1, 2, 2, 0x42, 0x42, 0xc2, 0x241, 0x441, 0x802, 0x800, 0x10000, 0x20000, 3],
  "openat.mode": [0o644, 0o755, 0, 0o4777],
  "mknodat.mode": [0o100644, 0o010644, 0o010666, 0o060000, 0o644],
  "mode": [0o755, 0o777, 0o644, 0, 0o4755, 0o100000, 1, 2, 4, 7],
  "mmap.prot": [0, 1, 3, 3, 3, 5, 7, 2, 0x0100_0003],
  "mprotect.prot": [0, 1, 3, 5, 7, 2, 0x0200_0001],
  "mmap.flags": [0x22, 0x22, 0x21, 0x02, 0x01, 0x12, 0x32, 0x10_0022, 0x03, 0],
  "mremap.flags": [0, 1, 1, 1, 2, 3],
  "madvise.advice": [4, 4, 4, 0, 3, 25, 26],
  "msync.flags": [0, 1, 4],
  "clone.flags": [
    ...[17, 17, 17, 17, 0x4111, 0x4111, 0x111, 0x0120_0011, 0, 0x11_0011],
    // Threads, as the C libraries make them, and with something missing.
    ...[0x3d_0f00, 0x7d_0f00, 0x1_0f00, 0x13d_0f00, 0x1_0900, 0x1_0800],
  ],
  "set_robust_list.size": [24, 24, 0, 8],
  "futex.operation": [0, 0, 0, 1, 1, 3, 4, 6, 6, 7, 8, 9, 10, 13, 0x80, 0x81, 0x86, 0x109, 5, 12],
  "futex.value": [0, 0, 0, 1, 2, 0x7fff_ffff],
  "futex.third": [-1, 0, 1, 2],
  "policy": [0, 0, 1, 2, 3, 5, 6, 0x4000_0000],
  "wait4.options": [0, 0, 1, 1, 2, 3, 8, 11, 0x4000_0000, 0x80],
  "fcntl.cmd": [0, 1, 2, 3, 4, 5, 6, 7, 1030, 8, 1024],
  "ioctl.request": [
    ...[0x5401, 0x5402, 0x5403, 0x5404, 0x540e, 0x540f, 0x5410, 0x5413, 0x5414, 0x541b, 0x5421],
    ...[0x5429, 0x5450, 0x5451, 0x5452, 0],
  ],
  "flock.operation": [1, 2, 5, 6, 8, 0],
  "lseek.whence": [0, 1, 2, 3, 4],
  "unlinkat.flags": [0, 0, 0x200, 0x200, 1],
  "linkat.flags": [0, 0x400, 0x1000],
  "newfstatat.flags": [0, 0x100, 0x1000],
  "utimensat.flags": [0, 0x100],
  "fchownat.flags": [0, 0x100, 0x1000],
  "faccessat2.flags": [0, 0x100, 0x200, 0x1000],
  "renameat2.flags": [0, 0, 0, 1, 2, 4],
  "pipe2.flags": [0, 0, 0x800, 0x80000, 0x80800, 1],
  "dup3.flags": [0, 0x80000, 1],
  "getrandom.flags": [0, 1, 2, 4, 8],
  "setitimer.which": [0, 0, 0, 1, 2],
  "getitimer.which": [0, 0, 1, 2],
  "clock_nanosleep.flags": [0, 0, 1],
  "fallocate.mode": [0, 0, 1, 2, 3],
  "rt_sigprocmask.how": [0, 1, 2, 3],
  "setpriority.which": [0, 1, 2, 3],
  "getpriority.which": [0, 1, 2, 3],
  "prctl.option": [15, 15, 16, 4, 38],
  "clock": [0, 1, 1, 4, 5, 6, 7, 2, 11],
  "resource": [0, 3, 7, 7, 9, 15, 16],
  "getrusage.who": [0, -1, 1],
  "uid": [0, 0, 1000, -1],
  "gid": [0, 0, 1000, -1],
  "umask.mask": [0o22, 0, 0o777],
  "nice": [0, 5, 19, -20],
  "microseconds": [0, 1, 50, 1000],
  "status": [0, 1, 255],
  "rights": [0xff, 0xff, 0xff, 1, 3, 4, 8, 12, 15, 16, 40],
  "space_map.rights": [1, 1, 3, 3, 5, 6, 0],
  "space_map.address": [0x3000_0000, 0x3000_1000, 0x3001_0000, 0x3002_0000, 0x3040_0000],
  "space_map.offset": [0, 0, 0, 1, 2],
  "pages": [1, 1, 2, 3, 300],
  "badge": [1, 77, 0],
  "entry": [0x3000_0000, 0x3000_0000, 1, 2 ** 53],
  "process_spawn.stack": [0x3000_1000, 0],
  "process_spawn.slots": [0, 0, 0, 16, 256, 1023, 1024],
  "source": [1, 2, 3, 10, 95, 0, 96],
  "timer_arm.period": [0, 100_000, 1_000_000, 1],
  "thread_affinity.word": [0, 1, 2],
  "thread_set_affinity.low": [1, 2, 3, 0, 0xffff_ffff],
  "thread_set_affinity.high": [0, 1, 0xffff_ffff],
  "bits": [1, 2, 0x7fff_ffff],
  "cap_process.pid": [0],
  // Hardly ever: a process without them does little else.
  "slots": [...Array<number>(40).fill(0), 1, 2, 4, 8, 16, 32, 64, 128, 256],
  "dev": [0, 0x103],
  "rate": [0, 1, 1000, 10 ** 6, 10 ** 9, 10 ** 10],
  "burst": [1, 1, 5, 100, 0, 2 ** 21],
  "channel_create.flags": [0, 0, 1, 2, 2, 8, 16, 96, 4, 4, 128, 128, 128, 130, 256],
  "capacity": [1, 3, 256, 3, 0, 257],
  "channel_create_async.flags": [0, 0, 4, 8, 256],
  "msg_send_caps.tag": [
    ...[0x0100_0008, 0x0110_0008, 0x0220_0000, 0x0400_0010, 0x0cf0_0000, 0x0800_0000, 0x0900_0008],
    ...[0x0500_0000, 0x0110_0041],
  ],
  "msg_reply_caps.tag": [0, 0x0100_0008, 0x0110_0008, 0x0220_0000, 0x0400_0010, 0x0800_0000],
  "tag": [0, 8, 8, 16, 64, 8, 0, 65, 0x1000_0000, 7 * 2 ** 32 + 8],
  "states": [0, 2, 4, 8, 14, 14, 1],
  "ns": [0, 1000, 100_000, 2 ** 40],
  "priority": [-1, -1, 0, 5, 10, 20, 255, 256],
  "code": [0, 1, 127, 128, -1],
  "msg_send_parts.count": [0, 1, 1, 2, 8, 9],
  "replies": [0, 0, 1, 2, 8, 9],
  "error": [0, 0, 5, 85, -1, 4096],
  "pass": [2, 2, 3, 3, 0, 1, 4],
  "msg_send_pages.length": [4096, 4096, 8192, 16384, 0, 4095, 2 ** 19],
  "room": [0, 0, 10, 24, 100, 5000, 2 ** 19],
};

const NAMES: readonly string[] = ["a", "b", "c", "d", "e", "f", "pipe", "link"];
const DIRECTORIES: readonly string[] = ["", "/", "/tmp/", "/tmp/d/", "/tmp/d/e/", "./", "../"];
const PATHS: readonly string[] = [
  ...["/", ".", "..", "", "/tmp", "/tmp/d", "/tmp/d/e", "/file", "/small", "/link", "/loop", "tmp"],
  ...["/dev", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/tty", "/dev/console"],
  ...[
    "/proc/self/exe",
    "/proc/self",
    "/none",
    "/file/x",
    "/tmp/",
    "/tmp/d/",
    "/bin/hello",
    "/fifo",
  ],
  ...[
    `/tmp/${"n".repeat(255)}`,
    `/tmp/${"n".repeat(256)}`,
    "x/".repeat(1500),
    `/${"y".repeat(90)}`,
  ],
];
const encoder = new TextEncoder();
const paths: readonly Uint8Array[] = PATHS.map((text) => encoder.encode(text));
/** Files of the trees that may be executed. */
const programs = ["/file", "/small", "/bin/hello", "link"].map((text) => encoder.encode(text));
/** Files of the trees worth opening. */
const opened = ["/", "/tmp", "/dev", "/file", "/small", "/bin/hello", "/dev/zero", "/tmp/a"]
  .map((text) => encoder.encode(text));
const composed: readonly Uint8Array[] = DIRECTORIES.flatMap((directory) =>
  NAMES.map((name) => encoder.encode(directory + name))
);

/**
 * Argument values for a thread's calls, drawn from what its process has: descriptors, pids,
 * mappings, names. Valid more often than not, and odd now and then.
 */
export class CallValues {
  #attached = 1;

  constructor(private readonly random: Random) {}

  /**
   * A value for the argument of a call.
   *
   * @param p process row of the caller
   */
  value(s: State, p: number, call: string, name: string): number {
    const r = this.random;
    if (r.oneIn(25)) return r.pick(ODD);
    const meaning = MEANINGS[`${call}.${name}`] ?? MEANINGS[name];
    if (meaning !== undefined) return r.pick(meaning);
    switch (name) {
      case "address":
        return this.word(s, p);
      case "dirfd":
      case "olddirfd":
      case "newdirfd":
        return r.oneIn(3) ? this.descriptor(s, p) : AT_FDCWD;
      case "fd":
      case "oldfd":
      case "newfd":
      case "in":
      case "out":
        return this.descriptor(s, p);
      case "chid":
        return this.channel(s, p, call);
      case "coid":
        return this.connection(s, p);
      case "receipt":
        return this.receipt(s, p);
      case "token":
      case "t3":
      case "t4":
      case "t5":
      case "t6":
        return this.token(s, p);
      case "process":
        return call !== "thread_create" && r.oneIn(2) ? 0 : this.tokenOf(s, p, CapKind.Process);
      case "space":
        return this.tokenOf(s, p, CapKind.Space);
      case "memory":
        return this.tokenOf(s, p, CapKind.Memory);
      case "notification":
        return this.tokenOf(s, p, CapKind.Notification);
      case "thread":
        return this.tokenOf(s, p, CapKind.Thread);
      case "timer":
        return this.tokenOf(s, p, CapKind.Timer);
      case "irq":
        return this.tokenOf(s, p, CapKind.Irq);
      case "deadline":
        return r.oneIn(4) ? 0 : s.kernel.now[ONE] + r.pick([0, 1000, 50_000]);
      case "pid":
        if (call === "connect_attach") return this.owner(s);
        return this.pid(s, p);
      case "tid":
      case "who":
      case "group":
        return this.pid(s, p);
      case "signal":
        return this.signal();
      case "size":
        // Sizes of signal sets are 8 or nothing.
        return r.oneIn(4) ? r.pick(SIZES) : 8;
      case "count":
      case "length":
      case "oldSize":
      case "newSize":
      case "bytes":
        return r.oneIn(3) ? r.below(20) : r.pick(SIZES);
      case "offset":
        return r.oneIn(3) ? PAGE_BYTES * r.below(40) : r.pick(SIZES);
      case "start":
      case "old":
      case "next":
      case "end":
      case "stack":
        return r.oneIn(6) ? 0 : this.page(s, p);
      default:
        return r.oneIn(3) ? r.bits() : r.pick(ODD);
    }
  }

  /** A descriptor, mostly one that is open. */
  descriptor(s: State, p: number): number {
    const r = this.random;
    if (r.oneIn(12)) return r.pick([-1, 3, 9, 20, 63, 64, DESCRIPTORS - 1, DESCRIPTORS, -100]);
    const open = s.process.descriptors[p];
    if (open === 0) return r.below(4);
    let nth = r.below(Math.min(open, 24));
    for (let fd = 0; fd < DESCRIPTORS; fd++) {
      if (s.process.descriptor[p * DESCRIPTORS + fd] !== 0 && nth-- === 0) return fd;
    }
    return r.below(4);
  }

  /** The number of a channel: one of the process's own, or to attach to any. */
  channel(s: State, p: number, call: string): number {
    const r = this.random;
    let nth = r.below(3);
    if (call !== "connect_attach") {
      let c = s.process.firstChannel[p];
      while (nth-- > 0 && s.channel.nextOfProcess[c] !== 0) c = s.channel.nextOfProcess[c];
      return s.channel.id[c];
    }
    return s.channel.$live[this.#attached] === 1 ? s.channel.id[this.#attached] : 4096;
  }

  /** The process whose channel `channel` gives for the next argument. */
  owner(s: State): number {
    this.#attached = 1 + this.random.below(Math.max(1, watermark(s.channel)));
    return s.process.pid[s.channel.process[this.#attached]];
  }

  /** The number of one of the process's connections, mostly. */
  connection(s: State, p: number): number {
    let c = s.process.firstConnection[p];
    for (let nth = this.random.below(3); nth > 0 && s.connection.nextOfProcess[c] !== 0; nth--) {
      c = s.connection.nextOfProcess[c];
    }
    return s.connection.id[c];
  }

  /** Whether the process has a message to answer. */
  owes(s: State, p: number): boolean {
    let c = s.process.firstChannel[p];
    while (c !== 0 && s.channel.replyHead[c] === 0) c = s.channel.nextOfProcess[c];
    return c !== 0;
  }

  /** Whether somebody waits for the process to receive. */
  awaited(s: State, p: number): boolean {
    let c = s.process.firstChannel[p];
    while (c !== 0 && s.channel.sendHead[c] === 0) c = s.channel.nextOfProcess[c];
    return c !== 0;
  }

  /** A receipt the process has, or something like one. */
  receipt(s: State, p: number): number {
    const from = this.random.below(Math.max(1, watermark(s.message)));
    for (let i = 0; i <= watermark(s.message); i++) {
      const m = 1 + (from + i) % Math.max(1, watermark(s.message));
      const mine = s.channel.process[s.message.channel[m]] === p;
      if (s.message.receipt[m] !== 0 && mine) return s.message.receipt[m] * 4096 + m;
    }
    return 4097;
  }

  /** A process or group id, its own among them; rarely one that is not there. */
  pid(s: State, p: number): number {
    const r = this.random;
    const draw = r.below(12);
    if (draw < 2) return 0;
    if (draw === 2) return -1;
    if (draw === 3) return s.kernel.nextPid[ONE] + r.below(2);
    if (draw < 6) return s.process.pid[p];
    const other = 1 + r.below(watermark(s.process));
    if (s.process.$live[other] === 0) return r.below(4);
    return draw === 6 ? -s.process.group[other] : s.process.pid[other];
  }

  /** A signal number; the deadly ones are rare. */
  signal(): number {
    const r = this.random;
    const draw = r.below(16);
    if (draw === 0) return r.pick([9, 15, 11, 65, -1, 64, 33]);
    if (draw < 3) return r.pick([19, 20, 21, 22]);
    if (draw < 5) return 18;
    return r.pick([0, 10, 10, 12, 14, 14, 17, 17, 28, 23, 34]);
  }

  /** An address in or beside one of the process's mappings. */
  address(s: State, p: number): number {
    const r = this.random;
    const draw = r.below(20);
    if (draw === 0) return 0;
    if (draw === 1) return r.pick(ODD);
    if (draw < 9) return STACK_TOP - 4096 - r.below(30_000);
    return this.page(s, p) + (r.oneIn(2) ? 0 : r.pick([1, 8, 16, 2048, 4080, 4092, 4095]));
  }

  /** Address of one of a few words, so that calls meet there. */
  word(s: State, p: number): number {
    const r = this.random;
    const space = s.process.space[p];
    if (space === 0 || r.oneIn(20)) return this.address(s, p);
    return PAGE_BYTES * s.region.start[s.addressSpace.firstRegion[space]] + 4 * r.below(2);
  }

  /** Start of a page at, in or after one of the process's mappings. */
  page(s: State, p: number): number {
    const r = this.random;
    const space = s.process.space[p];
    if (space === 0) return 0;
    if (r.oneIn(40)) return USER_END_PAGE * PAGE_BYTES - PAGE_BYTES * r.below(3);
    let region = s.addressSpace.firstRegion[space];
    for (
      let nth = r.below(Math.max(1, Math.min(s.addressSpace.regions[space], 40)));
      nth > 0;
      nth--
    ) {
      region = s.region.next[region];
    }
    const start = s.region.start[region];
    const pages = s.region.end[region] - start;
    const draw = r.below(10);
    if (draw === 0) return PAGE_BYTES * (start + pages);
    if (draw === 1) return PAGE_BYTES * Math.max(0, start - 1 - r.below(40));
    return PAGE_BYTES * (start + r.below(Math.min(pages, 64)));
  }

  /** A path for a call: short ones that meet again, places of note, few long ones. */
  path(call: string): Uint8Array {
    if (call === "execve" && !this.random.oneIn(4)) return this.random.pick(programs);
    if (call === "openat" && this.random.oneIn(3)) return this.random.pick(opened);
    return this.random.oneIn(3) ? this.random.pick(paths) : this.random.pick(composed);
  }

  /** A pair of register halves. */
  static split(value: number): readonly [lo: number, hi: number] {
    return [value >>> 0, Math.floor(value / TWO_32) >>> 0];
  }

  /** A native name of a process for an object of a kind, if there is one near where it looks. */
  tokenOf(s: State, p: number, kind: number): number {
    const slots = s.process.nameSlots[p];
    if (slots === 0 || this.random.oneIn(8)) return this.token(s, p);
    const from = this.random.below(slots);
    for (let n = 0; n < Math.min(slots, LOOKED_AT); n++) {
      const slot = (from + n) % slots;
      if (kindInSlot(s, p, slot) !== NameKind.Node) continue;
      if (s.capNode.kind[targetInSlot(s, p, slot)] === kind) return idInSlot(s, p, slot);
    }
    return this.token(s, p);
  }

  /** A native name of a process, or one of its descriptors. */
  token(s: State, p: number): number {
    const r = this.random;
    const slots = s.process.nameSlots[p];
    if (slots === 0 || r.oneIn(8)) return this.descriptor(s, p);
    // The newest is what the call before has made, more often than not.
    const slot = r.oneIn(3) ? slots - 1 : r.below(slots);
    return idInSlot(s, p, slot);
  }
}
