/** A good call of each row, from which hostile ones are made by spoiling one argument. */
import type { LinuxCall } from "../../core/syscall/table.ts";
import { Place } from "./hostile_places.ts";

/** A call by name; "child": a child that has ended; "signal": SIGUSR1, pending and blocked. */
export type Around = readonly [LinuxCall | "child" | "signal", ...bigint[]];

/** A good call. */
export interface Base {
  readonly args: readonly bigint[];
  /** What comes right before and after it, each time. */
  readonly before?: readonly Around[];
  readonly after?: readonly Around[];
  /** It waits for ever where nothing is spoilt: only its spoilt forms are run. */
  readonly waits?: true;
}

const CWD = BigInt.asUintN(64, -100n);
const MINUS = (1n << 64n) - 1n;
const { out, file, newName, otherName, link, zeros } = Place;
const FILE = 40n, DIRECTORY = 41n, READ_END = 42n, WRITE_END = 43n;

const call = (...args: bigint[]): Base[] => [{ args }];
const unlinkNew: Around = ["unlinkat", CWD, newName, 0n];
const unlinkOther: Around = ["unlinkat", CWD, otherName, 0n];
const rewind: Around = ["lseek", FILE, 0n, 0n];
const drain: Around = ["read", READ_END, out, 0x3000n];
/** Empties the pipe, which never blocks, and puts eight bytes in. */
const eightInPipe: readonly Around[] = [
  ...new Array<Around>(6).fill(drain),
  ["write", WRITE_END, file, 8n],
];
const NO_POINTER = "takes neither pointer nor amount";

