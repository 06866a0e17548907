/**
 * The search with partial-order reduction: where some harts' next events may change places with all
 * that the others can do before those harts go on, only those harts are followed (persistent sets).
 * Whether they may is known once what they lead to was looked at: for every state it is kept what
 * each actor's events touch that can happen without another one's going on.
 */
import type { Scene } from "../schedules/scene.ts";
import { copyModel, type Model } from "../schedules/scene_state.ts";
import { Canonical } from "./canonical.ts";
import type { Configuration } from "./configuration.ts";
import { EVERYTHING, FootprintTable, Renaming, sameOrder } from "./footprint_table.ts";
import { Insensitive } from "./insensitive.ts";
import { Properties } from "./properties.ts";
import type { Recorder } from "./recorder.ts";
import { type CounterExample, judgeEnd, type SearchReport } from "./search.ts";
import { ArenaStore, type Delta } from "./store.ts";
import { actorOf, recordedScene } from "./swaps.ts";

/** How the search is bounded. */
export interface ReducedOptions {
  /** Ends the search after that many states. */
  readonly most?: number | undefined;
  /** Called in every new state, with how many there are. */
  readonly each?: (scene: Scene, states: number) => void;
  /** Columns that footprints leave out though they matter: to see that it is noticed. */
  readonly missed?: readonly string[];
}

/**
 * What others can do while one stands still: for actors a and b, at a * actors + b, the number of
 * what b's events touch that can happen before a goes on.
 */
type Meanwhile = Int32Array;

/** What is kept of a state. */
interface Seen {
  /** Its rows in the order of their names, as it was first met. */
  readonly order: Int32Array;
  /** Undefined while it is being looked at. */
  meanwhile: Meanwhile | undefined;
}

/** One event that was followed. */
interface Step {
  readonly who: number;
  readonly footprint: number;
  readonly meanwhile: Meanwhile;
}

/** Columns whose change lets others' events happen or not: no order of them is left out. */
const GATES: ReadonlySet<string> = new Set(["end", "preemptions", "kernel.shutdown"]);
/** The same between a hart and what interrupts it. */
const HART_GATES: ReadonlySet<string> = new Set([
  "hart.current",
  "hart.continuePending",
  "thread.state",
]);

class ReducedSearch {
  readonly outcomes = new Map<string, readonly string[]>();
  readonly sites = new Set<string>();
  readonly endKeys = new Set<string>();
  counterExample: CounterExample | undefined;
  transitions = 0;
  depth = 0;
  ends = 0;
  cut = false;
  readonly seen = new Map<string, Seen>();
  readonly store: ArenaStore;
  private readonly most: number;
  private readonly scene: Scene;
  private readonly recorder: Recorder;
  private readonly keys: Canonical;
  private readonly ofEnds: Canonical;
  private readonly properties: Properties;
  private readonly table: FootprintTable;
  private readonly insensitive: Insensitive;
  /** Harts, what interrupts them, and what lies outside, by number. */
  private readonly actors: readonly string[];
  private readonly path: string[] = [];
  private current: Delta;

  constructor(
    private readonly configuration: Configuration,
    private readonly options: ReducedOptions,
  ) {
    const { scene, recorder } = recordedScene(configuration, options.missed);
    this.most = options.most ?? Infinity;
    this.scene = scene;
    this.recorder = recorder;
    this.table = new FootprintTable(recorder);
    const harts = Array.from({ length: configuration.harts }, (_, h) => h);
    this.actors = [...harts.map((h) => `i${h}`), ...harts.map(String), "outside"];
    scene.setUp();
    scene.settle();
    this.store = new ArenaStore([scene.kernel]);
    this.keys = new Canonical(scene, { times: "order", plain: false });
    this.ofEnds = new Canonical(scene, { times: "order", plain: false, loose: true });
    this.properties = new Properties(scene);
    this.insensitive = new Insensitive(scene, recorder, this.store);
    this.current = this.store.take();
  }

  run(): void {
    this.visit(this.keys.key(), this.scene.events - 1);
  }

  private broken(what: string): void {
    this.counterExample ??= { path: [...this.path], what };
  }

  /** Looks at a state that was not met before. */
  private visit(key: string, before: number): Meanwhile {
    const { scene, actors } = this;
    const seen: Seen = { order: this.keys.order(), meanwhile: undefined };
    this.seen.set(key, seen);
    this.depth = Math.max(this.depth, this.path.length);
    let meanwhile: Meanwhile = new Int32Array(actors.length ** 2);
    const choices = scene.choices();
    const breach = this.properties.check(scene.events > before, choices.length === 0);
    if (breach !== "") this.broken(breach);
    else {
      for (const site of scene.sites) this.sites.add(site);
      this.options.each?.(scene, this.seen.size);
      if (choices.length === 0) this.end();
      else meanwhile = this.goOn(choices);
    }
    seen.meanwhile = meanwhile;
    return meanwhile;
  }

  private end(): void {
    this.ends++;
    this.endKeys.add(this.ofEnds.key());
    const outcome = this.scene.outcome();
    if (!this.outcomes.has(outcome)) this.outcomes.set(outcome, [...this.path]);
    const wrong = judgeEnd(this.configuration, this.scene);
    this.current = this.store.take();
    if (wrong !== "") this.broken(wrong);
  }

