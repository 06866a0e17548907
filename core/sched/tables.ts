import { back, f64, holds, owns, u16, u32, u8 } from "../state/column.ts";
import { REGISTER_LIMIT } from "../event.ts";
import { table } from "../state/table.ts";

/** Priority levels of the fixed-priority class; a higher number runs first. */
export const PRIORITY_LEVELS = 256;
/** Priority a process starts with. */
export const DEFAULT_PRIORITY = 20;
/** Most timers one hart's heap holds; one per thread timer, so it can never overflow. */
export const HEAP_CAPACITY = 8192;

const mine = { owner: "hart" } as const;

/** A hart as the kernel sees it. Row = hart number + 1. */
export const hartTable = table("hart", {
  doc: "One row per hart: its run queues, timer heap, inbox and clocks.",
  capacity: 64,
  root: true,
}, {
  current: back("thread", "thread whose registers the hart runs on; 0 while idle", mine),
  loaded: back("thread", "thread last given to the machine; 0 for idle", mine),
  runningSpace: back("addressSpace", "space the hart's satp names; 0 for none", mine),
  needsReschedule: u8("a better choice than current may be queued", mine),
  operation: back("thread", "thread whose long operation this hart is stepping; 0 for none", mine),
  continuePending: u8("a Continue effect is out and its event has not come", mine),
  queueHead: back("thread", "first ready thread of each level", {
    ...mine,
    count: PRIORITY_LEVELS,
  }),
  queueTail: back("thread", "last ready thread of each level", { ...mine, count: PRIORITY_LEVELS }),
  queueBitmap: u32("one bit a level with ready threads", { ...mine, count: PRIORITY_LEVELS / 32 }),
  ready: u32("threads queued here", mine),
  assigned: u32("live threads whose home is this hart", { owner: "global" }),
  inboxHead: back("thread", "first thread in transit to this hart", { owner: "object" }),
  inboxTail: back("thread", "last thread in transit to this hart", { owner: "object" }),
  ipiPending: u8("an IPI has been raised and its event has not come", { owner: "object" }),
  heapLength: u32("timers armed here", mine),
  heap: u32("binary heap of thread*2 (sleep) and thread*2+1 (interval) entries", {
    ...mine,
    count: HEAP_CAPACITY,
    usedCount: "heapLength",
  }),
  timerProgrammed: f64("compare value last given to the hart's timer, ns; 0 for off", mine),
  firstTimer: holds("timer", "first to come due of the timers armed here", mine),
  askedTimer: back("timer", "one that another hart wants changed; a list", { owner: "object" }),
  asidEpoch: u32("ASID epoch this hart last flushed at", mine),
  lastSequence: f64("sequence of the hart's last event plus one", { ...mine, role: "history" }),
  lastTime: f64("time of the hart's last event, ns", { ...mine, role: "history" }),
  switches: f64("context switches", { ...mine, role: "history" }),
  steal: u8("Steal bits: why it is to look for a thread that an idle hart may have"),
  stealAt: f64("time from which a queued thread may go to an idle hart, ns; 0 for none", mine),
  stealFrom: u8("while idle: number plus one of the hart it asks; 0 while any hart may answer"),
  stealTriedLo: u32("harts 0 to 31 it has asked since it became idle, and itself"),
  stealTriedHi: u32("harts 32 to 63"),
  given: f64("threads given to idle harts", { ...mine, role: "history" }),
  longestWait: f64("longest wait of a ready thread of each level for the hart, ns", {
    ...mine,
    role: "history",
    count: PRIORITY_LEVELS,
  }),
  next: back(
    "thread",
    "ready thread better than any queued one, kept out of the queue until its event ends; 0 between events",
    mine,
  ),
});

/** Buckets of the tid hash. */
export const TID_BUCKETS = 1024;

/**
 * Threads one process may have, the dead first one among them: what is done to all of them is within
 * one event's work.
 */
export const THREADS_A_PROCESS = 256;

