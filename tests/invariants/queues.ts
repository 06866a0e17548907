/** I1 and I12: every list of the kernel is a list, and its length is what is said of it. */
import type { State } from "../../core/kernel.ts";
import { WaitKind } from "../../core/sched/tables.ts";
import type { TableBase } from "../../core/state/table.ts";
import { type Check, eachLive, type Group, ONLY, type Report, top } from "./checker.ts";
import { type Links, Marks, walkList } from "./lists.ts";

/** A list that has a head (and maybe a tail and a length) in each row of some table. */
interface HeadedLists {
  readonly name: string;
  readonly of: TableBase;
  readonly head: ArrayLike<number>;
  readonly tail?: ArrayLike<number>;
  readonly length?: ArrayLike<number>;
  readonly links: Links;
  /** Whether every live row of the linked table is in one of these lists. */
  readonly holdsAll?: boolean;
}

function linksOf(
  table: TableBase,
  name: string,
  next: ArrayLike<number>,
  previous?: ArrayLike<number>,
): Links {
  return previous === undefined
    ? { table: name, next, live: table.$live }
    : { table: name, next, previous, live: table.$live };
}

function headedLists(s: State): readonly HeadedLists[] {
  const { process, thread, waiter, addressSpace, region, memoryObject, objectPage } = s;
  const { inode, directoryEntry, capNode, kernel, memory, shootdown, fileSystem, chunkRequest } = s;
  return [
    {
      name: "children of process",
      of: process,
      head: process.firstChild,
      links: linksOf(process, "process", process.nextSibling, process.previousSibling),
    },
    {
      name: "threads of process",
      of: process,
      head: process.firstThread,
      tail: process.lastThread,
      links: linksOf(thread, "thread", thread.nextInProcess, thread.previousInProcess),
      holdsAll: true,
    },
    {
      name: "waiters of thread",
      of: thread,
      head: thread.waiter,
      links: linksOf(waiter, "waiter", waiter.nextOfThread),
      holdsAll: true,
    },
    {
      name: "regions of space",
      of: addressSpace,
      head: addressSpace.firstRegion,
      length: addressSpace.regions,
      links: linksOf(region, "region", region.next),
      holdsAll: true,
    },
    {
      name: "pages of object",
      of: memoryObject,
      head: memoryObject.firstPage,
      length: memoryObject.pages,
      links: linksOf(objectPage, "objectPage", objectPage.next, objectPage.previous),
      holdsAll: true,
    },
    {
      name: "all inodes, kernel",
      of: kernel,
      head: kernel.firstInode,
      links: linksOf(inode, "inode", inode.next, inode.previous),
      holdsAll: true,
    },
    {
      name: "entries of inode",
      of: inode,
      head: inode.firstEntry,
      tail: inode.lastEntry,
      length: inode.entries,
      links: linksOf(
        directoryEntry,
        "directoryEntry",
        directoryEntry.next,
        directoryEntry.previous,
      ),
      holdsAll: true,
    },
    {
      name: "nodes of process",
      of: process,
      head: process.firstNode,
      // All but ghosts and nodes in flight; C13 counts.
      links: linksOf(capNode, "capNode", capNode.nextInSpace, capNode.previousInSpace),
    },
    {
      name: "mappings of capNode",
      of: capNode,
      head: capNode.firstRegion,
      links: linksOf(region, "region", region.nextOfNode, region.previousOfNode),
    },
    {
      name: "ghosts of kernel",
      of: kernel,
      head: kernel.firstGhost,
      links: linksOf(capNode, "capNode", capNode.nextInSpace, capNode.previousInSpace),
    },
    {
      name: "children of capNode",
      of: capNode,
      head: capNode.firstChild,
      length: capNode.children,
      links: linksOf(capNode, "capNode", capNode.nextSibling, capNode.previousSibling),
    },
    {
      name: "shootdowns of memory",
      of: memory,
      head: memory.firstShootdown,
      links: linksOf(shootdown, "shootdown", shootdown.next, shootdown.previous),
      holdsAll: true,
    },
    {
      name: "requests of fileSystem",
      of: fileSystem,
      head: fileSystem.firstChunk,
      links: linksOf(chunkRequest, "chunkRequest", chunkRequest.next, chunkRequest.previous),
      holdsAll: true,
    },
    {
      name: "dying objects of memory",
      of: memory,
      head: memory.firstDying,
      links: linksOf(memoryObject, "memoryObject", memoryObject.nextDying),
    },
  ];
}