  /** Follows as few actors as will do, and says what each of all can do meanwhile. */
  private goOn(choices: readonly string[]): Meanwhile {
    const here = { delta: this.current, model: copyModel(this.scene.model) };
    const enabled = this.byActor(choices);
    const steps: Step[] = [];
    const followed = new Set<number>();
    const follow = (who: number): void => {
      if (followed.has(who)) return;
      followed.add(who);
      for (const choice of enabled.get(who) ?? []) {
        if (this.counterExample !== undefined || this.cut) return;
        steps.push(this.follow(here, who, choice));
      }
    };
    for (const seed of enabled.keys()) {
      const chosen = new Set([seed]);
      follow(seed);
      for (;;) {
        const more = this.conflicts(steps, chosen);
        if (more.size === 0) return this.sumUp(steps, chosen, enabled.size);
        // Who cannot go on here yet cannot be followed: what lets it go on is not known.
        if ([...more].some((who) => !enabled.has(who))) break;
        for (const who of more) {
          chosen.add(who);
          follow(who);
        }
      }
    }
    return this.sumUp(steps, new Set(enabled.keys()), enabled.size);
  }

  private byActor(choices: readonly string[]): Map<number, string[]> {
    const found = new Map<number, string[]>();
    for (const choice of choices) {
      const who = this.actors.indexOf(actorOf(choice));
      const list = found.get(who);
      if (list === undefined) found.set(who, [choice]);
      else list.push(choice);
    }
    return found;
  }

  /** Whose events may not change places with those of the chosen, before the chosen go on. */
  private conflicts(steps: readonly Step[], chosen: ReadonlySet<number>): Set<number> {
    const { table, actors } = this;
    const n = actors.length;
    const found = new Set<number>();
    for (const { who, footprint } of steps) {
      if (!chosen.has(who)) continue;
      const all = table.writes(footprint, GATES);
      const hart = actors[who][0] === "i" ? actors.indexOf(actors[who].slice(1)) : -1;
      for (let other = 0; other < n; other++) {
        if (chosen.has(other)) continue;
        const gate = all || (other === hart && table.writes(footprint, HART_GATES));
        const meets = steps.some((step) =>
          step.who === who && table.dependent(footprint, step.meanwhile[who * n + other])
        );
        if (gate || meets) found.add(other);
      }
    }
    return found;
  }

  /**
   * What can happen while an actor stands still. Its own steps tell of that only where nobody else
   * was followed: what others do then can be done before as well.
   */
  private sumUp(steps: readonly Step[], chosen: ReadonlySet<number>, enabled: number): Meanwhile {
    const { table } = this;
    const n = this.actors.length;
    const sum = new Int32Array(n * n);
    for (let still = 0; still < n; still++) {
      const alone = chosen.size === 1 && chosen.has(still);
      // Where nobody else can do anything, nothing happens.
      if (alone && enabled === 1) continue;
      for (const { who, footprint, meanwhile } of steps) {
        if (!chosen.has(who) || (who === still && !alone)) continue;
        for (let other = 0; other < n; other++) {
          if (other === still) continue;
          const at = still * n + other;
          sum[at] = table.union(sum[at], meanwhile[at]);
          if (who === other) sum[at] = table.union(sum[at], footprint);
        }
      }
    }
    return sum;
  }

  private follow(from: { delta: Delta; model: Model }, who: number, choice: string): Step {
    const { scene, store, recorder } = this;
    store.go(this.current, from.delta);
    this.current = from.delta;
    scene.resume(copyModel(from.model));
    recorder.begin();
    recorder.choose(choice);
    scene.take(choice);
    scene.settle();
    const touched = recorder.end();
    this.transitions++;
    this.current = store.take();
    if (scene.fault === "") this.insensitive.refine(from, this.current, choice, touched);
    const footprint = this.table.number(touched);
    this.path.push(choice);
    let meanwhile: Meanwhile = new Int32Array(this.actors.length ** 2);
    if (scene.fault !== "") this.broken(scene.fault);
    else meanwhile = this.arrive(from.model.order);
    this.path.pop();
    return { who, footprint, meanwhile };
  }

  /** Comes to a state: looks at it, or remembers what can happen there. */
  private arrive(before: number): Meanwhile {
    const key = this.keys.key();
    const known = this.seen.get(key);
    if (known === undefined) {
      if (this.seen.size < this.most) return this.visit(key, before);
      this.cut = true;
      return new Int32Array(this.actors.length ** 2);
    }
    // Round in a circle: what can happen here is not known yet.
    if (known.meanwhile === undefined) {
      return new Int32Array(this.actors.length ** 2).fill(EVERYTHING);
    }
    const order = this.keys.order();
    if (sameOrder(known.order, order)) return known.meanwhile;
    const renaming = new Renaming(known.order, order);
    return known.meanwhile.map((number) => this.table.renamed(number, renaming));
  }
}

/** Visits every end and every order of dependent events, but not every state. */
export function searchReduced(
  configuration: Configuration,
  options: ReducedOptions = {},
): SearchReport {
  const search = new ReducedSearch(configuration, options);
  search.run();
  return {
    states: search.seen.size,
    transitions: search.transitions,
    depth: search.depth,
    emptied: search.counterExample === undefined && !search.cut,
    ends: search.ends,
    endKeys: search.endKeys,
    outcomes: search.outcomes,
    sites: search.sites,
    counterExample: search.counterExample,
    arenaBytes: 4 * search.store.inUse,
    stateBytes: 8 * search.store.largest,
  };
}
