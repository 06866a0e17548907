/** What a model checker is given: scripts on a few harts, and what may come of them. */
import type { Scene } from "../schedules/scene.ts";
import type { Scenario } from "../schedules/scene_state.ts";

/** A scenario whose every state is visited. */
export interface Configuration extends Scenario {
  /** What of the kernel it is about. */
  readonly about: string;
  /** Every result an order may lead to; without them, any in which nobody waits for ever. */
  readonly results?: readonly string[];
  /** Threads that may wait for ever, where no results are given. */
  readonly mayBlock?: readonly string[];
  /** What else must hold in every state: "" or what does not. */
  readonly rule?: (scene: Scene) => string;
  /** Whether `deno task test` visits it too. */
  readonly small: boolean;
}
