import { ONE, type State } from "../kernel.ts";
import { NameKind, NodeFlag, PAGE_SLOTS } from "../cap/tables.ts";
import { CARRIED } from "../ipc/tables.ts";
import { DESCRIPTORS, NAME_PAGES, ProcessState } from "../proc/tables.ts";
import { OpenFlag } from "../fs/tables.ts";
import { THREADS_A_PROCESS, ThreadState } from "../sched/tables.ts";
import { isCurrent, watermark } from "../state/table.ts";
import type { Reach } from "./recount_walk.ts";

/**
 * Checks what rows say of each other: family links, regions in order and disjoint, counted lists,
 * descriptors and their nodes, ASIDs. Circles are the walk's to find; these loops are bounded.
 */
export function checkObjects(s: State, reach: Reach): void {
  checkProcesses(s, reach);
  checkSpaces(s, reach);
  checkMemoryObjects(s, reach);
  checkDirectories(s, reach);
  checkNodes(s, reach);
  checkOpenFiles(s, reach);
}

function checkProcesses(s: State, reach: Reach): void {
  const top = watermark(s.process);
  let live = 0;
  for (let p = 1; p <= top; p++) {
    if (s.process.$live[p] === 0) continue;
    live++;
    checkFamily(s, reach, p, top);
    checkDescriptors(s, reach, p);
    checkThreads(s, reach, p);
  }
  if (live !== s.kernel.processes[ONE]) {
    reach.report("kernel", ONE, `${live} processes, processes says ${s.kernel.processes[ONE]}`);
  }
}

/** The list of a process's threads: of the dead only the first is kept. */
function checkThreads(s: State, reach: Reach, p: number): void {
  let threads = 0;
  let living = 0;
  let previous = 0;
  for (let t = s.process.firstThread[p]; t !== 0; t = s.thread.nextInProcess[t]) {
    if (s.thread.process[t] !== p) {
      reach.report("thread", t, `listed by process ${p}, not its own`);
    }
    if (s.waiter.thread[s.thread.waiter[t]] !== t) {
      reach.report("thread", t, "its waiter names another thread");
    }
    if (s.thread.previousInProcess[t] !== previous) {
      reach.report("thread", t, `its link back in process ${p} is wrong`);
    }
    if (s.thread.state[t] !== ThreadState.Dead) living++;
    else if (previous !== 0) reach.report("thread", t, "dead, but not its process's first");
    previous = t;
    if (++threads > watermark(s.thread)) break;
  }
  if (living !== s.process.threads[p]) {
    reach.report("process", p, `${living} threads live, threads says ${s.process.threads[p]}`);
  }
  if (threads > THREADS_A_PROCESS) {
    reach.report("process", p, `${threads} threads, more than its quota`);
  }
  if (s.process.lastThread[p] !== previous) {
    reach.report("process", p, "its last thread is not the last of its list");
  }
}

function checkFamily(s: State, reach: Reach, p: number, top: number): void {
  let previous = 0;
  let children = 0;
  for (let c = s.process.firstChild[p]; c !== 0; c = s.process.nextSibling[c]) {
    if (s.process.parent[c] !== p || s.process.previousSibling[c] !== previous) {
      reach.report("process", c, `listed as a child of process ${p}, its links say otherwise`);
    }
    previous = c;
    if (++children > top) break;
  }
  const orphan = s.process.parent[p] === 0 && s.kernel.init[ONE] !== p;
  if (orphan) reach.report("process", p, "without a parent, and not init");
  const zombie = s.process.state[p] === ProcessState.Zombie;
  if (zombie && s.process.space[p] !== 0) reach.report("process", p, "a zombie with a space");
}

function checkDescriptors(s: State, reach: Reach, p: number): void {
  for (let fd = 0; fd < DESCRIPTORS; fd++) {
    const at = p * DESCRIPTORS + fd;
    const node = s.process.descriptor[at];
    if (node === 0) continue;
    if (!isCurrent(s.capNode, node, s.process.descriptorGeneration[at])) {
      reach.report("process", p, `descriptor ${fd} names a node that is gone`);
    } else if (s.capNode.space[node] !== p || s.capNode.slot[node] !== fd + 1) {
      reach.report("capNode", node, `named by descriptor ${fd} of process ${p}, not where it says`);
    }
  }
}

