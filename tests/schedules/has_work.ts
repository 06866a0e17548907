/** Who would do something, got it the hart. */
import type { State } from "../../core/kernel.ts";
import type { Model, Scenario } from "./scene_state.ts";

/** Whether somebody on a hart is ready to do something that its current thread keeps it from. */
export function hasWork(s: State, m: Model, { script }: Scenario, hart: number): boolean {
  for (let t = 1; t <= s.thread.$header[0]; t++) {
    if (s.thread.$live[t] === 0 || s.thread.queued[t] === 0) continue;
    if (s.thread.hart[t] !== hart) continue;
    const actor = m.actors[t];
    const kind = actor === undefined ? undefined : script.ops[actor.at]?.kind;
    if (kind !== "halt" && (kind !== "go" || m.started)) return true;
    // A signal, too, is acted on only when the thread gets its turn.
    const p = s.thread.process[t];
    if (s.process.killed[p] !== 0 || s.process.pendingLo[p] !== 0) return true;
  }
  return false;
}
