import type { Bound } from "./state/arena.ts";
import {
  futexTable,
  hartTable,
  irqTable,
  threadTable,
  timerTable,
  waiterTable,
} from "./sched/tables.ts";
import {
  addressSpaceTable,
  frameTable,
  memoryObjectTable,
  memoryTable,
  objectPageTable,
  pageTableTable,
  regionTable,
  shootdownTable,
} from "./mem/tables.ts";
import { imageTable, kernelTable, processTable } from "./proc/tables.ts";
import { capNodeTable, namePageTable, notificationTable } from "./cap/tables.ts";
import {
  chunkRequestTable,
  directoryEntryTable,
  fileSystemTable,
  inodeTable,
  nameChunkTable,
  openFileTable,
  pipeTable,
  streamTable,
  terminalTable,
} from "./fs/tables.ts";
import {
  channelTable,
  connectionTable,
  ipcTable,
  messageTable,
  pulseTable,
  ringEntryTable,
  serviceNameTable,
} from "./ipc/tables.ts";
import { accountTable } from "./ledger/tables.ts";

/** Every table of the kernel, in arena order. */
export const kernelTables = {
  kernel: kernelTable,
  account: accountTable,
  hart: hartTable,
  memory: memoryTable,
  fileSystem: fileSystemTable,
  thread: threadTable,
  waiter: waiterTable,
  process: processTable,
  addressSpace: addressSpaceTable,
  region: regionTable,
  memoryObject: memoryObjectTable,
  objectPage: objectPageTable,
  shootdown: shootdownTable,
  frame: frameTable,
  capNode: capNodeTable,
  openFile: openFileTable,
  pipe: pipeTable,
  inode: inodeTable,
  image: imageTable,
  directoryEntry: directoryEntryTable,
  nameChunk: nameChunkTable,
  chunkRequest: chunkRequestTable,
  terminal: terminalTable,
  stream: streamTable,
  ipc: ipcTable,
  channel: channelTable,
  connection: connectionTable,
  message: messageTable,
  pulse: pulseTable,
  pageTable: pageTableTable,
  namePage: namePageTable,
  notification: notificationTable,
  futex: futexTable,
  ringEntry: ringEntryTable,
  serviceName: serviceNameTable,
  timer: timerTable,
  irq: irqTable,
} as const;

/** All kernel state: the bound tables, and nothing else. */
export type State = Bound<typeof kernelTables>;

/** Row of the one-row tables. */
export const ONE = 1;
