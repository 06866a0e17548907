import type { State } from "../kernel.ts";
import { HART_TIME_NS } from "../limits.ts";
import { allocRow, type TableBase, watermark } from "../state/table.ts";
import { Account, AMPLE, type Resource, resources } from "./accounts.ts";
import { open } from "./post.ts";

/** ASIDs there are: 0 is never given out. */
const ASIDS = 2047;
/** Timers a thread's row embeds. */
const TIMERS_OF_A_THREAD = 2;

/** Highest account number. */
export const LAST_ACCOUNT: number = Math.max(...Object.values(Account));

function capacityOf(table: TableBase): number {
  return table.$capacity - 1;
}

/** Slots of all tables. */
function slots(s: State): number {
  return Object.values(s).reduce((total, table) => total + capacityOf(table), 0);
}

/** What lies in each resource's accounts before anything is taken; accounts not named hold 0. */
function openingBalances(
  s: State,
  totalFrames: number,
  backingSlots: number,
): readonly (readonly [account: number, units: number])[] {
  return [
    [Account.FrameUnbacked, totalFrames],
    [Account.FrameRefFree, AMPLE],
    [Account.BackingFree, backingSlots],
    [Account.PageTableFree, capacityOf(s.pageTable)],
    [Account.ThreadFree, capacityOf(s.thread)],
    [Account.ProcessFree, capacityOf(s.process)],
    [Account.SpaceFree, capacityOf(s.addressSpace)],
    [Account.AsidFree, ASIDS],
    [Account.RegionFree, capacityOf(s.region)],
    [Account.ObjectFree, capacityOf(s.memoryObject)],
    [Account.ObjectPageFree, capacityOf(s.objectPage)],
    [Account.ShootdownFree, capacityOf(s.shootdown)],
    [Account.NodeFree, capacityOf(s.capNode)],
    [Account.OpenFileFree, capacityOf(s.openFile)],
    [Account.PipeFree, capacityOf(s.pipe)],
    [Account.PipeBytesFree, AMPLE],
    [Account.InodeFree, capacityOf(s.inode)],
    [Account.ImageFree, capacityOf(s.image)],
    [Account.EntryFree, capacityOf(s.directoryEntry)],
    [Account.NameChunkFree, capacityOf(s.nameChunk)],
    [Account.ChunkRequestFree, capacityOf(s.chunkRequest)],
    [Account.WaiterFree, capacityOf(s.waiter)],
    [Account.FutexFree, capacityOf(s.futex)],
    [Account.TimerFree, TIMERS_OF_A_THREAD * capacityOf(s.thread) + capacityOf(s.timer)],
    [Account.TimerObjectFree, capacityOf(s.timer)],
    [Account.IrqFree, capacityOf(s.irq)],
    [Account.IrqSource, AMPLE],
    [Account.DescriptorFree, AMPLE],
    [Account.ChannelFree, capacityOf(s.channel)],
    [Account.ConnectionFree, capacityOf(s.connection)],
    [Account.MessageRowFree, capacityOf(s.message)],
    [Account.PulseFree, capacityOf(s.pulse)],
    [Account.MessageSource, AMPLE],
    [Account.PulseSource, AMPLE],
    [Account.RingFree, capacityOf(s.ringEntry)],
    [Account.PostSource, AMPLE],
    [Account.ServiceNameFree, capacityOf(s.serviceName)],
    [Account.SignalSource, AMPLE],
    [Account.IpiSource, AMPLE],
    [Account.RequestSource, AMPLE],
    [Account.HartTimeSource, HART_TIME_NS],
    [Account.SlotUsable, slots(s)],
    [Account.NameFree, AMPLE],
    [Account.NamePageFree, capacityOf(s.namePage)],
    [Account.NotificationFree, capacityOf(s.notification)],
  ];
}

/**
 * Opens the books: account rows for every account, and in each resource's first account all its
 * units. Called once, before anything is allocated.
 *
 * @param totalFrames physical frames there are
 * @param backingSlots frames that can have backing at once
 */
export function openBooks(s: State, totalFrames: number, backingSlots: number): void {
  // Account rows are used ones, so that balances are hashed like any state.
  while (watermark(s.account) < LAST_ACCOUNT) allocRow(s.account);
  for (const [account, units] of openingBalances(s, totalFrames, backingSlots)) {
    open(s, account, units);
  }
}

/** Every resource's total, in the order of `resources`: what no event may change. */
export function openingTotals(s: State): Float64Array {
  return Float64Array.from(resources, (resource) => totalOf(s, resource));
}

/** Units of a resource in all its accounts. */
export function totalOf(s: State, resource: Resource): number {
  let total = 0;
  for (const name of resource.accounts) total += s.account.balance[Account[name]];
  return total;
}

/** A copy of every balance, by account number: taken once the kernel is initialised. */
export function baseline(s: State): Float64Array {
  return s.account.balance.slice(0, LAST_ACCOUNT + 1);
}
