import { row, value } from "./row.ts";

const any = { argument: 0 } as const;
const grant = { argument: 0, rights: ["Grant"] } as const;
const notification = (right: "Send" | "Receive") =>
  ({ argument: 0, kind: "Notification", rights: [right] }) as const;
const timer = { argument: 0, kind: "Timer", rights: ["Send"] } as const;
const thread = (right: "Read" | "Control") =>
  ({ argument: 0, kind: "Thread", rights: [right] }) as const;
const space = { slot: "space" } as const;
const processes = { slot: "processes" } as const;
const anyone = { none: "takes away only from the caller itself, or makes what nobody has yet" };

/**
 * The native calls: capabilities by token. A token is a number of the caller's own namespace, or a
 * descriptor. A call's answer is never negative; errors are those of the native personality.
 */
export const nativeRows = [
  row(
    600,
    "cap_identify",
    { token: value },
    any,
    "never",
    "Kind, rights and badge: kind + rights * 2^8 + badge * 2^16.",
  ),
  row(
    601,
    "cap_derive",
    { token: value, rights: value },
    grant,
    "never",
    "A token with no more rights, that goes when what it comes from is revoked.",
  ),
  row(
    602,
    "cap_mint",
    { token: value, rights: value, badge: value },
    grant,
    "never",
    "Derives with a badge; what has a badge is not badged again.",
  ),
  row(
    603,
    "cap_copy",
    { token: value, process: value },
    grant,
    "never",
    "An equal token beside it, in the process of a token with Control; 0 for the caller's own.",
  ),
  row(
    604,
    "cap_move",
    { token: value, process: value },
    grant,
    "never",
    "Gives a native token to the process of a token with Control; its new number there.",
  ),
  row(605, "cap_delete", { token: value }, any, "never", "Gives a token back."),
  row(
    606,
    "cap_revoke",
    { token: value },
    any,
    "never",
    "Removes all that was derived from it, in whatever process, and what is mapped through that.",
  ),
  row(607, "cap_space", {}, space, "never", "A token of the caller's address space."),
  row(
    608,
    "cap_process",
    { pid: value },
    processes,
    "never",
    "A token of the caller's process, for 0, or of a child of it.",
  ),
  row(
    609,
    "cap_renounce",
    { slots: value },
    anyone,
    "never",
    "Gives well-known capabilities up, a bit each, for itself and all it starts; those left.",
  ),
  row(610, "notification_create", {}, anyone, "never", "A notification with no bit set."),
  row(
    611,
    "notification_signal",
    { token: value, bits: value },
    notification("Send"),
    "never",
    "Sets bits; whoever has waited longest gets them.",
  ),
  row(
    612,
    "notification_wait",
    { token: value, deadline: value },
    notification("Receive"),
    "restart",
    "Takes the bits, waiting for one until a time in ns; 0 for ever.",
  ),
  row(
    613,
    "notification_poll",
    { token: value },
    notification("Receive"),
    "never",
    "Takes the bits there are.",
  ),
  row(620, "memory_create", { pages: value }, anyone, "never", "A memory object of zeros."),
  row(
    621,
    "memory_size",
    { token: value },
    { argument: 0, kind: "Memory" },
    "never",
    "Pages of a memory object.",
  ),
  row(
    630,
    "space_map",
    { space: value, memory: value, address: value, pages: value, offset: value, rights: value },
    { argument: 0, kind: "Space", rights: ["Map"] },
    "never",
    "Maps pages of a memory object where nothing is, with no more rights than its token.",
  ),
  row(631, "space_create", {}, anyone, "never", "An empty address space."),
  row(
    632,
    "space_unmap",
    { space: value, address: value, pages: value },
    { argument: 0, kind: "Space", rights: ["Map"] },
    "never",
    "Takes what is mapped there away; it returns when no hart can reach it.",
  ),
  row(
    633,
    "space_protect",
    { space: value, address: value, pages: value, rights: value },
    { argument: 0, kind: "Space", rights: ["Map"] },
    "never",
    "Changes the access to what is mapped there, to no more than it was mapped for.",
  ),
  row(
    640,
    "process_spawn",
    { space: value, entry: value, stack: value, argument: value, slots: value },
    { argument: 0, kind: "Space", rights: ["Control"] },
    "never",
    "Starts a child in a space nobody has used, without the well-known capabilities of `slots`.",
  ),
  row(
    641,
    "thread_create",
    { process: value, entry: value, stack: value, argument: value, priority: value },
    { argument: 0, kind: "Process", rights: ["Control"] },
    "never",
    "Starts another thread of a process; of a priority no higher than the caller's, but for root.",
  ),
  row(
    642,
    "thread_destroy",
    { thread: value },
    thread("Control"),
    "never",
    "Ends a thread wherever it is; its process goes on unless it was the last one.",
  ),
  row(643, "thread_self", {}, { slot: "self" }, "never", "A token of the calling thread."),
  row(
    644,
    "thread_join",
    { thread: value, deadline: value },
    thread("Read"),
    "restart",
    "Waits until a thread has ended, or until a time in ns; 0 for ever.",
  ),
  row(645, "thread_priority", { thread: value }, thread("Read"), "never", "Its base priority."),
  row(
    646,
    "thread_set_priority",
    { thread: value, priority: value },
    thread("Control"),
    "never",
    "Sets the base priority, 0 to 255; no higher than the caller's, but for root.",
  ),
  row(
    647,
    "thread_affinity",
    { thread: value, word: value },
    thread("Read"),
    "never",
    "The harts it may run on, a bit each: 0 to 31 for word 0, 32 to 63 for word 1.",
  ),
  row(
    648,
    "thread_set_affinity",
    { thread: value, low: value, high: value },
    thread("Control"),
    "never",
    "Sets the harts it may run on; a thread outside them moves.",
  ),
  row(
    650,
    "timer_create",
    { notification: value, bits: value },
    notification("Send"),
    "never",
    "A timer that sets bits of a notification, and goes when the notification's token is revoked.",
  ),
  row(
    651,
    "timer_arm",
    { timer: value, deadline: value, period: value },
    timer,
    "never",
    "Lets it expire at a time in ns, and then every period of at least 100,000 ns; 0 for once.",
  ),
  row(652, "timer_cancel", { timer: value }, timer, "never", "Disarms it; 1 when it was armed."),
  row(
    653,
    "timer_overruns",
    { timer: value },
    timer,
    "never",
    "Takes the count of expiries since it was armed that came with another one.",
  ),
  row(
    655,
    "irq_bind",
    { source: value, notification: value, bits: value },
    { slot: "irqs" },
    "never",
    "Lets an interrupt source set bits of a notification to which there is a token with Send; root.",
  ),
  row(
    656,
    "irq_ack",
    { irq: value },
    { argument: 0, kind: "Irq", rights: ["Send"] },
    "never",
    "Lets the source interrupt again, which each interrupt masks; 1 when there was one.",
  ),
] as const;

/** Names of the native calls. */
export type NativeCall = (typeof nativeRows)[number]["name"];
