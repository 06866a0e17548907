/**
 * Whole boots under schedules drawn from a number: harts, round length and the machine's own seed.
 * What a program prints and how it ends must not depend on any of them.
 */
import { EventKind } from "../../core/event.ts";
import { ONE } from "../../core/kernel.ts";
import { runKernel, type Stage, STAGES } from "../kernel/harness.ts";
import { lostWakeup } from "./wakeups.ts";

/** Stages that print the same under every schedule. */
export const STABLE: readonly Stage[] = STAGES.filter(({ name }) =>
  ["pipes", "process", "signals", "fault", "memory", "files", "storm"].includes(name)
);

const ROUNDS = [64, 97, 333, 1000, 4099, 10_000] as const;

/** A schedule as a number draws it. */
export interface Drawn {
  readonly harts: number;
  readonly roundTicks: number;
  readonly seed: number;
}

/** The schedule of a number, from 0. */
export function drawn(number: number): Drawn {
  return {
    harts: 1 + (number * 5 + 2) % 8,
    roundTicks: ROUNDS[number % ROUNDS.length],
    seed: number * 7919 + 1,
  };
}

/**
 * Runs a stage under a drawn schedule, with every thread asked after every event whether it waits
 * for what has come.
 *
 * @returns what it printed and how it ended
 * @throws an Error that names the stage and the number
 */
export function runDrawn(stage: Stage, number: number): string {
  const { harts, roundTicks, seed } = drawn(number);
  const where = `--stage ${stage.name} --from ${number} --count 1`;
  try {
    const run = runKernel({
      ...stage,
      harts,
      roundTicks,
      seed,
      watch: ({ state: s }) => {
        const called: number[][] = [];
        return {
          before: (e) => {
            if (e.kind !== EventKind.Syscall) return;
            called[s.hart.current[e.hart + 1]] = [e.int(0), e.int(1), e.int(2), e.int(3)];
          },
          after: (e) => {
            if (s.kernel.shutdown[ONE] !== 0) return;
            const lost = lostWakeup(s, (thread) => called[thread] ?? []);
            if (lost !== "") throw new Error(`after event ${e.order}: ${lost}`);
          },
        };
      },
    });
    return `status ${run.status}\n${run.stdout}${run.stderr}`;
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new Error(`${stage.name}: ${what}\nreproduce: deno task schedules ${where}`);
  }
}

/** What of a run's text must not depend on the schedule: its lines, but for the count of harts. */
export function userVisible(text: string): string {
  return text.replace(/ on \d+ harts?/g, "").split("\n").sort().join("\n");
}
