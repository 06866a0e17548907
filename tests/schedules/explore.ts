/** Tries every order of events of a scenario, or orders drawn from a seed. */
import { Scene } from "./scene.ts";
import type { Scenario } from "./scene_state.ts";

/** What a search of a scenario found. */
export interface Found {
  /** Each user-visible result, with the first schedule that led to it. */
  readonly outcomes: ReadonlyMap<string, string>;
  /** Different states visited. */
  readonly states: number;
  readonly events: number;
  /** Places where threads blocked, as `call:WaitKind`. */
  readonly sites: ReadonlySet<string>;
}

/** A broken rule, with the order that breaks it. */
export class ScheduleError extends Error {}

function failure(scene: Scene, path: readonly string[], what: string): ScheduleError {
  const { name } = scene.scenario;
  return new ScheduleError(
    `${name}: ${scene.last}: ${what}\n` +
      `reproduce: deno task schedules --scenario "${name}" --schedule "${path.join(" ")}"`,
  );
}

/** Most different states a scenario may have; more is a mistake in the scenario. */
const STATE_LIMIT = 60_000;

/**
 * Visits every state that some order of events reaches.
 *
 * @throws {ScheduleError} at the first state that breaks a rule
 */
export function everyOrder(scenario: Scenario): Found {
  const scene = new Scene(scenario);
  scene.setUp();
  const seen = new Set<string>();
  const outcomes = new Map<string, string>();
  const sites = new Set<string>();
  const path: string[] = [];
  let events = 0;
  const visit = (): void => {
    const choices = scene.choices();
    for (const site of scene.sites) sites.add(site);
    if (choices.length === 0) {
      const books = scene.books();
      if (books !== "") throw failure(scene, path, books);
      const outcome = scene.outcome();
      if (!outcomes.has(outcome)) outcomes.set(outcome, path.join(" "));
      return;
    }
    const mark = choices.length > 1 ? scene.mark() : null;
    for (const [i, choice] of choices.entries()) {
      if (i > 0 && mark !== null) scene.back(mark);
      path.push(choice);
      scene.take(choice);
      events++;
      if (scene.fault !== "") throw failure(scene, path, scene.fault);
      const key = scene.key();
      if (!seen.has(key)) {
        seen.add(key);
        if (seen.size > STATE_LIMIT) throw failure(scene, [], `more than ${STATE_LIMIT} states`);
        visit();
      }
      path.pop();
    }
  };
  visit();
  return { outcomes, states: seen.size, events, sites };
}

/**
 * Follows one order.
 *
 * @param pick chooses among what can happen next
 * @throws {ScheduleError} when it breaks a rule
 */
export function oneOrder(
  scenario: Scenario,
  pick: (choices: readonly string[], step: number) => string | undefined,
): { scene: Scene; path: string[] } {
  const scene = new Scene(scenario);
  scene.setUp();
  const path: string[] = [];
  for (;;) {
    const choices = scene.choices();
    if (choices.length === 0) break;
    const choice = pick(choices, path.length);
    if (choice === undefined) break;
    if (!choices.includes(choice)) throw failure(scene, path, `${choice} cannot happen now`);
    path.push(choice);
    scene.take(choice);
    if (scene.fault !== "") throw failure(scene, path, scene.fault);
  }
  return { scene, path };
}