/** What a thread is doing. */
export const ThreadState = {
  Free: 0,
  /** Being built; not yet runnable. */
  Embryo: 1,
  /** In its hart's run queue. */
  Ready: 2,
  /** Current on its hart. */
  Running: 3,
  /** Its waiter is linked, or a request that wakes it is under way. */
  Blocked: 4,
  /** Stopped by a signal. */
  Stopped: 5,
  /** Its process is being torn down; never runs user code again. */
  Dead: 6,
} as const;

/** Request bits another hart may set on a thread; while any is set the thread is in transit. */
export const Request = {
  Wake: 1,
  /** Look at signals soon. */
  Signal: 2,
  /** Move to `migrateTo`. */
  Migrate: 4,
  /** First enqueue of a new thread. */
  Start: 8,
  /** End soon: its process is being torn down, or another thread of it executes a program. */
  Kill: 16,
  /** Its effective priority has changed: queue it anew, or look again at who runs. */
  Priority: 32,
  /** Its process's interval timer is another thread's now, or this one's. */
  Alarm: 64,
  /** Its process has been stopped; the parent is told once all have answered. */
  Stop: 128,
} as const;

/** Why a hart is to look whether an idle one may have a thread of its queue. */
export const Steal = {
  /** A thread was queued, or may go to more harts, or has waited for a while. */
  Offer: 1,
  /** An idle hart asked this one and nobody else. */
  Asked: 2,
} as const;

/** Why a blocked thread woke. */
export const WakeReason = {
  None: 0,
  /** Run the call again from its `ecall`. */
  Restart: 1,
  /** The waker completed the call. */
  Complete: 2,
  Timeout: 3,
  Signal: 4,
} as const;

/** What a handled signal does to a blocked call. */
export const InterruptRule = {
  /** It returns "interrupted". */
  Interrupted: 0,
  /** It runs again if the action asks for that. */
  Restart: 1,
  /** It returns what it has done so far, if anything; else as Restart. */
  Progress: 2,
  /** It runs again, whatever the action asks for. */
  Always: 3,
} as const;

