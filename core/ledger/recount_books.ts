import { ONE, type State } from "../kernel.ts";
import { MessageState } from "../ipc/tables.ts";
import { HART_TIME_NS } from "../limits.ts";
import { LAST_LIFE } from "../cap/namespace.ts";
import { PAGE_SLOTS } from "../cap/tables.ts";
import { DESCRIPTORS, NAME_PAGES } from "../proc/tables.ts";
import { IRQ_SOURCES } from "../sched/tables.ts";
import { LAST_GENERATION, retiredRows, type TableBase, watermark } from "../state/table.ts";
import { Account } from "./accounts.ts";
import { roleOfUse } from "./recount_rows.ts";
import { Reach } from "./recount_walk.ts";

type AccountName = keyof typeof Account;

/** Table-like resources: the table, its accounts of free and used rows. */
const ROW_ACCOUNTS: readonly (readonly [keyof State, AccountName, AccountName])[] = [
  ["pageTable", "PageTableFree", "PageTableUsed"],
  ["thread", "ThreadFree", "ThreadUsed"],
  ["process", "ProcessFree", "ProcessUsed"],
  ["addressSpace", "SpaceFree", "SpaceUsed"],
  ["region", "RegionFree", "RegionUsed"],
  ["memoryObject", "ObjectFree", "ObjectUsed"],
  ["objectPage", "ObjectPageFree", "ObjectPageUsed"],
  ["shootdown", "ShootdownFree", "ShootdownUsed"],
  ["capNode", "NodeFree", "NodeUsed"],
  ["openFile", "OpenFileFree", "OpenFileUsed"],
  ["pipe", "PipeFree", "PipeUsed"],
  ["inode", "InodeFree", "InodeUsed"],
  ["image", "ImageFree", "ImageUsed"],
  ["directoryEntry", "EntryFree", "EntryUsed"],
  ["nameChunk", "NameChunkFree", "NameChunkUsed"],
  ["chunkRequest", "ChunkRequestFree", "ChunkRequestUsed"],
  ["waiter", "WaiterFree", "WaiterUsed"],
  ["channel", "ChannelFree", "ChannelUsed"],
  ["connection", "ConnectionFree", "ConnectionUsed"],
  ["message", "MessageRowFree", "MessageRowUsed"],
  ["pulse", "PulseFree", "PulseUsed"],
  ["namePage", "NamePageFree", "NamePageUsed"],
  ["notification", "NotificationFree", "NotificationUsed"],
  ["futex", "FutexFree", "FutexUsed"],
  ["serviceName", "ServiceNameFree", "ServiceNameUsed"],
  ["timer", "TimerObjectFree", "TimerObjectUsed"],
  ["irq", "IrqFree", "IrqUsed"],
];

/** The table whose rows are a resource's units, or undefined; by the resource's second account. */
export function tableOfAccount(account: string): keyof State | undefined {
  return ROW_ACCOUNTS.find((row) => row[2] === account)?.[0];
}

/** Frame accounts, in the order of FrameRole. */
export const ROLE_ACCOUNTS: readonly AccountName[] = [
  "FrameFree",
  "FrameAnonymous",
  "FrameObject",
  "FramePageTable",
  "FrameBuffer",
  "FrameQuarantine",
];

/** Holds every balance that can be counted against what the walk found. */
export function compareBooks(s: State, reach: Reach): void {
  const expect = (account: AccountName, counted: number, what: string): void => {
    const booked = s.account.balance[Account[account]];
    if (booked === counted) return;
    reach.report("account", Account[account], `${account}: ${booked} booked, ${counted} ${what}`);
  };
  for (const [key, free, used] of ROW_ACCOUNTS) {
    const table: TableBase = s[key];
    const reached = reach.reached[Reach.indexOf(key)];
    expect(used, reached, `${key} rows reached`);
    expect(free, table.$capacity - 1 - reached, `${key} rows not reached`);
  }
  compareFrameBooks(s, reach, expect);
  compareAsids(s, reach, expect);
  expect("PipeBytesHeld", pipeBytes(s), "bytes between the heads and tails of pipes");
  expect("TimerArmed", timers(s), "timers in heaps and lists");
  expect("IrqPending", irqs(s, reach), "IRQs that wait to be acknowledged");
  expect("DescriptorUsed", descriptors(s, reach), "descriptors open");
  compareNames(s, reach, expect);
  expect("SignalPending", pendingSignals(s), "signals pending");
  expect("MessagePending", messages(s), "messages in flight");
  expect("PulsePending", pulses(s, reach), "pulses at channels");
  compareRings(s, reach, expect);
  expect("IpiPending", pendingIpis(s), "IPIs pending");
  expect("RequestPending", requests(s, reach), "requests under way");
  expect("SlotRetired", retiredSlots(s, reach), "slots at the end of their generations");
  expect("HartTimeSource", HART_TIME_NS - hartTime(s), "left by the harts' clocks");
}

