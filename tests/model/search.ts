/**
 * Visits every state of a configuration, breadth first: what is found is found by the shortest way.
 */
import { copyModel, type Model } from "../schedules/scene_state.ts";
import { Scene } from "../schedules/scene.ts";
import { Canonical } from "./canonical.ts";
import type { Configuration } from "./configuration.ts";
import type { KeyOptions } from "./key_names.ts";
import { Properties } from "./properties.ts";
import { ArenaStore, type Delta } from "./store.ts";
import { withTwin } from "./twin.ts";

/** How to search. */
export interface SearchOptions extends Partial<KeyOptions> {
  /** Whether a second kernel reduces every event beside the first, and both must agree. */
  readonly pure?: boolean;
  /** Ends the search after that many states. */
  readonly most?: number;
  /** Called in every new state, with how many there are. */
  readonly each?: (scene: Scene, states: number) => void;
}

/** An order of events that breaks a rule. */
export interface CounterExample {
  readonly path: readonly string[];
  readonly what: string;
}

/** What a search came to. */
export interface SearchReport {
  readonly states: number;
  readonly transitions: number;
  /** Transitions of the longest of the shortest ways to a state. */
  readonly depth: number;
  /** Whether every state that can be reached was visited. */
  readonly emptied: boolean;
  /** States in which nothing more happens. */
  readonly ends: number;
  /** Their keys, whatever numbers their rows have. */
  readonly endKeys: ReadonlySet<string>;
  /** Each result a user sees, with the first way to it. */
  readonly outcomes: ReadonlyMap<string, readonly string[]>;
  readonly sites: ReadonlySet<string>;
  readonly counterExample: CounterExample | undefined;
  /** Bytes of the arena in use, at most. */
  readonly arenaBytes: number;
  /** Bytes kept for one state, at most. */
  readonly stateBytes: number;
}

/** A state to go on from. */
interface Open {
  readonly delta: Delta;
  readonly model: Model;
  readonly number: number;
}

/** How every state was come to: enough to tell the way to it. */
export class Ways {
  private readonly from: number[] = [];
  private readonly choices: string[] = [];
  /** Every transition, as the numbers of the states it goes from and to. */
  private readonly steps: number[] = [];
  private readonly ends: number[] = [];

  /** Enters a state; returns its number. */
  enter(from: number, choice: string): number {
    this.from.push(from);
    return this.choices.push(choice) - 1;
  }

  /** Takes note of a transition. */
  step(from: number, to: number): void {
    this.steps.push(from, to);
  }

  /** Takes note that nothing more happens in a state. */
  end(state: number): void {
    this.ends.push(state);
  }

  /** The first state from which no order leads to an end, or -1. */
  endless(): number {
    const into: number[][] = this.from.map(() => []);
    for (let i = 0; i < this.steps.length; i += 2) into[this.steps[i + 1]].push(this.steps[i]);
    const reaches = new Uint8Array(this.from.length);
    const open = [...this.ends];
    for (const end of open) reaches[end] = 1;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const before of into[at]) {
        if (reaches[before] === 0) open.push(before);
        reaches[before] = 1;
      }
    }
    return reaches.indexOf(0);
  }

  /** The choices that lead to a state. */
  to(state: number): string[] {
    const path: string[] = [];
    for (let at = state; at > 0; at = this.from[at]) path.push(this.choices[at]);
    return path.reverse();
  }
}

/** What is wrong with a state in which nothing more happens; "" when all is as it should be. */
export function judgeEnd(configuration: Configuration, scene: Scene): string {
  const outcome = scene.outcome();
  const { results, mayBlock } = configuration;
  if (results !== undefined && !results.includes(outcome)) return `nobody foresaw: ${outcome}`;
  if (results === undefined) {
    for (const line of outcome.split(" | ")) {
      const name = line.slice(0, line.indexOf(":"));
      if (/\bblocked\b/.test(line) && !(mayBlock ?? []).includes(name)) {
        return `${name} waits for ever: ${outcome}`;
      }
    }
  }
  return scene.close();
}