/** A thread. Its row index is its register slot in the machine. */
export const threadTable = table("thread", {
  doc: "One row per thread: state, place, blocked call, signals, timers.",
  capacity: 4096,
}, {
  process: back("process", "process it belongs to"),
  tid: u32("thread id, equal to the pid for a process's first thread"),
  nextInProcess: owns("thread", "next thread of the process, in the order they were made"),
  previousInProcess: back("thread", "the thread before it in that list"),
  state: u8("a ThreadState"),
  hart: u16("number of the hart it is assigned to"),
  affinityLo: u32("harts 0 to 31 it may run on, a bit each"),
  affinityHi: u32("harts 32 to 63"),
  class: u8("scheduling class"),
  priority: u8("base priority"),
  untimed: u8("1 when no turn of it ends: its equals wait until it blocks or yields"),
  messagePriority: u16("priority of the message it serves plus one; 0 for none"),
  inheritedPriority: u16("highest waiter of the futexes it owns plus one; 0 for none"),
  firstOwned: back("futex", "first priority-inheriting futex it owns that has waiters"),
  owned: u8("futexes in that list"),
  level: u8("effective priority its hart schedules it at", mine),
  queueNext: back("thread", "next in the run queue", mine),
  queuePrevious: back("thread", "previous in the run queue", mine),
  queued: u8("1 while in the run queue", mine),
  budget: f64("what is left of its quantum, ns", mine),
  dispatchedAt: f64("time it was last given the hart, ns", mine),
  requests: u8("Request bits"),
  inInbox: u8("1 while linked into an inbox"),
  inboxNext: back("thread", "next in the inbox"),
  inboxPrevious: back("thread", "the one before it in the inbox"),
  migrateTo: u16("hart asked for by Request.Migrate"),
  waiter: owns("waiter", "the waiter it blocks with"),
  call: u32("number of the system call in progress plus one; 0 for none"),
  callBlocking: u8("an InterruptRule: what a handled signal does to the call in progress"),
  callDeadline: f64("absolute deadline of the call in progress, ns; 0 for none"),
  callProgress: f64("bytes or units the call in progress has done"),
  callKept: u8("1 when it waits with something done, which holds for its arguments alone"),
  callRegister: u32("those arguments, low and high halves", { count: 2 * REGISTER_LIMIT }),
  callStage: u32("how far the call in progress has come; 0 at first entry"),
  callArgument: f64("what the call in progress carries over a restart", { count: 4 }),
  callRemain: f64("user address that gets the time left when a sleep is interrupted; 0 for none"),
  wakeReason: u8("a WakeReason"),
  operation: u8("kind of the long operation under way; 0 for none"),
  cursor: f64("progress of the long operation", { count: 6 }),
  sweeping: holds("addressSpace", "another space its long operation changes; 0 for none"),
  timerIndex: u32("place of the sleep timer in its hart's heap plus one; 0 when not armed", mine),
  timerDeadline: f64("deadline of the sleep timer, ns", mine),
  timerSequence: f64("arming order of the sleep timer", { ...mine, role: "history" }),
  intervalIndex: u32("place of the interval timer in the heap plus one", mine),
  intervalDeadline: f64("next expiry of the process's interval timer, if it is armed here", mine),
  intervalSequence: f64("arming order of the interval timer", { ...mine, role: "history" }),
  blockedLo: u32("signal mask, signals 1 to 32"),
  blockedHi: u32("signal mask, signals 33 to 64"),
  pendingLo: u32("signals pending for this thread, 1 to 32"),
  pendingHi: u32("signals pending for this thread, 33 to 64"),
  awaitedLo: u32("signals 1 to 32 the call in progress takes by itself (sigtimedwait)"),
  awaitedHi: u32("signals 33 to 64 it takes"),
  savedMaskLo: u32("mask to put back after sigsuspend"),
  savedMaskHi: u32("mask to put back after sigsuspend"),
  restoreMask: u8("1 while savedMask must be put back before user code"),
  faultSignal: u8("signal of a fault being delivered; 0 for none"),
  faultCode: u32("si_code of that fault"),
  faultAddressLo: u32("si_addr of that fault: any 64-bit value, for a program may use any"),
  faultAddressHi: u32("its upper half"),
  sampled: u8("1 while a sample of its registers for signal delivery is out"),
  userTime: f64("user time, ns", { role: "history" }),
  message: owns("message", "what it sends or receives, from its first such call on; 0 before"),
  deathPulse: owns("pulse", "kept for news of its end; 0 where nobody has asked for that yet"),
  senderPid: u32("si_pid of the last signal sent to this thread alone"),
  robustHead: f64("user address of its list of robust futexes; 0 for none"),
  leaving: u8("1 while it is to end, once its list of robust futexes has been looked at"),
  doomed: u8("1 once it was told to end by itself, whatever its process does"),
  joinHead: back("waiter", "first thread that waits for its end"),
  joinTail: back("waiter", "last of them"),
  clearTid: f64("user address that is set to 0 when the thread ends; 0 for none"),
  tidNext: back("thread", "next in the tid hash bucket", { role: "derived" }),
  readySince: f64("time it was last queued, ns", { ...mine, role: "history" }),
});

/** A place in a wait queue. */
export const waiterTable = table("waiter", {
  doc: "One row per blocked thread or poll item: which object it waits on, and its links there.",
  capacity: 8192,
}, {
  thread: back("thread", "thread to wake"),
  kind: u8("a WaitKind: which wait queue the row is linked in; 0 for none"),
  object: u32("row of the object waited on, in the table the kind names"),
  next: back("waiter", "next in the queue"),
  previous: back("waiter", "previous in the queue"),
  generation: u32("counts waits; a late wake-up with an old one does nothing", { role: "history" }),
  nextOfThread: owns("waiter", "further waiters of the same thread (poll)"),
  events: u32("poll events asked for"),
  priority: u8("priority it is queued at, in a queue that is ordered by priority"),
  mate: back("waiter", "other end of the stretch of its priority, where it is an end of it"),
  futex: holds("futex", "futex it waits for"),
  bits: u32("bit set a wake-up of its futex must meet"),
});

/** Buckets of the futex hash. */
export const FUTEX_BUCKETS = 1024;

/** What a futex's key is relative to. */
export const FutexSpace = {
  /** An address space: the address is a user address. */
  Private: 0,
  /** A memory object: the address is an offset in it. */
  Shared: 1,
} as const;

