/** Times in a key: hart by hart, each as its place among those of its hart, or by what is left. */
import { QUANTUM_NS } from "../../core/sched/fixed_priority.ts";
import { HEAP_CAPACITY, ThreadState } from "../../core/sched/tables.ts";
import type { Scene } from "../schedules/scene.ts";
import type { KeyNames } from "./key_names.ts";

/** What is left of a turn: nothing, a part or all. */
const budgetClass = (ns: number): number => ns <= 0 ? 0 : ns === QUANTUM_NS ? 2 : 1;

/** A hart's clock, its timer, and the timers of its heap in the order they come due. */
function hartTimes(scene: Scene, names: KeyNames, hart: number): [number, number][] {
  const { s, model: m } = scene;
  const found: [number, number][] = [[-1, m.time[hart]]];
  if (m.timer[hart] > 0) found.push([-2, m.timer[hart]]);
  if (s.hart.stealAt[hart + 1] > 0) found.push([-4, s.hart.stealAt[hart + 1]]);
  const base = (hart + 1) * HEAP_CAPACITY;
  const threads = names.tableOf("thread");
  const armed: { name: number; deadline: number; sequence: number }[] = [];
  for (let at = base; at < base + s.hart.heapLength[hart + 1]; at++) {
    const t = s.hart.heap[at] >>> 1;
    const sleep = (s.hart.heap[at] & 1) === 0;
    armed.push({
      name: 2 * names.name(threads, t) + (sleep ? 0 : 1),
      deadline: sleep ? s.thread.timerDeadline[t] : s.thread.intervalDeadline[t],
      sequence: sleep ? s.thread.timerSequence[t] : s.thread.intervalSequence[t],
    });
  }
  armed.sort((a, b) => a.deadline - b.deadline || a.sequence - b.sequence);
  for (const { name, deadline } of armed) found.push([name, deadline]);
  return found;
}

/** Deadlines of calls and ends of turns; the threads' budgets go into the key at once. */
function threadTimes(scene: Scene, names: KeyNames, hart: number): [number, number][] {
  const { s } = scene;
  const threads = names.tableOf("thread");
  const found: [number, number][] = [];
  const budgets: [number, number][] = [];
  for (let t = 1; t <= (s.thread.$header[0] ?? 0); t++) {
    if (s.thread.$live[t] === 0 || s.thread.hart[t] !== hart) continue;
    if (s.thread.state[t] === ThreadState.Dead) continue;
    const name = names.name(threads, t);
    if (s.thread.callDeadline[t] > 0) found.push([0x1000 + name, s.thread.callDeadline[t]]);
    const budget = s.thread.budget[t];
    if (s.hart.current[hart + 1] === t) {
      found.push([0x2000 + name, s.thread.dispatchedAt[t] + budget]);
    } else budgets.push([name, names.options.times === "exact" ? budget : budgetClass(budget)]);
  }
  budgets.sort((a, b) => a[0] - b[0]);
  for (const [name, budget] of budgets) {
    names.put(name);
    names.put(budget);
  }
  return found.sort((a, b) => a[0] - b[0]);
}

/** Times, hart by hart: each as its place among those of its hart, its clock among them. */
export function putTimes(scene: Scene, names: KeyNames): void {
  for (let hart = 0; hart < scene.scenario.harts; hart++) {
    const found = [...hartTimes(scene, names, hart), ...threadTimes(scene, names, hart)];
    const now = scene.model.time[hart];
    const places = names.options.times === "order"
      ? new Map([...new Set(found.map(([, t]) => t))].sort((a, b) => a - b).map((t, i) => [t, i]))
      : undefined;
    for (const [what, time] of found) {
      names.put(what);
      names.putLong(places?.get(time) ?? time - now);
    }
    names.put(-3);
  }
}