/** Brings a scene to where the search begins; "" or why it does not get there. */
export function setUp(scene: Scene): string {
  try {
    scene.setUp();
    scene.settle();
    return scene.fault;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Visits every state. */
export function search(configuration: Configuration, options: SearchOptions = {}): SearchReport {
  const most = options.most ?? Infinity;
  const twin = options.pure === true ? withTwin() : undefined;
  const scene = new Scene(configuration, {
    eventNs: 0,
    ...(twin === undefined ? {} : { kernel: twin.make }),
  });
  const unready = setUp(scene);
  const store = new ArenaStore([scene.kernel, ...(twin?.kernels() ?? [])]);
  const keys = new Canonical(scene, {
    times: options.times ?? "order",
    plain: options.plain ?? false,
    whole: options.whole ?? false,
  });
  const ofEnds = new Canonical(scene, { times: "order", plain: false, loose: true });
  const properties = new Properties(scene);
  const ways = new Ways();
  const seen = new Map<string, number>();
  const outcomes = new Map<string, readonly string[]>();
  const sites = new Set<string>();
  const endKeys = new Set<string>();
  let [transitions, depth, ends] = [0, 0, 0];
  let counterExample: CounterExample | undefined;
  let current = store.take();
  let level: Open[] = [];

  /** Takes note of the state the scene is in; false when it breaks a rule. */
  const note = (from: number, choice: string, before: number): boolean => {
    const broken = (what: string): boolean => {
      counterExample = { path: [...ways.to(from), choice].filter((c) => c !== ""), what };
      return false;
    };
    if (scene.fault !== "") return broken(scene.fault);
    const key = keys.key();
    const known = seen.get(key);
    if (known !== undefined) {
      ways.step(from, known);
      return true;
    }
    const number = ways.enter(from, choice);
    seen.set(key, number);
    if (number > 0) ways.step(from, number);
    const isEnd = scene.choices().length === 0;
    const breach = properties.check(scene.events > before, isEnd);
    if (breach !== "") return broken(breach);
    for (const site of scene.sites) sites.add(site);
    options.each?.(scene, seen.size);
    if (!isEnd) {
      next.push({ delta: current, model: copyModel(scene.model), number });
      return true;
    }
    ends++;
    endKeys.add(ofEnds.key());
    ways.end(number);
    const outcome = scene.outcome();
    if (!outcomes.has(outcome)) outcomes.set(outcome, ways.to(number));
    const wrong = judgeEnd(configuration, scene);
    current = store.take();
    return wrong === "" ? true : broken(wrong);
  };

  let next: Open[] = [];
  let holds = false;
  if (unready !== "") counterExample = { path: [], what: unready };
  else holds = note(0, "", scene.events);
  while (holds && next.length > 0 && seen.size < most) {
    level = next;
    next = [];
    depth++;
    for (const { delta, model, number } of level) {
      store.go(current, delta);
      current = delta;
      scene.resume(copyModel(model));
      const choices = scene.choices();
      for (const [i, choice] of choices.entries()) {
        if (i > 0) {
          store.go(current, delta);
          scene.resume(copyModel(model));
        }
        scene.take(choice);
        scene.settle();
        transitions++;
        current = store.take();
        holds = note(number, choice, model.order);
        if (!holds) break;
      }
      if (!holds || seen.size >= most) break;
    }
  }
  const endless = holds && next.length === 0 ? ways.endless() : -1;
  if (endless >= 0) {
    counterExample = { path: ways.to(endless), what: "goes on for ever: no order comes to an end" };
    holds = false;
  }
  return {
    states: seen.size,
    transitions,
    depth: Math.max(0, depth - 1),
    emptied: holds && next.length === 0,
    ends,
    endKeys,
    outcomes,
    sites,
    counterExample,
    arenaBytes: 4 * store.inUse,
    stateBytes: 8 * store.largest,
  };
}
