import { grantDependent, mayDepend } from "../../cap/delegate.ts";
import { isBits } from "../../cap/notification.ts";
import { CapKind, Right } from "../../cap/tables.ts";
import { checkToken } from "../../cap/token.ts";
import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import type { Event } from "../../event.ts";
import type { State } from "../../kernel.ts";
import { isRoot } from "../../proc/root.ts";
import { acknowledgeIrq, bindIrq, isSource, isTaken } from "../../sched/irq.ts";
import { freeRows } from "../../state/table.ts";

/** What a binding's token has of the rights of the notification's it was made with. */
const IRQ_RIGHTS = Right.Send | Right.Grant;

/** irq_bind(source, notification, bits): it goes when the notification's token is revoked. */
export function irqBind(s: State, fx: Effects, e: Event, t: number): number {
  const p = s.thread.process[t];
  const node = checkToken(s, p, e.argument(1), CapKind.Notification, Right.Send);
  if (node < 0) return node;
  if (!isRoot(s, p)) return -Err.FewerRights;
  const source = e.argument(0);
  if (!isSource(source) || !isBits(e.argument(2))) return -Err.Invalid;
  if (isTaken(s, source)) return -Err.Busy;
  if (freeRows(s.irq) === 0) return -Err.Exhausted;
  const refused = mayDepend(s, p, node);
  if (refused < 0) return refused;
  // From here on it must succeed.
  const irq = bindIrq(s, fx, source, s.capNode.object[node], e.uint(2));
  return grantDependent(s, p, node, CapKind.Irq, irq, IRQ_RIGHTS);
}

/** irq_ack(irq): 1 when an interrupt was waiting for it. */
export function irqAck(s: State, fx: Effects, e: Event, t: number): number {
  const node = checkToken(s, s.thread.process[t], e.argument(0), CapKind.Irq, Right.Send);
  if (node < 0) return node;
  return acknowledgeIrq(s, fx, s.capNode.object[node]) ? 1 : 0;
}
