import type { NativeCall } from "../../syscall/native_table.ts";
import type { Handler } from "../handler.ts";
import { irqAck, irqBind } from "./irq.ts";
import {
  capCopy,
  capDelete,
  capDerive,
  capIdentify,
  capMint,
  capMove,
  capProcess,
  capRenounce,
  capRevoke,
  capSpace,
  processSpawn,
} from "./capability.ts";
import {
  memoryCreate,
  memorySize,
  spaceCreate,
  spaceMap,
  spaceProtect,
  spaceUnmap,
} from "./memory.ts";
import {
  notificationCreate,
  notificationPoll,
  notificationSignal,
  notificationWait,
} from "./notification.ts";
import {
  threadAffinity,
  threadCreate,
  threadDestroy,
  threadJoin,
  threadPriority,
  threadSelf,
  threadSetAffinity,
  threadSetPriority,
} from "./thread.ts";
import { timerArm, timerCancel, timerCreate, timerOverruns } from "./timer.ts";

/** The native calls' handlers; a call without one does not compile. */
export const nativeHandlers: Readonly<Record<NativeCall, Handler>> = {
  cap_identify: capIdentify,
  cap_derive: capDerive,
  cap_mint: capMint,
  cap_copy: capCopy,
  cap_move: capMove,
  cap_delete: capDelete,
  cap_revoke: capRevoke,
  cap_space: capSpace,
  cap_process: capProcess,
  cap_renounce: capRenounce,
  notification_create: notificationCreate,
  notification_signal: notificationSignal,
  notification_wait: notificationWait,
  notification_poll: notificationPoll,
  memory_create: memoryCreate,
  memory_size: memorySize,
  space_map: spaceMap,
  space_create: spaceCreate,
  space_unmap: spaceUnmap,
  space_protect: spaceProtect,
  process_spawn: processSpawn,
  thread_create: threadCreate,
  thread_destroy: threadDestroy,
  thread_self: threadSelf,
  thread_join: threadJoin,
  thread_priority: threadPriority,
  thread_set_priority: threadSetPriority,
  thread_affinity: threadAffinity,
  thread_set_affinity: threadSetAffinity,
  timer_create: timerCreate,
  timer_arm: timerArm,
  timer_cancel: timerCancel,
  timer_overruns: timerOverruns,
  irq_bind: irqBind,
  irq_ack: irqAck,
};
