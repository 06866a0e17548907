/**
 * J7: events of different harts whose footprints do not meet lead to the same state in either
 * order. Each pair that can happen next is tried both ways.
 */
import { Scene } from "../schedules/scene.ts";
import { copyModel, type Scenario } from "../schedules/scene_state.ts";
import { Canonical } from "./canonical.ts";
import { dependent, type Footprint } from "./footprint.ts";
import { ASIDS } from "./noted_columns.ts";
import { Recorder } from "./recorder.ts";
import { ArenaStore } from "./store.ts";

/** Who makes a choice: a hart, what interrupts it, or what lies outside. */
export function actorOf(choice: string): string {
  if (choice[0] === "i") return choice;
  return "gct".includes(choice[0]) ? choice.slice(1) : "outside";
}

/** What came of trying pairs. */
export interface Swaps {
  /** Pairs tried whose footprints do not meet. */
  free: number;
  /** Pairs that could not change places by their footprints. */
  bound: number;
  /** Of those, pairs that lead to the same state all the same. */
  needless: number;
  /** What the footprints of needless pairs met in, and how often. */
  readonly met: Map<string, number>;
}

/** A count of nothing. */
export function noSwaps(): Swaps {
  return { free: 0, bound: 0, needless: 0, met: new Map() };
}

/** A scene whose kernel notes what it touches. */
export function recordedScene(
  scenario: Scenario,
  missed: readonly string[] = [],
): { scene: Scene; recorder: Recorder } {
  const made: { recorder?: Recorder } = {};
  const scene = new Scene(scenario, {
    eventNs: 0,
    kernel: (layout, buffer) => {
      made.recorder = new Recorder(
        layout,
        buffer,
        missed,
        scenario.asids === undefined ? [] : ASIDS,
      );
      return made.recorder.kernel;
    },
    touch: (what, written) => made.recorder?.touch(what, written),
    peek: (look) => made.recorder?.noting(() => look(made.recorder?.state)) ?? 0,
  });
  if (made.recorder === undefined) throw new Error("the scene made no kernel");
  return { scene, recorder: made.recorder };
}

/** Tries the pairs of events that can happen next in states of a scene. */
export class SwapCheck {
  private readonly store: ArenaStore;
  private readonly keys: Canonical;

  constructor(
    private readonly scene: Scene,
    private readonly recorder: Recorder,
    private readonly swaps: Swaps,
  ) {
    this.store = new ArenaStore([scene.kernel]);
    this.keys = new Canonical(scene, { times: "order", plain: false, loose: true });
  }

  /**
   * Tries every pair in the state the scene is in, which is left as it was.
   *
   * @returns "" or a pair that does not lead to the same state though its footprints do not meet
   */
  here(): string {
    const { scene, store, swaps } = this;
    const start = store.take();
    const model = copyModel(scene.model);
    let now = start;
    const go = (...choices: readonly string[]): string => {
      store.go(now, start);
      scene.resume(copyModel(model));
      let wrong = "";
      for (const choice of choices) {
        if (!scene.choices().includes(choice)) wrong = `${choice} cannot happen`;
        if (wrong !== "") break;
        scene.take(choice);
        scene.settle();
        wrong = scene.fault;
      }
      now = store.take();
      return wrong;
    };
    const choices = scene.choices();
    const footprints = choices.map((choice) => {
      this.recorder.begin();
      this.recorder.choose(choice);
      go(choice);
      return this.recorder.end();
    });
    let breach = "";
    choices.forEach((a, i) =>
      choices.slice(i + 1).forEach((b, j) => {
        if (actorOf(a) === actorOf(b) || breach !== "") return;
        const wrong = go(a, b);
        const one = this.keys.key();
        const other = go(b, a) !== wrong ? "" : this.keys.key();
        const [f, g] = [footprints[i], footprints[i + 1 + j]];
        if (!dependent(f, g)) {
          swaps.free++;
          if (one !== other) breach = `${a} and ${b} may not change places`;
          return;
        }
        swaps.bound++;
        if (one !== other) return;
        swaps.needless++;
        for (const name of this.meeting(f, g)) {
          swaps.met.set(name, (swaps.met.get(name) ?? 0) + 1);
        }
      })
    );
    go();
    return breach;
  }

  private meeting(a: Footprint, b: Footprint): Set<string> {
    const names = new Set<string>();
    const look = (x: Footprint, y: Footprint): void => {
      x.written.forEach((n) => {
        if (y.touched.has(n)) names.add(this.recorder.elements[n].column.name);
      });
    };
    look(a, b);
    look(b, a);
    return names;
  }
}