/** Free slots in their last generation, of all tables; each table must claim as many. */
function retiredSlots(s: State, reach: Reach): number {
  let total = 0;
  for (const key of Reach.keys) {
    const table: TableBase = s[key as keyof State];
    let retired = 0;
    for (let row = 1; row <= watermark(table); row++) {
      if (table.$generation[row] >= LAST_GENERATION && table.$live[row] === 0) retired++;
    }
    if (retired !== retiredRows(table)) {
      const claimed = retiredRows(table);
      reach.report(key, 0, `${retired} slots in their last generation, ${claimed} retired`);
    }
    total += retired;
  }
  return total;
}

/** Time all harts have come to, ns. */
function hartTime(s: State): number {
  let total = 0;
  for (let h = 1; h <= s.kernel.harts[ONE]; h++) total += s.hart.lastTime[h];
  return total;
}

type Expect = (account: AccountName, counted: number, what: string) => void;

function compareFrameBooks(s: State, reach: Reach, expect: Expect): void {
  const backed = s.memory.backed[ONE];
  const byRole = new Float64Array(ROLE_ACCOUNTS.length);
  let references = 0;
  const holders = reach.holders[Reach.indexOf("frame")];
  for (let frame = 1; frame <= backed; frame++) {
    const role = roleOfUse(reach.frameUse[frame]);
    if (role >= 0) byRole[role]++;
    references += holders[frame];
  }
  ROLE_ACCOUNTS.forEach((account, role) => expect(account, byRole[role], "frames found"));
  expect("FrameUnbacked", s.memory.totalFrames[ONE] - backed, "frames never backed");
  expect("BackingUsed", backed, "slots backed");
  expect("FrameRefUsed", references, "references found");
}

function countBits(word: number): number {
  let bits = 0;
  for (let w = word; w !== 0; w &= w - 1) bits++;
  return bits;
}

/** Names in use and name slots at the end of their lives, as the pages of slots show them. */
function compareNames(s: State, reach: Reach, expect: Expect): void {
  let used = 0;
  let retired = 0;
  for (let p = 1; p <= watermark(s.process); p++) {
    if (s.process.$live[p] === 0) continue;
    const own = namesOf(s, p);
    const { names, namesRetired } = s.process;
    if (own.used !== names[p] || own.retired !== namesRetired[p]) {
      const claimed = `names says ${names[p]}, namesRetired ${namesRetired[p]}`;
      reach.report("process", p, `${own.used} names, ${own.retired} slots retired, ${claimed}`);
    }
    used += own.used;
    retired += own.retired;
  }
  expect("NameUsed", used, "names in slots");
  expect("NameRetired", retired, "name slots at the end of their lives");
}

function namesOf(s: State, p: number): { used: number; retired: number } {
  let used = 0;
  let retired = 0;
  for (let n = 0; n < s.process.namePages[p]; n++) {
    const page = s.process.namePage[p * NAME_PAGES + n];
    for (let at = page * PAGE_SLOTS; at < (page + 1) * PAGE_SLOTS; at++) {
      if (s.namePage.kind[at] !== 0) used++;
      else if (s.namePage.lives[at] >= LAST_LIFE) retired++;
    }
  }
  // Slots that retire while all names are taken away are not counted any more.
  if (s.process.namesClosing[p] !== 0) retired = s.process.namesRetired[p];
  return { used, retired };
}

function compareAsids(s: State, reach: Reach, expect: Expect): void {
  const words = s.memory.$spec.columns.asidUsed.count;
  let retired = 0;
  let taken = 0;
  for (let word = ONE * words; word < (ONE + 1) * words; word++) {
    retired += countBits(s.memory.asidRetired[word]);
    taken += countBits(s.memory.asidUsed[word]);
  }
  const spaces = reach.reached[Reach.indexOf("addressSpace")];
  expect("AsidUsed", spaces, "spaces with an ASID");
  expect("AsidRetired", retired, "ASIDs marked retired");
  if (taken !== spaces + retired) {
    reach.report(
      "memory",
      ONE,
      `${taken} ASIDs marked taken, but ${spaces} spaces and ${retired} retired`,
    );
  }
}

function pipeBytes(s: State): number {
  let bytes = 0;
  for (let pipe = 1; pipe <= watermark(s.pipe); pipe++) {
    if (s.pipe.$live[pipe] === 1) bytes += s.pipe.head[pipe] - s.pipe.tail[pipe];
  }
  return bytes;
}

