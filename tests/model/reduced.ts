/**
 * The search with partial-order reduction: of events that may change places, one order is followed.
 * At first one hart goes on in each state; another is added where something it does later was found
 * to depend on what went on in its stead (dynamic partial-order reduction, with what lies below a
 * state kept for when it is met again).
 */
import { Scene } from "../schedules/scene.ts";
import { copyModel, type Model } from "../schedules/scene_state.ts";
import { Canonical } from "./canonical.ts";
import type { Configuration } from "./configuration.ts";
import { addFootprint, dependent, type Footprint, noFootprint, Recorder } from "./footprint.ts";
import { Properties } from "./properties.ts";
import { type CounterExample, judgeEnd, type SearchReport } from "./search.ts";
import { ArenaStore, type Delta } from "./store.ts";

/** What happens on a hart, or comes from outside, below a state: by who does it. */
type Below = Map<string, Footprint>;

/** A state on the way to the one looked at. */
interface Level {
  /** Choices by who makes them. */
  readonly enabled: ReadonlyMap<string, readonly string[]>;
  /** Who is to go on from here. */
  readonly todo: Set<string>;
  /** Who went on from here on the way, and what that touched. */
  who: string;
  step: Footprint;
  /** By actor, the last place on the way whose step had to come before this one; none where absent. */
  clock: ReadonlyMap<string, number>;
}

const NONE: ReadonlyMap<string, number> = new Map();

/** A hart and what interrupts it depend on each other anyway. */
function actorOf(choice: string): string {
  return "gcit".includes(choice[0]) ? choice.slice(1) : "outside";
}

function byActor(choices: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const choice of choices) {
    const who = actorOf(choice);
    const list = found.get(who);
    if (list === undefined) found.set(who, [choice]);
    else list.push(choice);
  }
  return found;
}

/** How the search is bounded. */
export interface ReducedOptions {
  /** Ends the search after that many states. */
  readonly most?: number | undefined;
}

class ReducedSearch {
  readonly outcomes = new Map<string, readonly string[]>();
  readonly sites = new Set<string>();
  counterExample: CounterExample | undefined;
  transitions = 0;
  depth = 0;
  ends = 0;
  cut = false;
  readonly below = new Map<string, Below | null>();
  readonly store: ArenaStore;
  private readonly scene: Scene;
  private readonly recorder: Recorder;
  private readonly keys: Canonical;
  private readonly properties: Properties;
  private readonly way: Level[] = [];
  private readonly path: string[] = [];
  private current: Delta;

  constructor(private readonly configuration: Configuration, private readonly most: number) {
    const made: { recorder?: Recorder } = {};
    this.scene = new Scene(configuration, {
      eventNs: 0,
      kernel: (layout, buffer) => {
        made.recorder = new Recorder(layout, buffer);
        return made.recorder.kernel;
      },
      touch: (what, written) => made.recorder?.touch(what, written),
      peek: (look) => made.recorder?.noting(() => look(made.recorder?.state)) ?? 0,
    });
    if (made.recorder === undefined) throw new Error("the scene made no kernel");
    this.recorder = made.recorder;
    this.scene.setUp();
    this.scene.settle();
    this.store = new ArenaStore([this.scene.kernel]);
    this.keys = new Canonical(this.scene, { times: "order", plain: true });
    this.properties = new Properties(this.scene);
    this.current = this.store.take();
  }

  run(): void {
    this.visit(this.keys.key(), this.scene.events - 1);
  }

  private broken(what: string): void {
    this.counterExample ??= { path: [...this.path], what };
  }

  /** Looks at a state that was not met before; what happens below it is kept. */
  private visit(key: string, before: number): void {
    this.below.set(key, null);
    this.depth = Math.max(this.depth, this.path.length);
    const { scene } = this;
    const choices = scene.choices();
    const breach = this.properties.check(scene.events > before, choices.length === 0);
    if (breach !== "") return this.broken(breach);
    for (const site of scene.sites) this.sites.add(site);
    const below: Below = new Map();
    if (choices.length === 0) this.end();
    else this.goOn(choices, below);
    this.below.set(key, below);
  }

  private end(): void {
    this.ends++;
    const outcome = this.scene.outcome();
    if (!this.outcomes.has(outcome)) this.outcomes.set(outcome, [...this.path]);
    const wrong = judgeEnd(this.configuration, this.scene);
    this.current = this.store.take();
    if (wrong !== "") this.broken(wrong);
  }

  private goOn(choices: readonly string[], below: Below): void {
    const here = { delta: this.current, model: copyModel(this.scene.model) };
    const enabled = byActor(choices);
    const level: Level = { enabled, todo: new Set(), who: "", step: noFootprint(), clock: NONE };
    level.todo.add(enabled.keys().next().value ?? "");
    this.way.push(level);
    // A set is walked in the order things are added, those added meanwhile included.
    for (const who of level.todo) {
      for (const choice of enabled.get(who) ?? []) {
        if (this.counterExample !== undefined || this.cut) break;
        this.follow(here, level, who, choice, below);
      }
    }
    this.way.pop();
  }

