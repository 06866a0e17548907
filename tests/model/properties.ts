/**
 * What must hold in every state a model reaches. Checks that remember earlier events are told what
 * the model's machine remembers instead: a search jumps between states.
 */
import { Effects } from "../../core/effect.ts";
import { Event } from "../../core/event.ts";
import { capabilities } from "../invariants/capabilities.ts";
import type { Check, Group, Report } from "../invariants/checker.ts";
import { effects } from "../invariants/effects.ts";
import { files } from "../invariants/files.ts";
import { messages } from "../invariants/messages.ts";
import { paging } from "../invariants/paging.ts";
import { processes } from "../invariants/processes.ts";
import { priorities } from "../invariants/priorities.ts";
import { queues } from "../invariants/queues.ts";
import { rings } from "../invariants/rings.ts";
import { scheduling } from "../invariants/scheduling.ts";
import { stealing } from "../invariants/stealing.ts";
import { tables } from "../invariants/tables.ts";
import { timers } from "../invariants/timers.ts";
import { waiting } from "../invariants/waiting.ts";
import type { Configuration } from "./configuration.ts";
import type { Scene } from "../schedules/scene.ts";

/** Groups that look at the state alone. */
const OF_STATE: readonly Group[] = [
  queues,
  paging,
  capabilities,
  processes,
  files,
  rings,
  tables,
  waiting,
  priorities,
  stealing,
  messages,
];
/** Groups that add up what the hardware was told. */
const OF_MACHINE: readonly Group[] = [scheduling, timers];

/**
 * Groups that are not asked, and who holds their rules in a model: time, which starvation is counted
 * in, hardly passes; numbers and times of events are
 * the scene's own, and it compares interrupts and steps with what it was asked for (`unasked`).
 */
export const NOT_ASKED: readonly string[] = ["history", "ipis", "starvation"];

/** The names of the groups that are asked. */
export const ASKED: readonly string[] = [...OF_STATE, ...OF_MACHINE, effects].map((g) => g.name);

/** Checks a scene's states. */
export class Properties {
  private readonly checks: readonly Check[];
  private readonly told = new Effects();
  private readonly ofEffects: Check;
  private readonly event = new Event();
  private readonly rule: (scene: Scene) => string;
  private breach = "";

  constructor(private readonly scene: Scene) {
    const { state, effects: fx } = scene.kernel;
    this.checks = [
      ...OF_STATE.map((group) => group.make({ state, effects: fx })),
      ...OF_MACHINE.map((group) => group.make({ state, effects: this.told })),
    ];
    this.ofEffects = effects.make({ state, effects: fx });
    const { rule } = scene.scenario as Partial<Configuration>;
    this.rule = rule ?? (() => "");
  }

  /**
   * Checks the state the scene is in, which its last event led to.
   *
   * @param events whether an event led to it: else the effects are those of another state
   * @param thorough looks at the blank rows and the lookup tables too
   * @returns "" or the first breach
   */
  check(events: boolean, thorough: boolean): string {
    const { event: last, model } = this.scene;
    this.breach = "";
    this.told.clear();
    model.timer.forEach((time, hart) => this.told.setTimer(hart, time));
    model.told.forEach(([thread, root, asid], hart) =>
      this.told.switchTo(hart, thread, root, asid)
    );
    const { event } = this;
    event.kind = last.kind;
    event.hart = last.hart;
    event.cause = last.cause;
    event.time = last.time;
    // Some groups look at everything only now and then, by the event's number.
    event.order = thorough ? 0 : 1;
    const report: Report = (id, row, what) => {
      if (this.breach === "") this.breach = `${id} ${row}: ${what}`;
    };
    for (const check of this.checks) check(event, report);
    if (events) this.ofEffects(event, report);
    if (this.breach === "") this.breach = this.rule(this.scene);
    return this.breach !== "" ? this.breach : this.scene.books();
  }
}