function checkSpaces(s: State, reach: Reach): void {
  const bound = watermark(s.region);
  for (let space = 1; space <= watermark(s.addressSpace); space++) {
    if (s.addressSpace.$live[space] === 0) continue;
    let regions = 0;
    let end = 0;
    for (let r = s.addressSpace.firstRegion[space]; r !== 0; r = s.region.next[r]) {
      if (s.region.space[r] !== space) {
        reach.report("region", r, `listed by space ${space}, not its own`);
      }
      if (s.region.start[r] < end || s.region.end[r] <= s.region.start[r]) {
        reach.report("region", r, "empty, out of order or overlapping the one before");
      }
      end = s.region.end[r];
      if (++regions > bound) break;
    }
    if (regions !== s.addressSpace.regions[space]) {
      reach.report(
        "addressSpace",
        space,
        `${regions} regions, regions says ${s.addressSpace.regions[space]}`,
      );
    }
    checkAsid(s, reach, space);
  }
}

function checkAsid(s: State, reach: Reach, space: number): void {
  const words = s.memory.$spec.columns.asidUsed.count;
  const asid = s.addressSpace.asid[space];
  const word = ONE * words + (asid >>> 5);
  const taken = ((s.memory.asidUsed[word] >>> (asid & 31)) & 1) !== 0;
  const retired = ((s.memory.asidRetired[word] >>> (asid & 31)) & 1) !== 0;
  if (asid === 0 || !taken || retired) {
    reach.report("addressSpace", space, `ASID ${asid} is not marked as taken`);
  }
  for (let other = 1; other < space; other++) {
    if (s.addressSpace.$live[other] === 1 && s.addressSpace.asid[other] === asid) {
      reach.report("addressSpace", space, `ASID ${asid} is also that of space ${other}`);
    }
  }
}

function checkMemoryObjects(s: State, reach: Reach): void {
  const bound = watermark(s.objectPage);
  for (let object = 1; object <= watermark(s.memoryObject); object++) {
    if (s.memoryObject.$live[object] === 0) continue;
    let pages = 0;
    for (let page = s.memoryObject.firstPage[object]; page !== 0; page = s.objectPage.next[page]) {
      if (s.objectPage.object[page] !== object) {
        reach.report("objectPage", page, `listed by object ${object}, not its own`);
      }
      if (++pages > bound) break;
    }
    if (pages !== s.memoryObject.pages[object]) {
      reach.report(
        "memoryObject",
        object,
        `${pages} pages, pages says ${s.memoryObject.pages[object]}`,
      );
    }
  }
}

function checkDirectories(s: State, reach: Reach): void {
  const bound = watermark(s.directoryEntry);
  const names = new Uint32Array(watermark(s.inode) + 1);
  for (let inode = 1; inode < names.length; inode++) {
    if (s.inode.$live[inode] === 0) continue;
    let entries = 0;
    for (let e = s.inode.firstEntry[inode]; e !== 0; e = s.directoryEntry.next[e]) {
      if (s.directoryEntry.directory[e] !== inode) {
        reach.report("directoryEntry", e, `listed by directory ${inode}, not its own`);
      }
      if (s.directoryEntry.inode[e] < names.length) names[s.directoryEntry.inode[e]]++;
      if (++entries > bound) break;
    }
    if (entries !== s.inode.entries[inode]) {
      reach.report("inode", inode, `${entries} entries, entries says ${s.inode.entries[inode]}`);
    }
  }
  for (let inode = 1; inode < names.length; inode++) {
    if (s.inode.$live[inode] === 1 && names[inode] !== s.inode.links[inode]) {
      reach.report("inode", inode, `${names[inode]} names, links says ${s.inode.links[inode]}`);
    }
  }
}

