import { back, f64, holds, owns, u16, u32, u8, weak } from "../state/column.ts";
import { table } from "../state/table.ts";
import { FUTEX_BUCKETS, IRQ_SOURCES, TID_BUCKETS } from "../sched/tables.ts";

/** Descriptors a process may have open. */
export const DESCRIPTORS = 256;
/** Pages of native name slots a process may have. */
export const NAME_PAGES = 64;
/** Signals, numbered from 1. */
export const SIGNALS = 64;
/** Bytes of a process's name. */
export const NAME_BYTES = 16;

/** Life of a process. */
export const ProcessState = { Free: 0, Embryo: 1, Live: 2, Dying: 3, Zombie: 4 } as const;

/** Well-known capabilities of a process: what its calls may reach without a token. */
export const KnownSlot = {
  space: 1,
  self: 2,
  root: 4,
  cwd: 8,
  console: 16,
  clock: 32,
  entropy: 64,
  processes: 128,
  names: 256,
  irqs: 512,
} as const;
/** All of them. */
export const KNOWN_SLOTS = 1023;

/** A process. */
export const processTable = table("process", {
  doc: "One row per process: family, space, namespaces, signal actions.",
  capacity: 4096,
}, {
  pid: u32("process id; ascends, never reused"),
  state: u8("a ProcessState"),
  parent: back("process", "parent, or 0 for init"),
  firstChild: owns("process", "newest child"),
  nextSibling: owns("process", "next older child of the same parent"),
  previousSibling: back("process", "next newer child"),
  firstThread: owns("thread", "its threads; the first stays, dead, until the process is reaped"),
  lastThread: back("thread", "the newest of them"),
  threads: u32("threads of it that are not dead"),
  space: holds("addressSpace", "its address space; 0 once released"),
  oldSpace: holds("addressSpace", "space an exec has left and is draining; 0 for none"),
  waitHead: back("waiter", "threads waiting for a child"),
  waitTail: back("waiter", "last of them"),
  vforkHead: back("waiter", "the parent blocked until this vfork child execs or exits"),
  vforkTail: back("waiter", "last of them"),
  group: u32("process group id"),
  session: u32("session id"),
  terminal: u32("controlling terminal row; 0 for none"),
  exitStatus: u32("wait status once a zombie: code << 8, or the signal"),
  exitSignal: u8("signal sent to the parent at exit"),
  killed: u8("signal that is killing it; 0 for none"),
  stopSignal: u8("signal that stopped it, until wait4 reports it"),
  stopped: u8("1 while stopped"),
  continued: u8("1 when continued and not reported"),
  executable: holds("inode", "inode it runs, for /proc/self/exe"),
  root: holds("inode", "root directory"),
  cwd: holds("inode", "current directory"),
  umask: u16("file creation mask"),
  uid: u32("user id"),
  gid: u32("group id"),
  descriptor: weak("capNode", "node of each descriptor; 0 when closed", { count: DESCRIPTORS }),
  descriptorGeneration: u32("generation of that node", { count: DESCRIPTORS }),
  descriptorFlags: u8("1 = close on exec", { count: DESCRIPTORS }),
  descriptors: u32("descriptors open"),
  firstNode: owns("capNode", "capability nodes in this process's space"),
  namePage: owns("namePage", "pages of native name slots, lowest first", {
    count: NAME_PAGES,
    usedCount: "namePages",
  }),
  namePages: u32("pages of name slots"),
  nameSlots: u32("name slots ever used; those above have never named anything"),
  nameFreeHead: u32("free name slot to use next plus one"),
  nameFreeTail: u32("last of them plus one"),
  names: u32("native names in use"),
  namesRetired: u32("name slots whose generations are used up"),
  renounced: u16("well-known capabilities it was started without, a KnownSlot bit each"),
  namesClosing: u8("1 while exec or exit takes its names away"),
  handlerLo: u32("signal handlers, low word: 0 default, 1 ignore", { count: SIGNALS + 1 }),
  handlerHi: u32("signal handlers, high word", { count: SIGNALS + 1 }),
  actionFlags: u32("SA_ flags of each signal", { count: SIGNALS + 1 }),
  actionMaskLo: u32("mask while handling, signals 1 to 32", { count: SIGNALS + 1 }),
  actionMaskHi: u32("mask while handling, signals 33 to 64", { count: SIGNALS + 1 }),
  pendingLo: u32("signals pending for the process, 1 to 32"),
  pendingHi: u32("signals pending for the process, 33 to 64"),
  childCode: u32("si_code of the pending SIGCHLD"),
  childPid: u32("si_pid of the pending SIGCHLD"),
  childStatus: u32("si_status of the pending SIGCHLD: exit code or signal"),
  senderPid: u32("si_pid of the last signal sent with kill"),
  name: u8("name, zero padded", { count: NAME_BYTES }),
  userTime: f64("user time of its dead threads, ns", { role: "history" }),
  childTime: f64("user time of reaped children, ns", { role: "history" }),
  pidNext: back("process", "next in the pid hash bucket", { role: "derived" }),
  firstChannel: owns("channel", "newest channel it receives on"),
  firstConnection: owns("connection", "newest connection it sends through"),
  connections: u16("connections it has"),
  connectionDeath: back("channel", "its channel for news of its connections' ends; 0 for none"),
  ringReserved: u32("entries that the rings of its channels may hold"),
  serviceNames: u32("names its channels have"),
  owedUntil: f64("when the last full of the buckets of connections it detached would be, ns"),
  threadDeath: back("channel", "its channel for news of its threads' ends; 0 for none"),
  receipts: f64("messages its threads have received", { role: "history" }),
  stopsAwaited: u32("threads that have not answered Request.Stop"),
  alarmThread: back("thread", "thread whose hart has the interval timer in its heap; 0 for none"),
  alarmDeadline: f64("next expiry of the interval timer, ns"),
  alarmPeriod: f64("period of the interval timer, ns; 0 for one shot"),
  execThread: back("thread", "thread that waits for the others to end, to execute a program"),
  execHead: back("waiter", "that thread's waiter"),
  execTail: back("waiter", "the same"),
  execSpace: holds("addressSpace", "the space it will have, complete; 0 for none"),
  execInode: holds("inode", "the program it will run"),
  execEntry: f64("address it will start at"),
  execStack: f64("its first stack pointer there"),
});