function headedCheck(lists: HeadedLists): (report: Report) => void {
  const marks = new Marks(lists.links.next.length);
  const { of, head, tail, length, links } = lists;
  return (report) => {
    marks.begin();
    let all = 0;
    eachLive(of, (row) => {
      const name = `${lists.name} ${row}`;
      const found = walkList(report, "I1", name, links, head[row] ?? 0, marks, tail?.[row]);
      if (length !== undefined && length[row] !== found) {
        report("I1", name, `${found} rows, but its length says ${length[row]}`);
      }
      all += found;
    });
    if (lists.holdsAll !== true || links.live === undefined) return;
    let live = 0;
    for (let row = 1; row < links.live.length && live <= all; row++) live += links.live[row] ?? 0;
    if (live !== all) {
      report("I1", lists.name, `hold ${all} of the rows of ${links.table} in use, of ${live}`);
    }
  };
}

/** The list of free rows every table has in its header, oldest first. */
function freeRowsCheck(name: string, table: TableBase): (report: Report) => void {
  const marks = new Marks(table.$capacity);
  const links: Links = { table: name, next: table.$nextFree };
  return (report) => {
    const [watermark = 0, head = 0, tail = 0, used = 0, retired = 0] = table.$header;
    marks.begin();
    const list = `free rows of ${name}`;
    const free = walkList(report, "I1", list, links, head, marks, tail, (row) => {
      if (table.$live[row] !== 0) report("I1", `${name} ${row}`, `in use, but in ${list}`);
      if (row > watermark) report("I1", `${name} ${row}`, `never used, but in ${list}`);
    });
    let live = 0;
    for (let row = 1; row <= watermark; row++) live += table.$live[row] ?? 0;
    if (live !== used) report("I1", `table ${name}`, `${live} rows in use, used says ${used}`);
    if (used + free + retired !== watermark) {
      report(
        "I1",
        `table ${name}`,
        `${used} used, ${free} free and ${retired} retired rows are not the ${watermark} there are`,
      );
    }
  };
}

/** Frames: the free list, those released, and each shootdown's quarantine, all disjoint. */
function frameLists(s: State): (report: Report) => void {
  const marks = new Marks(s.frame.$capacity);
  const links: Links = { table: "frame", next: s.frame.next };
  const { memory: m, shootdown } = s;
  return (report) => {
    marks.begin();
    const check = (list: string, head: number, tail: number, length: number): void => {
      const found = walkList(report, "I12", list, links, head, marks, tail);
      if (found !== length) report("I12", list, `${found} frames, but its count says ${length}`);
    };
    check("free frames", m.freeHead[ONLY], m.freeTail[ONLY], m.freeFrames[ONLY]);
    check("released frames", m.releasedHead[ONLY], m.releasedTail[ONLY], m.releasedFrames[ONLY]);
    eachLive(shootdown, (row) => {
      const name = `quarantine of shootdown ${row}`;
      check(name, shootdown.firstFrame[row], shootdown.lastFrame[row], shootdown.frames[row]);
    });
  };
}

const WORDS = 64;

