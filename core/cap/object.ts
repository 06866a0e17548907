import { assert, unreachable } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { releaseOpenFile } from "../fs/open_file.ts";
import { releaseChannel } from "../ipc/channel.ts";
import { releaseConnection } from "../ipc/connection.ts";
import type { State } from "../kernel.ts";
import { holdObject, releaseObject as releaseMemory } from "../mem/object.ts";
import { abandonSpace, holdSpace } from "../mem/space.ts";
import { ThreadState } from "../sched/tables.ts";
import { releaseIrq } from "../sched/irq.ts";
import { releaseTimer } from "../sched/timer_object.ts";
import { releaseNotification } from "./notification.ts";
import { CapKind } from "./tables.ts";

/**
 * Counts one more node that names an object. One case a kind: whoever adds a kind of object adds
 * its line here, in `releaseObject` and in `generationOf`.
 *
 * @param kind a CapKind
 * @param object row in the table of that kind
 */
export function holdNamed(s: State, kind: number, object: number): void {
  switch (kind) {
    case CapKind.OpenFile:
      s.openFile.refs[object]++;
      return;
    case CapKind.Process:
    case CapKind.Thread:
      return;
    case CapKind.Space:
      return holdSpace(s, object);
    case CapKind.Memory:
      return holdObject(s, object);
    case CapKind.Channel:
      s.channel.refs[object]++;
      return;
    case CapKind.Connection:
      s.connection.refs[object]++;
      return;
    case CapKind.Notification:
      s.notification.refs[object]++;
      return;
    case CapKind.Timer:
      s.timer.refs[object]++;
      return;
    case CapKind.Irq:
      s.irq.refs[object]++;
      return;
    default:
      return unreachable("every object a node names is of a kind with a table");
  }
}

/**
 * Gives back what a node held. The last node lets its object go; what takes longer than an event is
 * left to the reclaim at the end of every event. It never allocates.
 */
export function releaseObject(
  s: State,
  fx: Effects,
  hart: number,
  kind: number,
  object: number,
): void {
  switch (kind) {
    case CapKind.OpenFile:
      assert(s.openFile.refs[object] > 0, "a node's object counts it");
      s.openFile.refs[object]--;
      return releaseOpenFile(s, fx, hart, object);
    case CapKind.Process:
    case CapKind.Thread:
      return;
    case CapKind.Space:
      return abandonSpace(s, object);
    case CapKind.Memory:
      return releaseMemory(s, fx, object);
    case CapKind.Channel:
      return releaseChannel(s, object);
    case CapKind.Connection:
      return releaseConnection(s, fx, object);
    case CapKind.Notification:
      return releaseNotification(s, fx, hart, object);
    case CapKind.Timer:
      return releaseTimer(s, fx, hart, object);
    case CapKind.Irq:
      return releaseIrq(s, fx, hart, object);
    default:
      return unreachable("every object a node names is of a kind with a table");
  }
}

/**
 * The generation a node must keep to tell whether its object is still the one; 0 if it holds it.
 */
export function generationOf(s: State, kind: number, object: number): number {
  switch (kind) {
    case CapKind.Process:
      return s.process.$generation[object];
    case CapKind.Thread:
      return s.thread.$generation[object];
    default:
      return 0;
  }
}

/** Whether the object of a node is still there. Objects that nodes hold always are. */
export function isAlive(s: State, node: number): boolean {
  const c = s.capNode;
  const kind = c.kind[node];
  if (kind !== CapKind.Process && kind !== CapKind.Thread) return true;
  const object = c.object[node];
  // The first thread of a process keeps its row when it has ended.
  if (kind === CapKind.Thread && s.thread.state[object] === ThreadState.Dead) return false;
  const table = kind === CapKind.Process ? s.process : s.thread;
  return table.$live[object] === 1 && table.$generation[object] === c.objectGeneration[node];
}