/** By call; a reason where there is nothing to spoil or it would end the test. */
export const BASES: Readonly<Record<LinuxCall, readonly Base[] | string>> = {
  getcwd: call(out, 256n),
  dup: NO_POINTER,
  dup3: NO_POINTER,
  // F_GETLK
  fcntl: call(FILE, 5n, Place.lock),
  // FIONBIO, FIONREAD
  ioctl: [
    { args: [READ_END, 0x5421n, Place.enabled] },
    { args: [READ_END, 0x541bn, out] },
  ],
  flock: NO_POINTER,
  mknodat: [{ args: [CWD, newName, 0o100600n, 0n], after: [unlinkNew] }],
  mkdirat: [{ args: [CWD, newName, 0o700n], after: [["unlinkat", CWD, newName, 0x200n]] }],
  unlinkat: [{ args: [CWD, newName, 0n], before: [["mknodat", CWD, newName, 0o100600n, 0n]] }],
  symlinkat: [{ args: [file, CWD, newName], after: [unlinkNew] }],
  linkat: [{ args: [CWD, file, CWD, newName, 0n], after: [unlinkNew] }],
  statfs: call(file, out),
  fstatfs: call(FILE, out),
  truncate: call(file, 65536n),
  ftruncate: call(FILE, 65536n),
  fallocate: call(FILE, 0n, 0n, 65536n),
  faccessat: call(CWD, file, 4n),
  chdir: call(Place.dot),
  fchdir: NO_POINTER,
  fchmod: NO_POINTER,
  fchmodat: call(CWD, file, 0o600n),
  fchownat: call(CWD, file, MINUS, MINUS, 0n),
  fchown: NO_POINTER,
  openat: [{ args: [CWD, file, 0o3000000n, 0n] }],
  close: NO_POINTER,
  pipe2: call(out, 0n),
  getdents64: [{ args: [DIRECTORY, out, 4096n], before: [["lseek", DIRECTORY, 0n, 0n]] }],
  lseek: NO_POINTER,
  read: [
    { args: [FILE, out, 16n], before: [rewind] },
    { args: [READ_END, out, 4n], before: eightInPipe },
  ],
  write: [
    { args: [FILE, out, 16n], before: [rewind] },
    { args: [WRITE_END, out, 4n], before: eightInPipe },
  ],
  readv: [{ args: [FILE, Place.iov, 2n], before: [rewind] }],
  writev: [{ args: [FILE, Place.iov, 2n], before: [rewind] }],
  pread64: call(FILE, out, 16n, 0n),
  pwrite64: call(FILE, out, 16n, 0n),
  sendfile: [{
    args: [WRITE_END, FILE, Place.position, 4n],
    before: eightInPipe,
  }],
  pselect6: call(44n, Place.readSet, Place.writeSet, Place.exceptSet, zeros, Place.pair),
  ppoll: call(Place.pollFds, 1n, zeros, Place.signalSet, 8n),
  readlinkat: [{
    args: [CWD, link, out, 64n],
    before: [["symlinkat", file, CWD, link]],
    after: [["unlinkat", CWD, link, 0n]],
  }],
  newfstatat: call(CWD, file, out, 0n),
  fstat: call(FILE, out),
  sync: NO_POINTER,
  fsync: NO_POINTER,
  fdatasync: NO_POINTER,
  utimensat: call(CWD, file, Place.times, 0n),
  exit: "ends the program; no pointer",
  exit_group: "ends the program; no pointer",
  set_tid_address: call(out),
  // WAKE; WAIT for a word that differs.
  futex: [
    { args: [out, 1n, 1n, 0n, 0n, 0n] },
    { args: [zeros, 0n, 1n, zeros, 0n, 0n], waits: true },
  ],
  set_robust_list: call(out, 24n),
  get_robust_list: call(0n, out, out),
  nanosleep: call(zeros, out),
  getitimer: call(0n, out),
  setitimer: call(0n, zeros, out),
  clock_gettime: call(1n, out),
  clock_getres: call(1n, out),
  clock_nanosleep: call(1n, 0n, zeros, out),
  sched_setparam: [{ args: [0n, zeros] }],
  sched_setscheduler: [{ args: [0n, 0n, zeros] }],
  sched_getscheduler: NO_POINTER,
  sched_getparam: call(0n, out),
  sched_get_priority_max: NO_POINTER,
  sched_get_priority_min: NO_POINTER,
  sched_rr_get_interval: call(0n, out),
  sched_setaffinity: [{
    args: [0n, 8n, out],
    before: [["sched_getaffinity", 0n, 8n, out]],
  }],
  sched_getaffinity: call(0n, 128n, out),
  sched_yield: NO_POINTER,
  kill: NO_POINTER,
  tkill: NO_POINTER,
  tgkill: NO_POINTER,
  sigaltstack: call(Place.stackOff, out),
  rt_sigsuspend: [{ args: [Place.signalSet, 8n], waits: true }],
  rt_sigaction: call(12n, zeros, out, 8n),
  rt_sigprocmask: call(0n, Place.signalSet, out, 8n),
  rt_sigpending: call(out, 8n),
  rt_sigtimedwait: [{
    args: [Place.signalSet, out, zeros, 8n],
    before: [["signal"]],
  }],
  rt_sigreturn: "its frame is at the stack pointer: forge_test.ts",
  setpriority: NO_POINTER,
  getpriority: NO_POINTER,
  setgid: NO_POINTER,
  setuid: NO_POINTER,
  times: call(out),
  setpgid: NO_POINTER,
  getpgid: NO_POINTER,
  getsid: NO_POINTER,
  setsid: NO_POINTER,
  getgroups: call(8n, out),
  uname: call(out),
  getrlimit: call(7n, out),
  getrusage: call(0n, out),
  umask: NO_POINTER,
  prctl: call(15n, file),
  getcpu: call(out, out + 8n, 0n),
  gettimeofday: call(out, out + 16n),
  getpid: NO_POINTER,
  getppid: NO_POINTER,
  getuid: NO_POINTER,
  geteuid: NO_POINTER,
  getgid: NO_POINTER,
  getegid: NO_POINTER,
  gettid: NO_POINTER,
  sysinfo: call(out),
  brk: NO_POINTER,
  munmap: call(Place.free, 4096n),
  mremap: call(Place.readOnly, 4096n, 4096n, 0n, 0n),
  clone: "what it is given to write to is no reason to fail on Linux; a child would go on here",
  // An empty file: its arguments are looked at, and then it is no program.
  execve: [{
    args: [newName, Place.vector, Place.vector],
    before: [["mknodat", CWD, newName, 0o100700n, 0n]],
    after: [unlinkNew],
  }],
  mmap: call(0n, 4096n, 1n, 2n, FILE, 0n),
  mprotect: call(Place.base, 65536n, 3n),
  msync: call(Place.base, 65536n, 0n),
  madvise: call(Place.base, 65536n, 0n),
  wait4: [{
    args: [MINUS, out, 0n, out + 64n],
    before: [["child"]],
    after: [["wait4", MINUS, 0n, 1n, 0n]],
  }],
  prlimit64: call(0n, 7n, 0n, out),
  renameat2: [{
    args: [CWD, newName, CWD, otherName, 0n],
    before: [["mknodat", CWD, newName, 0o100600n, 0n]],
    after: [unlinkNew, unlinkOther],
  }],
  getrandom: call(out, 16n, 0n),
  faccessat2: call(CWD, file, 4n, 0n),
};
