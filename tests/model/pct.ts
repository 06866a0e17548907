/**
 * Orders drawn for configurations too large to visit: uniformly, or by the priorities of
 * "probabilistic concurrency testing": whoever of n can go on and ranks highest does, and at d - 1
 * of k steps, drawn beforehand, who goes on falls behind all. Each run finds a defect that takes d
 * ordered events with a probability of at least 1 / (n * k^(d-1)).
 */
import { ScheduleError } from "../schedules/explore.ts";
import { Scene } from "../schedules/scene.ts";
import type { Scenario } from "../schedules/scene_state.ts";
import { type Below, generator, wildScenario } from "../schedules/wild.ts";
import { talkScenario } from "./talk.ts";
import { Properties } from "./properties.ts";

/** Steps after which a run is ended: scripts with many wake-ups of one another go on for long. */
const STEP_LIMIT = 3000;

/** What makes the script of a seed. */
export const SCRIPTS: Readonly<Record<string, (seed: number) => Scenario>> = {
  /** Processes, pipes, files, signals, memory. */
  wild: wildScenario,
  /** Messages, futexes, notifications, capabilities, threads. */
  talk: talkScenario,
};

/** How orders are drawn. */
export interface Drawing {
  /** A name of SCRIPTS. */
  readonly scripts: string;
  /** 0 for uniformly, else the d of the bound. */
  readonly depth: number;
  readonly from: number;
  readonly count: number;
}

/** What a campaign came by. */
export interface Campaign {
  runs: number;
  events: number;
  /** Largest of each run's n and k, and the least of the bounds. */
  n: number;
  k: number;
  bound: number;
  readonly sites: Set<string>;
}

/** Who makes a choice: a hart, what interrupts it, or the host. */
const whoOf = (choice: string): string => choice[0] === "c" ? `g${choice.slice(1)}` : choice;

type Pick = (choices: readonly string[], step: number) => string;

const uniform = (below: Below): Pick => (choices) => choices[below(choices.length)];

/** Draws ranks as whoever they are of turns up, and the steps at which one falls. */
function byPriority(below: Below, depth: number, steps: number): Pick {
  const ranks = new Map<string, number>();
  const falls = new Map<number, number>();
  for (let i = 1; i < depth; i++) falls.set(below(steps), -i);
  return (choices, step) => {
    for (const choice of choices) {
      if (!ranks.has(whoOf(choice))) ranks.set(whoOf(choice), 1 + below(2 ** 30));
    }
    const rank = (choice: string): number => ranks.get(whoOf(choice)) ?? 0;
    const best = (): string => choices.reduce((a, b) => rank(b) > rank(a) ? b : a);
    const fall = falls.get(step);
    if (fall !== undefined) ranks.set(whoOf(best()), fall);
    return best();
  };
}

/** Follows one order, every state checked; the steps it took, and who took them. */
function run(
  scenario: Scenario,
  pick: Pick,
  checked: boolean,
): { scene: Scene; steps: number; n: number } {
  const scene = new Scene(scenario);
  scene.setUp();
  const properties = new Properties(scene);
  const actors = new Set<string>();
  let steps = 0;
  for (; steps < STEP_LIMIT; steps++) {
    const choices = scene.choices();
    if (choices.length === 0) break;
    for (const choice of choices) actors.add(whoOf(choice));
    const before = scene.events;
    scene.take(pick(choices, steps));
    if (scene.fault !== "") throw new ScheduleError(`${scene.last}: ${scene.fault}`);
    if (!checked) continue;
    const breach = properties.check(scene.events > before, false);
    if (breach !== "") throw new ScheduleError(`${scene.last}: ${breach}`);
  }
  if (checked) {
    const wrong = properties.check(false, true) || scene.close();
    if (wrong !== "") throw new ScheduleError(`${scene.last}: ${wrong}`);
  }
  return { scene, steps, n: actors.size };
}

/**
 * Draws orders of random scripts.
 *
 * @param each called after every run, with how many there were
 * @throws {ScheduleError} with the command that repeats the run
 */
export function draw(
  { scripts, depth, from, count }: Drawing,
  each: (runs: number) => void = () => {},
): Campaign {
  const campaign: Campaign = { runs: 0, events: 0, n: 0, k: 0, bound: 1, sites: new Set() };
  for (let seed = from; seed < from + count; seed++) {
    try {
      const scenario = SCRIPTS[scripts](seed);
      const trial = run(scenario, uniform(generator(seed + 1)), false);
      const k = Math.max(1, trial.steps);
      const below = generator(seed + 0x2000_0000);
      const pick = depth === 0 ? uniform(below) : byPriority(below, depth, k);
      const { scene, n } = run(scenario, pick, true);
      campaign.runs++;
      each(campaign.runs);
      campaign.events += scene.events;
      campaign.n = Math.max(campaign.n, n);
      campaign.k = Math.max(campaign.k, k);
      campaign.bound = Math.min(campaign.bound, 1 / (n * k ** Math.max(0, depth - 1)));
      for (const site of scene.sites) campaign.sites.add(site);
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      throw new ScheduleError(
        `${what}\nreproduce: deno task check --draw ${depth} --scripts ${scripts} --from ${seed} --count 1`,
      );
    }
  }
  return campaign;
}

/** The line that tells of a campaign. */
export function campaignLine({ scripts, depth, from, count }: Drawing, campaign: Campaign): string {
  const { runs, events, n, k, bound, sites } = campaign;
  const how = depth === 0
    ? "uniform orders"
    : `n <= ${n}, k <= ${k}, d = ${depth}: each finds such a defect with p >= ${
      bound.toExponential(1)
    }`;
  return `drawn: ${scripts} scripts, seeds ${from} to ${
    from + count - 1
  }, ${runs} runs, ${events} events, ` +
    `${sites.size} places of blocking, ${how}`;
}