/** A word of user memory that threads wait at. */
export const futexTable = table("futex", {
  doc: "One row per word that some thread waits at; it goes with its last waiter.",
  capacity: 4096,
}, {
  space: u8("a FutexSpace"),
  place: u32("row of the address space or memory object"),
  placeGeneration: u32("its generation: a key outlives its object, but never matches another one"),
  address: f64("user address, or byte offset in the memory object"),
  refs: u32("waiters"),
  waitHead: back("waiter", "first waiter, by priority and then arrival"),
  waitTail: back("waiter", "last waiter"),
  selective: u8("1 when a waiter has bits that not every wake-up meets"),
  inherits: u8("1 when its waiters lend their priority to its owner"),
  owner: back("thread", "thread that owns it, when it inherits; 0 when that is gone"),
  nextOwned: back("futex", "next futex of the same owner"),
  previousOwned: back("futex", "previous futex of the same owner"),
  hashNext: back("futex", "next in the hash bucket", { role: "derived" }),
});

/** A timer a program made. */
export const timerTable = table("timer", {
  doc: "One row per timer: what it sets in which notification, when, and the list it is armed in.",
  capacity: 256,
}, {
  refs: u32("capability nodes that hold it, and its list"),
  notification: holds("notification", "where it sets its bits; 0 once nobody names it"),
  bits: u32("what it sets there"),
  deadline: f64("when it is to expire next, ns; 0 while not armed"),
  period: f64("ns between expiries; 0 for one"),
  overruns: u32(
    "expiries that nobody could see on their own, since it was armed or they were read",
  ),
  home: u8("number plus one of the hart it is armed on; 0 for none"),
  listed: u8("1 while in that hart's list", mine),
  due: f64("deadline it is listed by, ns", mine),
  next: holds("timer", "the one that is due after it on its hart", mine),
  previous: back("timer", "the one that is due before it", mine),
  asked: u8("1 while its hart is asked to look at it"),
  nextAsked: back("timer", "the one that its hart was asked to look at before"),
  previousAsked: back("timer", "the one after"),
});

/** Numbers of interrupt sources lie below this; 0 is none. */
export const IRQ_SOURCES = 96;

/** An interrupt source that a program has bound. */
export const irqTable = table("irq", {
  doc: "One row per bound interrupt source: what it sets in which notification.",
  capacity: IRQ_SOURCES - 1,
}, {
  refs: u32("capability nodes that hold it"),
  source: u8("number of the source"),
  notification: holds("notification", "where it sets its bits"),
  bits: u32("what it sets there"),
  pending: u8("1 from an interrupt until it is acknowledged: its source is masked"),
  delivered: u32("interrupts told, modulo 2^32", { role: "history" }),
  spurious: u32("interrupts that came while the source was masked, modulo 2^32", {
    role: "history",
  }),
});

/** Wait queue heads live in a table of their own, so every object embeds two bare indices. */
export const WaitKind = {
  None: 0,
  /** object: process row whose children are awaited. */
  Child: 1,
  /** object: pipe row, readers. */
  PipeRead: 2,
  /** object: pipe row, writers. */
  PipeWrite: 3,
  /** object: none; only the timer or a signal ends it. */
  Sleep: 4,
  /** object: chunk request row. */
  Chunk: 5,
  /** object: terminal row, readers. */
  Terminal: 6,
  /** object: address space row, its operation slot. */
  SpaceOperation: 7,
  /** object: inode row, its operation slot. */
  FileOperation: 8,
  /** object: shootdown row. */
  Shootdown: 9,
  /** object: child process row; the vfork parent waits. */
  Vfork: 10,
  /** object: host stream row, readers. */
  Stream: 11,
  /** object: futex row. */
  Futex: 12,
  /** object: process row; the thread that executes a program waits until it is the only one. */
  Threads: 13,
  /** object: notification row. */
  Notification: 14,
  /** object: channel row; senders whose messages wait for a receiver, by priority. */
  MessageSend: 15,
  /** object: channel row; receivers, by priority. */
  MessageReceive: 16,
  /** object: channel row; senders whose messages were received. */
  MessageReply: 17,
  /** object: thread row; whoever waits for its end. */
  Join: 18,
} as const;
