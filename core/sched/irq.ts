/**
 * Interrupt sources bound to notifications: an interrupt sets bits and masks its source until it is
 * acknowledged. The machine has claimed it by then and completes it after the event, so that each
 * claim is completed once, whoever handles it.
 */
import { assert } from "../assert.ts";
import { releaseNotification, setBits } from "../cap/notification.ts";
import { type Effects, INTERRUPT_CONTROLLER } from "../effect.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { allocRow, freeRow } from "../state/table.ts";
import { IRQ_SOURCES } from "./tables.ts";

const MASKED = 0;
const OPEN = 1;

/** Where the binding of a source is noted. */
function at(source: number): number {
  return ONE * IRQ_SOURCES + source;
}

/** Whether a number is that of a source: 1 to 95. */
export function isSource(source: number): boolean {
  return source > 0 && source < IRQ_SOURCES;
}

/** Keeps the sources that the kernel's own drivers serve, at boot. */
export function keepSources(s: State, drivers: readonly { readonly source: number }[]): void {
  for (const { source } of drivers) s.kernel.driverSource[at(source)] = 1;
}

/** Whether a source has a binding, or a driver of the kernel's own. */
export function isTaken(s: State, source: number): boolean {
  return s.kernel.driverSource[at(source)] !== 0 || s.kernel.irqOfSource[at(source)] !== 0;
}

/**
 * Binds a source that nobody has, and opens it. The caller has made sure that there is a row.
 *
 * @param bits what an interrupt sets in the notification, which it holds
 * @returns the row, which no capability names yet
 */
export function bindIrq(
  s: State,
  fx: Effects,
  source: number,
  notification: number,
  bits: number,
): number {
  assert(!isTaken(s, source), "a source has one binding");
  const row = allocRow(s.irq);
  assert(row !== 0, "a row was there before a source was bound");
  post(s, Account.IrqFree, Account.IrqUsed, 1);
  s.irq.source[row] = source;
  s.irq.notification[row] = notification;
  s.notification.refs[notification]++;
  s.irq.bits[row] = bits;
  s.kernel.irqOfSource[at(source)] = row;
  fx.deviceWrite(INTERRUPT_CONTROLLER, source, OPEN);
  return row;
}

/** Gives a node's hold back. The last one masks the source, which anybody may bind then. */
export function releaseIrq(s: State, fx: Effects, hart: number, row: number): void {
  assert(s.irq.refs[row] > 0, "a binding counts its nodes");
  if (--s.irq.refs[row] > 0) return;
  const source = s.irq.source[row];
  const notification = s.irq.notification[row];
  if (s.irq.pending[row] !== 0) post(s, Account.IrqPending, Account.IrqDiscarded, 1);
  s.kernel.irqOfSource[at(source)] = 0;
  freeRow(s.irq, row);
  post(s, Account.IrqUsed, Account.IrqFree, 1);
  fx.deviceWrite(INTERRUPT_CONTROLLER, source, MASKED);
  releaseNotification(s, fx, hart, notification);
}

/** Opens a source again whose interrupt was handled; whether there was one. */
export function acknowledgeIrq(s: State, fx: Effects, row: number): boolean {
  if (s.irq.pending[row] === 0) return false;
  s.irq.pending[row] = 0;
  post(s, Account.IrqPending, Account.IrqAcknowledged, 1);
  fx.deviceWrite(INTERRUPT_CONTROLLER, s.irq.source[row], OPEN);
  return true;
}

/**
 * Takes an interrupt of a source. Where nobody has bound it, and while it waits to be acknowledged,
 * nothing happens: the source is masked, so that one which comes all the same is spurious.
 */
export function takeIrq(s: State, fx: Effects, hart: number, source: number): void {
  const row = isSource(source) ? s.kernel.irqOfSource[at(source)] : 0;
  if (row === 0) return;
  if (s.irq.pending[row] !== 0) {
    s.irq.spurious[row]++;
    return;
  }
  s.irq.pending[row] = 1;
  s.irq.delivered[row]++;
  post(s, Account.IrqSource, Account.IrqPending, 1);
  fx.deviceWrite(INTERRUPT_CONTROLLER, source, MASKED);
  setBits(s, fx, hart, s.irq.notification[row], s.irq.bits[row]);
}