  private follow(
    from: { delta: Delta; model: Model },
    level: Level,
    who: string,
    choice: string,
    below: Below,
  ): void {
    const { scene, store, recorder } = this;
    store.go(this.current, from.delta);
    this.current = from.delta;
    scene.resume(copyModel(from.model));
    recorder.begin();
    scene.take(choice);
    scene.settle();
    level.who = "";
    const step = recorder.end();
    const clock = this.race(who, step);
    Object.assign(level, { who, step, clock });
    this.transitions++;
    this.current = store.take();
    this.path.push(choice);
    merge(below, who, level.step);
    if (scene.fault !== "") this.broken(scene.fault);
    else this.arrive(from.model.order, below);
    this.path.pop();
  }

  /** Comes to a state: looks at it, or remembers what is below it. */
  private arrive(before: number, below: Below): void {
    const key = this.keys.key();
    let found = this.below.get(key);
    if (found === undefined) {
      if (this.below.size >= this.most) this.cut = true;
      else this.visit(key, before);
      found = this.below.get(key) ?? new Map();
    } else if (found === null) {
      // Round in a circle: whoever can go on from its states must.
      for (const { enabled, todo } of this.way) for (const who of enabled.keys()) todo.add(who);
      return;
    } else {
      for (const [who, footprint] of found) this.raceBelow(who, footprint);
    }
    for (const [who, footprint] of found ?? []) merge(below, who, footprint);
  }

  /** What had to come before the last step of somebody on the way, that step included. */
  private clockOf(who: string): ReadonlyMap<string, number> {
    for (let i = this.way.length - 1; i >= 0; i--) {
      if (this.way[i].who === who) return this.way[i].clock;
    }
    return NONE;
  }

  /**
   * Somebody takes the next step on the way. The last step of another that it depends on, and that
   * need not have come before, might have come after it: there, it is to go on first.
   *
   * @returns what had to come before the step, the step included
   */
  private race(who: string, step: Footprint): ReadonlyMap<string, number> {
    const before = this.clockOf(who);
    const clock = new Map(before);
    const here = this.way.length - 1;
    let raced = -1;
    for (let i = here - 1; i >= 0; i--) {
      const level = this.way[i];
      if (level.who !== who && !dependent(level.step, step)) continue;
      if (level.who !== who && raced < 0 && i > (before.get(level.who) ?? -1)) raced = i;
      for (const [other, place] of level.clock) {
        if (place > (clock.get(other) ?? -1)) clock.set(other, place);
      }
    }
    clock.set(who, here);
    if (raced >= 0) this.addAt(raced, who, clock);
    return clock;
  }

  /** Lets somebody go on at a place, or whoever must go on before. */
  private addAt(at: number, who: string, clock: ReadonlyMap<string, number>): void {
    const { enabled, todo } = this.way[at];
    if (enabled.has(who)) {
      todo.add(who);
      return;
    }
    for (let j = at + 1; j < this.way.length; j++) {
      const other = this.way[j].who;
      if (j > (clock.get(other) ?? -1) || !enabled.has(other)) continue;
      todo.add(other);
      return;
    }
    for (const other of enabled.keys()) todo.add(other);
  }

  /** What somebody does below a state met before, in whatever order, may race with all on the way. */
  private raceBelow(who: string, footprint: Footprint): void {
    const before = this.clockOf(who);
    for (let i = this.way.length - 1; i >= 0; i--) {
      const level = this.way[i];
      if (level.who === who || i <= (before.get(level.who) ?? -1)) continue;
      if (dependent(level.step, footprint)) this.addAt(i, who, NONE);
    }
  }
}

function merge(below: Below, who: string, footprint: Footprint): void {
  let sum = below.get(who);
  if (sum === undefined) {
    sum = noFootprint();
    below.set(who, sum);
  }
  addFootprint(sum, footprint);
}

/** Visits a state of every result, and of every order of dependent events, but not every state. */
export function searchReduced(
  configuration: Configuration,
  options: ReducedOptions = {},
): SearchReport {
  const search = new ReducedSearch(configuration, options.most ?? Infinity);
  search.run();
  return {
    states: search.below.size,
    transitions: search.transitions,
    depth: search.depth,
    emptied: search.counterExample === undefined && !search.cut,
    ends: search.ends,
    outcomes: search.outcomes,
    sites: search.sites,
    counterExample: search.counterExample,
    arenaBytes: 4 * search.store.inUse,
    stateBytes: 8 * search.store.largest,
  };
}