/** Bits of the ASID bitmaps are as many as the accounts say, one a live space. */
function asidBits(s: State): (report: Report) => void {
  const spaces = new Map<number, number>();
  return (report) => {
    const bit = (map: Uint32Array, asid: number): number =>
      ((map[ONLY * WORDS + (asid >>> 5)] ?? 0) >>> (asid & 31)) & 1;
    spaces.clear();
    eachLive(s.addressSpace, (space) => {
      const asid = s.addressSpace.asid[space];
      const other = spaces.get(asid);
      if (other !== undefined) {
        report("I12", `addressSpace ${space}`, `its ASID ${asid} is also that of space ${other}`);
      }
      spaces.set(asid, space);
    });
    for (let asid = 0; asid < WORDS * 32; asid++) {
      const used = bit(s.memory.asidUsed, asid);
      const retired = bit(s.memory.asidRetired, asid);
      const live = spaces.has(asid) ? 1 : 0;
      if (used !== (live | retired) || (live & retired) === 1) {
        report(
          "I12",
          `ASID ${asid}`,
          `used bit ${used}, retired bit ${retired}, but ${live} live spaces have it`,
        );
      }
    }
  };
}

const LEVELS = 256;

function runQueues(s: State): (report: Report) => void {
  const marks = new Marks(s.thread.$capacity);
  const links = linksOf(s.thread, "thread", s.thread.queueNext, s.thread.queuePrevious);
  return (report) => {
    marks.begin();
    for (let hart = 0; hart < s.kernel.harts[ONLY]; hart++) {
      const row = hart + 1;
      let ready = 0;
      for (let level = 0; level < LEVELS; level++) {
        const at = row * LEVELS + level;
        const word = s.hart.queueBitmap[row * (LEVELS / 32) + (level >>> 5)];
        const bit = (word >>> (level & 31)) & 1;
        const head = s.hart.queueHead[at];
        if (head === 0 && s.hart.queueTail[at] === 0 && bit === 0) continue;
        const list = `run queue ${level} of hart ${hart}`;
        const tail = s.hart.queueTail[at];
        const length = walkList(report, "I1", list, links, head, marks, tail, (thread) => {
          if (s.thread.level[thread] !== level || s.thread.hart[thread] !== hart) {
            report(
              "I1",
              `thread ${thread}`,
              `in ${list}, but it says level ${s.thread.level[thread]} of hart ${
                s.thread.hart[thread]
              }`,
            );
          }
          if (s.thread.queued[thread] !== 1) {
            report("I1", `thread ${thread}`, `in ${list}, but not marked as queued`);
          }
        });
        if ((length > 0) !== (bit === 1)) {
          report("I1", list, `${length} threads, but its bit of the bitmap is ${bit}`);
        }
        ready += length;
      }
      if (s.hart.ready[row] !== ready) {
        report("I1", `hart ${hart}`, `${ready} threads queued, ready says ${s.hart.ready[row]}`);
      }
    }
    eachLive(s.thread, (thread) => {
      if (s.thread.queued[thread] === 1 && !marks.has(thread)) {
        report("I1", `thread ${thread}`, "marked as queued, but in no run queue");
      }
    });
  };
}

function inboxes(s: State): (report: Report) => void {
  const marks = new Marks(s.thread.$capacity);
  const links = linksOf(s.thread, "thread", s.thread.inboxNext, s.thread.inboxPrevious);
  return (report) => {
    marks.begin();
    for (let hart = 0; hart < s.kernel.harts[ONLY]; hart++) {
      const list = `inbox of hart ${hart}`;
      const head = s.hart.inboxHead[hart + 1];
      walkList(report, "I1", list, links, head, marks, s.hart.inboxTail[hart + 1], (thread) => {
        if (s.thread.hart[thread] !== hart) {
          report("I1", `thread ${thread}`, `in the ${list}, but of hart ${s.thread.hart[thread]}`);
        }
      });
    }
    eachLive(s.thread, (thread) => {
      const linked = marks.has(thread);
      if (linked !== (s.thread.inInbox[thread] === 1)) {
        report("I1", `thread ${thread}`, `inInbox and the inboxes disagree (linked: ${linked})`);
      }
      if (linked !== (s.thread.requests[thread] !== 0)) {
        report(
          "I1",
          `thread ${thread}`,
          `request bits ${s.thread.requests[thread]}, linked into an inbox: ${linked}`,
        );
      }
    });
  };
}

