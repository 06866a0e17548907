/** One breach of every invariant, written into a running kernel: each must be seen at once. */
import { EffectKind, type Effects } from "../../core/effect.ts";
import { type Event, EventKind } from "../../core/event.ts";
import { Pte } from "../../core/isa/riscv64.ts";
import { Account } from "../../core/ledger/accounts.ts";
import { Prot } from "../../core/mem/tables.ts";
import { Request, ThreadState, WaitKind } from "../../core/sched/tables.ts";
import { ONLY } from "./checker.ts";
import { capabilityPlants } from "./capability_plants.ts";
import { messagePlants } from "./message_plants.ts";
import {
  always,
  blockedOn,
  emit,
  first,
  leaf,
  pipes,
  type Plant,
  processes,
  queued,
  row,
  running,
  threads,
} from "./plant.ts";
import { INTERVAL } from "./tables.ts";
import { timerPlants } from "./timer_plants.ts";
import { waitingPlants } from "./waiting_plants.ts";

/** Every plant. */
export const plants: readonly Plant[] = [
  ...capabilityPlants,
  ...messagePlants,
  ...timerPlants,
  ...waitingPlants,
  {
    id: "J5",
    group: "history",
    stage: "storm",
    what: "an event numbered twice",
    write: (_k, e) => e.order === 50 && e.sequence-- > 0,
  },
  {
    id: "C28",
    group: "history",
    stage: "storm",
    what: "time of a thread booked twice",
    write: row(threads, running, (s, t) => s.thread.userTime[t] += 10),
  },
  {
    id: "I1",
    group: "queues",
    stage: "storm",
    what: "a run queue that runs in a circle",
    write: row(threads, queued, (s, t) => s.thread.queueNext[t] = t),
  },
  {
    id: "I1",
    group: "queues",
    stage: "storm",
    what: "a ready count one too high",
    write: row((s) => s.hart, always, (s, h) => s.hart.ready[h]++),
  },
  {
    id: "I1",
    group: "queues",
    stage: "pipes",
    what: "a wait queue whose tail is lost",
    write: row(pipes, (s, p) => s.pipe.readTail[p] !== 0, (s, p) => s.pipe.readTail[p] = 0),
  },
  {
    id: "I1",
    group: "queues",
    stage: "process",
    what: "a row in use on the free list",
    write: row(processes, (s) => s.process.$header[1] !== 0, (s) => {
      s.process.$live[s.process.$header[1]] = 1;
    }),
  },
  {
    id: "I1",
    group: "queues",
    stage: "process",
    what: "a child whose link back is wrong",
    write: row(processes, (s, p) => s.process.previousSibling[p] !== 0, (s, p) => {
      s.process.previousSibling[p] = 0;
    }),
  },
  {
    id: "I12",
    group: "queues",
    stage: "process",
    what: "a free frame too few",
    write: row((s) => s.memory, (s) => s.memory.freeFrames[ONLY] > 0, (s) => {
      s.memory.freeFrames[ONLY]--;
    }),
  },
  {
    id: "I12",
    group: "queues",
    stage: "storm",
    what: "an ASID of two spaces",
    write: row((s) => s.addressSpace, (_s, a) => a > 1, (s, a) => {
      s.addressSpace.asid[a] = s.addressSpace.asid[a - 1];
    }),
  },
  {
    id: "I2",
    group: "scheduling",
    stage: "storm",
    what: "a thread that runs on a hart that does not know",
    write: row(threads, running, (s, t) => s.hart.current[s.thread.hart[t] + 1] = 0),
  },
  {
    id: "I7",
    group: "scheduling",
    stage: "preempt",
    what: "a better thread that waits",
    write: row(
      threads,
      (s, t) => queued(s, t) && s.hart.current[s.thread.hart[t] + 1] !== 0,
      (s, t) => s.thread.priority[t] = 200,
    ),
  },
  {
    id: "F13",
    group: "priorities",
    stage: "pipes",
    what: "a priority that no waiter lent",
    write: row(threads, running, (s, t) => s.thread.inheritedPriority[t] = 60),
  },
  {
    id: "I7",
    group: "priorities",
    stage: "pipes",
    what: "a thread that runs at another level than its priority",
    write: row(threads, running, (s, t) => s.thread.level[t] = 3),
  },
  {
    id: "C5",
    group: "priorities",
    stage: "pipes",
    what: "a waiter that holds a futex it does not wait for",
    write: row((s) => s.waiter, always, (s, w) => s.waiter.futex[w] = 5),
  },
  {
    id: "C5",
    group: "scheduling",
    stage: "pipes",
    what: "a blocked thread nobody will wake",
    write: row(
      threads,
      (s, t) => blockedOn(s, t) !== WaitKind.None,
      (s, t) => s.waiter.kind[s.thread.waiter[t]] = WaitKind.None,
    ),
  },
  {
    id: "P12",
    group: "scheduling",
    stage: "affinity",
    what: "a thread where it may not be",
    write: row(threads, running, (s, t) => s.thread.affinityLo[t] = 0x8000_0000),
  },
  {
    id: "I7",
    group: "stealing",
    stage: "steal",
    what: "an idle hart that asks for nothing",
    write: row(
      (s) => s.hart,
      (s, h) => s.hart.current[h] === 0 && s.kernel.hungryLo[ONLY] !== 0,
      (s) => s.kernel.hungryLo[ONLY] = 0,
    ),
  },
  {
    id: "P12",
    group: "stealing",
    stage: "steal",
    what: "a pinned thread on its way elsewhere",
    write: row(
      threads,
      (s, t) =>
        s.thread.state[t] === ThreadState.Ready && s.thread.queued[t] === 0 &&
        (s.thread.requests[t] & Request.Start) !== 0,
      (s, t) => s.thread.affinityLo[t] = 0x8000_0000,
    ),
  },
  {
    id: "F25",
    group: "starvation",
    stage: "preempt",
    what: "a better thread that waited while another ran",
    write: ({ state: s }, e) => {
      const waited = (t: number) => queued(s, t) && s.thread.hart[t] === e.hart;
      const found = first(s.thread, (t) => waited(t) && s.thread.readySince[t] < e.time);
      if (found !== 0) s.thread.level[found] = 200;
      return found !== 0;
    },
  },
  {
    id: "C12",
    group: "ipis",
    stage: "storm",
    what: "an IPI raised and forgotten",
    write: row((s) => s.hart, (s, h) => s.hart.ipiPending[h] === 1, (s, h) => {
      s.hart.ipiPending[h] = 0;
    }),
  },
  {
    id: "I9",
    group: "ipis",
    stage: "storm",
    what: "a shootdown that asks a hart without an IPI",
    write: row((s) => s.shootdown, always, (s, r) => s.shootdown.waitingLo[r] |= 15),
  },
  {
    id: "I9",
    group: "rings",
    stage: "pipes",
    what: "bytes read that were never written",
    write: row(pipes, always, (s, p) => s.pipe.tail[p] = s.pipe.head[p] + 1),
  },
  {
    id: "I9",
    group: "rings",
    stage: "pipes",
    what: "a line end counted twice",
    write: ({ state: s }) => ++s.terminal.lines[1] > 0,
  },
  {
    id: "I13",
    group: "paging",
    stage: "pipes",
    what: "a dirty page that may not be written",
    write: leaf((s, word) => s.pageTable.entries[word] ^= Pte.Dirty),
  },
  {
    id: "I13",
    group: "paging",
    stage: "pipes",
    what: "a PTE that names no backed frame",
    write: leaf((s, word) => s.pageTable.entries[word + 1] ^= 0x3f),
  },
  {
    id: "I15",
    group: "paging",
    stage: "pipes",
    what: "a reference nobody holds",
    write: row((s) => s.frame, (s, f) => s.frame.refs[f] === 1, (s, f) => s.frame.refs[f]++),
  },
  {
    id: "C1",
    group: "paging",
    stage: "pipes",
    what: "a mapped frame that is free",
    write: row((s) => s.frame, (s, f) => s.frame.refs[f] === 1, (s, f) => s.frame.role[f] = 0),
  },
  {
    id: "C1",
    group: "paging",
    stage: "process",
    what: "a shared page that one side may write",
    write: ({ state: s }) => {
      const shared = first(s.frame, (f) => s.frame.role[f] === 1 && s.frame.refs[f] > 1);
      const page = s.frame.pfn[shared] + 0x8_0000;
      return shared !== 0 && leaf((_s, word) => {
        s.pageTable.entries[word] = (page << 10) >>> 0 | 0xd7;
      })({ state: s, effects: {} as Effects }, {} as Event);
    },
  },
  {
    id: "C2",
    group: "paging",
    stage: "pipes",
    what: "a table that counts one PTE too many",
    write: ({ state: s }) => {
      const table = first(s.pageTable);
      if (table !== 0) s.pageTable.used[table]++;
      // A table is looked at when its bytes or its space change.
      return table !== 0 && leaf((_s, word) => s.pageTable.entries[word] &= ~Pte.User)({
        state: s,
        effects: {} as Effects,
      }, {} as Event);
    },
  },
  {
    id: "C2",
    group: "paging",
    stage: "pipes",
    what: "a table whose bits miss a PTE",
    write: leaf((s, word) => {
      const entry = (word >>> 1) & 511;
      s.pageTable.present[(word >>> 10) * 16 + (entry >>> 5)] &= ~(1 << (entry & 31));
      // A table is looked at when its bytes change.
      s.pageTable.entries[word] &= ~Pte.User;
    }),
  },
  {
    id: "C3",
    group: "paging",
    stage: "memory",
    what: "two regions that overlap",
    write: row((s) => s.region, (s, r) => s.region.next[r] !== 0, (s, r) => {
      s.region.end[r] = s.region.start[s.region.next[r]] + 1;
    }),
  },
  {
    id: "P1",
    group: "paging",
    stage: "pipes",
    what: "code that may be written",
    write: row(
      (s) => s.region,
      (s, r) => s.region.prot[r] === (Prot.Read | Prot.Execute),
      (s, r) => {
        s.region.prot[r] = Prot.Read;
      },
    ),
  },
  {
    id: "P2",
    group: "paging",
    stage: "pipes",
    what: "memory that may be written and executed",
    write: row((s) => s.region, (s, r) => (s.region.prot[r] & Prot.Write) !== 0, (s, r) => {
      s.region.prot[r] |= Prot.Execute;
    }),
  },
  {
    id: "P17",
    group: "paging",
    stage: "storm",
    what: "a hart no shootdown would reach",
    write: row((s) => s.hart, (s, h) => s.hart.runningSpace[h] !== 0, (s, h) => {
      s.addressSpace.ranOnLo[s.hart.runningSpace[h]] = 0;
    }),
  },
  {
    id: "C14",
    group: "files",
    stage: "pipes",
    what: "a pipe with a reader too many",
    write: row(pipes, always, (s, p) => s.pipe.readers[p]++),
  },
  {
    id: "C4",
    group: "processes",
    stage: "process",
    what: "a thread slot booked as free",
    write: row(threads, always, (s) => s.account.balance[Account.ThreadUsed]--),
  },
  {
    id: "C7",
    group: "processes",
    stage: "process",
    what: "a pid nobody got",
    write: row(processes, (_s, p) => p > 2, (s) => s.kernel.nextPid[ONLY]++),
  },
  {
    id: "C26",
    group: "tables",
    stage: "process",
    what: "a freed row that is written",
    write: ({ state: s }, e) => {
      const free = s.process.$header[1];
      if (free === 0 || e.order % INTERVAL !== 0) return false;
      s.process.umask[free] = 18;
      return true;
    },
  },
  {
    id: "C26",
    group: "tables",
    stage: "process",
    what: "a process its pid does not find",
    write: ({ state: s }, e) => {
      if (e.order % INTERVAL !== 0) return false;
      s.kernel.pidBucket.fill(0);
      return true;
    },
  },
  {
    id: "C23",
    group: "tables",
    stage: "files",
    what: "two pages at one place of an object",
    write: row((s) => s.objectPage, (s, p) => s.objectPage.next[p] !== 0, (s, p) => {
      s.objectPage.index[p] = s.objectPage.index[s.objectPage.next[p]];
    }),
  },
  {
    id: "I14",
    group: "files",
    stage: "files",
    what: "two entries of one name",
    write: ({ state: s }, e) => {
      const d = s.directoryEntry;
      const entry = first(d, (r) => d.next[r] !== 0);
      if (entry === 0 || e.order % 64 !== 0) return false;
      const other = d.next[entry];
      d.name[other] = d.name[entry];
      d.nameLength[other] = d.nameLength[entry];
      return true;
    },
  },
  {
    id: "I18",
    group: "effects",
    stage: "time",
    what: "output in the middle of a timer interrupt",
    write: ({ state: s, effects: fx }, e) => {
      if (e.kind !== EventKind.Timer) return false;
      emit(fx, EffectKind.HostWrite, 1, s.memory.backed[ONLY], 0, 1);
      return true;
    },
  },
  {
    id: "I18",
    group: "effects",
    stage: "pipes",
    what: "a copy past the end of a page",
    write: ({ effects: fx }, e) => {
      if (e.kind !== EventKind.Syscall) return false;
      emit(fx, EffectKind.Zero, 1, 4000, 97);
      return true;
    },
  },
];