/** Every node lies in the derivation tree where its links say. */
function checkNodes(s: State, reach: Reach): void {
  const c = s.capNode;
  const top = watermark(c);
  for (let node = 1; node <= top; node++) {
    if (c.$live[node] === 0) continue;
    const parent = c.parent[node];
    if (parent !== 0 && c.$live[parent] === 0) {
      reach.report("capNode", node, "its parent node is gone");
    }
    if ((c.rights[node] & ~c.rights[parent]) !== 0 && parent !== 0) {
      reach.report("capNode", node, "it has rights its parent lacks");
    }
    checkNodePlace(s, reach, node);
    let previous = 0;
    let children = 0;
    for (let child = c.firstChild[node]; child !== 0; child = c.nextSibling[child]) {
      if (c.parent[child] !== node || c.previousSibling[child] !== previous) {
        reach.report(
          "capNode",
          child,
          `listed as a child of node ${node}, its links say otherwise`,
        );
      }
      previous = child;
      if (++children > top) break;
    }
  }
}

/** Process of the sender of the message that carries a node, if it does; 0. */
function carrierOf(s: State, node: number): number {
  const message = s.capNode.carrier[node];
  for (let i = 0; i < s.message.carried[message]; i++) {
    if (s.message.capability[CARRIED * message + i] !== node) continue;
    return s.thread.process[s.message.thread[message]];
  }
  return 0;
}

/** A node is where its slot says, or a ghost, or in flight; its children are as many as it says. */
function checkNodePlace(s: State, reach: Reach, node: number): void {
  const c = s.capNode;
  const slot = c.slot[node] - 1;
  const flying = (c.flags[node] & NodeFlag.InFlight) !== 0;
  const ghost = (c.flags[node] & NodeFlag.Ghost) !== 0;
  const p = flying ? carrierOf(s, node) : c.space[node];
  const right = flying
    ? c.space[node] === 0 && p !== 0 && (slot < 0 || slot >= DESCRIPTORS)
    : ghost === (p === 0) && ghost === (slot < 0);
  if (!right) {
    return reach.report("capNode", node, `in space ${p}, slot ${slot}, flags ${c.flags[node]}`);
  }
  if (slot >= DESCRIPTORS) {
    const name = slot - DESCRIPTORS;
    const page = s.process.namePage[p * NAME_PAGES + Math.floor(name / PAGE_SLOTS)];
    const at = page * PAGE_SLOTS + name % PAGE_SLOTS;
    if (s.namePage.target[at] !== node || (s.namePage.kind[at] === NameKind.Moving) !== flying) {
      reach.report("capNode", node, `name slot ${name} of process ${p} stands for something else`);
    }
  }
  let children = 0;
  for (let child = c.firstChild[node]; child !== 0; child = c.nextSibling[child]) {
    if (++children > c.children[node]) break;
  }
  if (children !== c.children[node]) {
    reach.report("capNode", node, `${children} children, children says ${c.children[node]}`);
  }
}

/** Readers and writers of pipes and writers of inodes are counts of open files. */
function checkOpenFiles(s: State, reach: Reach): void {
  const readers = new Uint32Array(watermark(s.pipe) + 1);
  const writers = new Uint32Array(watermark(s.pipe) + 1);
  const inodes = new Uint32Array(watermark(s.inode) + 1);
  for (let file = 1; file <= watermark(s.openFile); file++) {
    if (s.openFile.$live[file] === 0) continue;
    const flags = s.openFile.flags[file];
    if ((flags & OpenFlag.Read) !== 0) readers[s.openFile.pipe[file]]++;
    if ((flags & OpenFlag.Write) === 0) continue;
    writers[s.openFile.pipe[file]]++;
    inodes[s.openFile.inode[file]]++;
  }
  for (let pipe = 1; pipe < readers.length; pipe++) {
    if (s.pipe.readers[pipe] !== readers[pipe]) {
      reach.report("pipe", pipe, `${readers[pipe]} open read ends, readers says otherwise`);
    }
    if (s.pipe.writers[pipe] !== writers[pipe]) {
      reach.report("pipe", pipe, `${writers[pipe]} open write ends, writers says otherwise`);
    }
  }
  for (let inode = 1; inode < inodes.length; inode++) {
    if (s.inode.writers[inode] !== inodes[inode]) {
      reach.report("inode", inode, `${inodes[inode]} open files may write it, writers disagrees`);
    }
  }
}