/** Where the waiters of each kind queue. */
function waitHeads(
  s: State,
): readonly (readonly [kind: number, table: TableBase, head: Uint32Array, tail: Uint32Array])[] {
  const { process, pipe, chunkRequest, terminal, addressSpace, inode, shootdown, stream } = s;
  const { channel, futex, notification } = s;
  return [
    [WaitKind.Child, process, process.waitHead, process.waitTail],
    [WaitKind.Vfork, process, process.vforkHead, process.vforkTail],
    [WaitKind.Threads, process, process.execHead, process.execTail],
    [WaitKind.Join, s.thread, s.thread.joinHead, s.thread.joinTail],
    [WaitKind.PipeRead, pipe, pipe.readHead, pipe.readTail],
    [WaitKind.PipeWrite, pipe, pipe.writeHead, pipe.writeTail],
    [WaitKind.Chunk, chunkRequest, chunkRequest.waitHead, chunkRequest.waitTail],
    [WaitKind.Terminal, terminal, terminal.waitHead, terminal.waitTail],
    [WaitKind.SpaceOperation, addressSpace, addressSpace.waitHead, addressSpace.waitTail],
    [WaitKind.FileOperation, inode, inode.waitHead, inode.waitTail],
    [WaitKind.Shootdown, shootdown, shootdown.waitHead, shootdown.waitTail],
    [WaitKind.Stream, stream, stream.waitHead, stream.waitTail],
    [WaitKind.MessageSend, channel, channel.sendHead, channel.sendTail],
    [WaitKind.MessageReceive, channel, channel.receiveHead, channel.receiveTail],
    [WaitKind.MessageReply, channel, channel.replyHead, channel.replyTail],
    [WaitKind.Notification, notification, notification.waitHead, notification.waitTail],
    [WaitKind.Futex, futex, futex.waitHead, futex.waitTail],
  ];
}

function waitQueues(s: State): (report: Report) => void {
  const marks = new Marks(s.waiter.$capacity);
  const links = linksOf(s.waiter, "waiter", s.waiter.next, s.waiter.previous);
  const queues = waitHeads(s);
  return (report) => {
    marks.begin();
    for (const [kind, table, head, tail] of queues) {
      // Rows of terminals and streams are in use from the start, without being allocated.
      const end = Math.max(top(table), table.$capacity <= 8 ? table.$capacity - 1 : 0);
      for (let row = 1; row <= end; row++) {
        if (head[row] === 0 && tail[row] === 0) continue;
        const list = `wait queue ${kind} of ${table.$spec.name} ${row}`;
        walkList(report, "I1", list, links, head[row] ?? 0, marks, tail[row], (waiter) => {
          if (s.waiter.kind[waiter] === kind && s.waiter.object[waiter] === row) return;
          report(
            "I1",
            `waiter ${waiter}`,
            `in ${list}, but it says kind ${s.waiter.kind[waiter]}, row ${s.waiter.object[waiter]}`,
          );
        });
      }
    }
    const head = s.kernel.wakingHead[ONLY];
    walkList(report, "I1", "waiters being woken", links, head, marks, s.kernel.wakingTail[ONLY]);
    eachLive(s.waiter, (waiter) => {
      const kind = s.waiter.kind[waiter];
      const says = kind !== WaitKind.None && kind !== WaitKind.Sleep;
      if (says === marks.has(waiter)) return;
      report("I1", `waiter ${waiter}`, `kind ${kind}, linked into a wait queue: ${!says}`);
    });
  };
}

/** Every list: free rows, run queues, inboxes, wait queues, families, regions, pages, frames. */
export const queues: Group = {
  name: "queues",
  ids: ["I1", "I12"],
  make: ({ state: s }): Check => {
    const checks: ((report: Report) => void)[] = [
      runQueues(s),
      inboxes(s),
      waitQueues(s),
      frameLists(s),
      asidBits(s),
    ];
    for (const lists of headedLists(s)) checks.push(headedCheck(lists));
    for (const [name, table] of Object.entries(s)) checks.push(freeRowsCheck(name, table));
    return (_e, report) => {
      for (const check of checks) check(report);
    };
  },
};