/** Loadable segments an executable may have. */
export const SEGMENTS = 8;
/** Kinds of executable image. */
export const ImageKind = { Elf: 1, Script: 2, Bad: 3 } as const;

/** What the kernel learned from the first page of an executable. */
export const imageTable = table("image", {
  doc: "One row per inode that was executed: its parsed ELF header, or its #! line.",
  capacity: 4096,
}, {
  inode: back("inode", "inode it describes"),
  kind: u8("an ImageKind"),
  error: u8("core error code when bad"),
  relocatable: u8("1 for a position-independent executable"),
  entry: f64("entry address before relocation"),
  headerAddress: f64("address of the program headers before relocation; 0 if not mapped"),
  headerCount: u32("program headers"),
  segments: u32("loadable segments"),
  segmentAddress: f64("virtual address", { count: SEGMENTS }),
  segmentMemory: f64("bytes in memory", { count: SEGMENTS }),
  segmentFile: f64("bytes from the file", { count: SEGMENTS }),
  segmentOffset: f64("file offset", { count: SEGMENTS }),
  segmentProt: u8("Prot bits", { count: SEGMENTS }),
  script: u8("interpreter path, NUL, optional argument, NUL", { count: 256 }),
});

/** Buckets of the pid hash. */
export const PID_BUCKETS = 1024;

/** Singletons of the kernel. */
export const kernelTable = table("kernel", {
  doc: "One row: configuration, global sequences, shutdown.",
  capacity: 1,
  root: true,
}, {
  harts: u32("harts in this boot"),
  booted: u8("1 after the Boot event"),
  lastOrder: f64("order of the last event plus one", { role: "history" }),
  now: f64("time of the last event, ns", { role: "history" }),
  startTime: f64("wall-clock time at virtual time 0, ns / 1000 since 1970 (whole microseconds)"),
  nextPid: u32("next process or thread id"),
  tidsGiven: f64("ids given to threads that are not the first of a process", { role: "history" }),
  init: owns("process", "process 1"),
  firstInode: owns("inode", "all inodes not yet freed, newest first"),
  processes: u32("process rows in use"),
  alive: u32("processes that are neither zombies nor embryos"),
  runMode: u8("0 boot: console on the UART; 1 run: standard streams of the host"),
  streamKinds: u8("bit i: descriptor i of run is a terminal"),
  columns: u16("terminal columns"),
  rows: u16("terminal rows"),
  random: u32("xoshiro256** state, low word first", { count: 8 }),
  randomOut: u32("scratch: the last random number drawn, low word first", {
    count: 2,
    role: "derived",
  }),
  randomSeeded: u8("1 after the entropy event"),
  sampling: u32("number plus one of the hart that waits for a sample's reply; 0 for none"),
  trampoline: holds("memoryObject", "object of the page that every space maps for signal return"),
  firstGhost: owns("capNode", "deleted capability nodes that still have children"),
  execInode: u32("scratch of execve: inode of the program found", { role: "derived" }),
  execScript: u32("scratch of execve: image of the #! line, or 0", { role: "derived" }),
  execOld: u32("scratch of execve: the space being left", { role: "derived" }),
  timerSequence: f64("next arming sequence", { role: "history" }),
  wakingHead: back("waiter", "first waiter whose queue was woken, and which is not awake yet"),
  wakingTail: back("waiter", "last of them"),
  shutdown: u8("a ShutdownReason once it began"),
  shutdownStage: u8("how far the shutdown has come"),
  shutdownCursor: u32("progress inside the stage"),
  shutdownSteps: u8("1 while the shutdown has a step to take on hart 0"),
  closed: u8("1 once the books are closed"),
  exitStatus: u32("wait status of process 1"),
  rootInode: holds("inode", "root of the file system"),
  pidBucket: back("process", "pid hash buckets", { count: PID_BUCKETS, role: "derived" }),
  tidBucket: back("thread", "tid hash buckets", { count: TID_BUCKETS, role: "derived" }),
  hungryLo: u32("harts 0 to 31 that are idle and ask for a thread", { owner: "global" }),
  hungryHi: u32("harts 32 to 63", { owner: "global" }),
  selfCheck: u8("a SelfCheck: what the scheduler found of itself at boot"),
  irqOfSource: back("irq", "binding of each interrupt source; 0 for none", { count: IRQ_SOURCES }),
  driverSource: u8("1 for a source that a driver of the kernel's own serves", {
    count: IRQ_SOURCES,
  }),
  futexBucket: back("futex", "futex hash buckets", { count: FUTEX_BUCKETS, role: "derived" }),
});

/** Why a boot ends. */
export const ShutdownReason = {
  None: 0,
  InitExit: 1,
  PowerOff: 2,
  Limit: 3,
  Deadlock: 4,
} as const;
