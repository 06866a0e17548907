import type { State } from "../../core/kernel.ts";
import type { Model } from "./scene_state.ts";

/** Whether the kernel counts on an interrupt or a step that it has not asked for, or forgot one. */
export function unasked(s: State, m: Model): string {
  const { ipiPending, continuePending } = s.hart;
  for (let hart = 0; hart < m.ipi.length; hart++) {
    if ((ipiPending[hart + 1] !== 0) !== m.ipi[hart]) return `hart ${hart}: no such IPI`;
    if ((continuePending[hart + 1] !== 0) !== m.continues[hart]) {
      return `hart ${hart}: no such step`;
    }
  }
  return "";
}