function timers(s: State): number {
  let armed = 0;
  for (let row = 1; row <= s.kernel.harts[ONE]; row++) armed += s.hart.heapLength[row];
  for (let row = 1; row <= watermark(s.timer); row++) armed += s.timer.listed[row];
  return armed;
}

/** Interrupts not acknowledged; each source's binding is the one that says it is for it. */
function irqs(s: State, reach: Reach): number {
  let pending = 0;
  let bound = 0;
  for (let row = 1; row <= watermark(s.irq); row++) {
    if (s.irq.$live[row] === 0) continue;
    bound++;
    pending += s.irq.pending[row];
    const found = s.kernel.irqOfSource[ONE * IRQ_SOURCES + s.irq.source[row]];
    if (found !== row) reach.report("irq", row, `its source is bound by row ${found}`);
  }
  for (let source = 0; source < IRQ_SOURCES; source++) {
    if (s.kernel.irqOfSource[ONE * IRQ_SOURCES + source] !== 0) bound--;
  }
  if (bound !== 0) reach.report("irq", 0, `${bound} more bindings than bound sources`);
  return pending;
}

function descriptors(s: State, reach: Reach): number {
  let open = 0;
  for (let p = 1; p <= watermark(s.process); p++) {
    if (s.process.$live[p] === 0) continue;
    let own = 0;
    for (let fd = 0; fd < DESCRIPTORS; fd++) {
      if (s.process.descriptor[p * DESCRIPTORS + fd] !== 0) own++;
    }
    if (own !== s.process.descriptors[p]) {
      reach.report(
        "process",
        p,
        `${own} descriptors, descriptors says ${s.process.descriptors[p]}`,
      );
    }
    open += own;
  }
  return open;
}

function pendingSignals(s: State): number {
  let pending = 0;
  for (let p = 1; p <= watermark(s.process); p++) {
    pending += countBits(s.process.pendingLo[p]) + countBits(s.process.pendingHi[p]);
  }
  for (let t = 1; t <= watermark(s.thread); t++) {
    pending += countBits(s.thread.pendingLo[t]) + countBits(s.thread.pendingHi[t]);
  }
  return pending;
}

/** Messages that were sent and whose call has not ended. */
function messages(s: State): number {
  let inFlight = 0;
  for (let m = 1; m <= watermark(s.message); m++) {
    if (s.message.$live[m] === 0) continue;
    const state = s.message.state[m];
    if (state === MessageState.Sent || state === MessageState.Received) inFlight++;
  }
  return inFlight;
}

/** Pulses queued at channels; each channel must claim as many of programs as it has. */
function pulses(s: State, reach: Reach): number {
  let queued = 0;
  for (let channel = 1; channel <= watermark(s.channel); channel++) {
    if (s.channel.$live[channel] === 0) continue;
    let ofPrograms = 0;
    let steps = 0;
    for (let p = s.channel.firstPulse[channel]; p !== 0; p = s.pulse.next[p]) {
      if (++steps > watermark(s.pulse)) break;
      queued += 1 + s.pulse.repeats[p];
      if (s.pulse.kernel[p] === 0) ofPrograms++;
    }
    if (ofPrograms !== s.channel.pulses[channel]) {
      const claimed = s.channel.pulses[channel];
      reach.report("channel", channel, `${ofPrograms} pulses of programs, pulses says ${claimed}`);
    }
  }
  return queued;
}

/** Entries of rings, and what is set aside for more; each ring claims as many as are in its list. */
function compareRings(s: State, reach: Reach, expect: Expect): void {
  const used = reach.reached[Reach.indexOf("ringEntry")];
  let capacity = 0;
  for (let channel = 1; channel <= watermark(s.channel); channel++) {
    if (s.channel.$live[channel] === 1) capacity += s.channel.ringCapacity[channel];
  }
  expect("RingUsed", used, "ring entries reached");
  expect("RingReserved", capacity - used, "more that rings may hold");
  expect("RingFree", s.ringEntry.$capacity - 1 - capacity, "that no ring may hold");
  expect("PostPending", used, "posts in rings");
  if (s.ipc.ringReserved[ONE] !== capacity) {
    reach.report("ipc", ONE, `rings may hold ${capacity}, ringReserved says otherwise`);
  }
}

function pendingIpis(s: State): number {
  let pending = 0;
  for (let row = 1; row <= s.kernel.harts[ONE]; row++) pending += s.hart.ipiPending[row];
  return pending;
}

function requests(s: State, reach: Reach): number {
  let asked = reach.reached[Reach.indexOf("chunkRequest")];
  for (let row = 1; row < s.stream.$capacity; row++) asked += s.stream.requested[row];
  return asked;
}
