/**
 * Reads that change nothing. Almost every event looks which harts are idle and ask for a thread, and
 * almost never is there one to give: whatever the answer, the event does the same. Here that is
 * tried: with every other set of asking harts the event leads to the same state.
 */
import { ONE } from "../../core/kernel.ts";
import type { Scene } from "../schedules/scene.ts";
import { copyModel, type Model } from "../schedules/scene_state.ts";
import { Bits } from "./bits.ts";
import type { Footprint } from "./footprint.ts";
import type { Recorder } from "./recorder.ts";
import type { ArenaStore, Delta } from "./store.ts";

/** The column: a bit for each hart. */
const ASKING = "kernel.hungryLo";

/** What of the machine an event may change, as a text. */
function machineText(m: Model): string {
  const { actors, ipi, continues, timer, time, inputs, told, arrived, preemptions, ended } = m;
  const cells = [...m.cells];
  const tlbs = m.tlbs.held.map((held) => [...held.values()]);
  const parts = { actors, ipi, continues, timer, time, inputs, told, arrived, preemptions, ended };
  return JSON.stringify([parts, cells, tlbs, m.tlbs.late]);
}

/** Whether two states are one but for a word of the arena. */
function sameBut(word: number, a: Delta, b: Delta): boolean {
  let i = 0;
  let j = 0;
  for (;;) {
    if (a.at[i] === word) i++;
    if (b.at[j] === word) j++;
    if (i >= a.at.length || j >= b.at.length) return i >= a.at.length && j >= b.at.length;
    if (a.at[i] !== b.at[j] || a.value[i] !== b.value[j]) return false;
    i++;
    j++;
  }
}

/** Tries whether events read in vain. */
export class Insensitive {
  private readonly word: number;

  constructor(
    private readonly scene: Scene,
    private readonly recorder: Recorder,
    private readonly store: ArenaStore,
  ) {
    const { hungryLo, $header } = recorder.plain.kernel;
    const base = $header.byteOffset - scene.kernel.layout.tables[0].headerOffset;
    this.word = (hungryLo.byteOffset - base + 4 * ONE) >>> 2;
  }

  /**
   * Takes out of a footprint what the event read without its mattering. The scene is in the state
   * after the event, and is so again.
   *
   * @param from the state before the event
   * @param after the state after it
   */
  refine(
    from: { delta: Delta; model: Model },
    after: Delta,
    choice: string,
    footprint: Footprint,
  ): void {
    const { scene, store, recorder } = this;
    const { harts } = scene.scenario;
    const own = 1 << Number(choice.slice(1));
    const read = recorder.bitsOf(ASKING, footprint.touched) &
      ~recorder.bitsOf(ASKING, footprint.written) & ~own & (2 ** harts - 1);
    if (read === 0 || !"gcit".includes(choice[0])) return;
    const { hungryLo } = recorder.plain.kernel;
    const end = hungryLo[ONE];
    const model = scene.model;
    const text = machineText(model);
    // What an event looks at where somebody asks must not change before it either.
    const seen = new Bits();
    let now = after;
    let same = true;
    for (let flip = read; flip !== 0 && same; flip = (flip - 1) & read) {
      store.go(now, from.delta);
      hungryLo[ONE] ^= flip;
      scene.resume(copyModel(from.model));
      recorder.begin();
      recorder.choose(choice);
      scene.take(choice);
      scene.settle();
      seen.addAll(recorder.end().touched);
      same = scene.fault === "" && hungryLo[ONE] === ((end ^ flip) >>> 0) &&
        machineText(scene.model) === text;
      now = store.take();
      same &&= sameBut(this.word, now, after);
    }
    store.go(now, after);
    scene.resume(model);
    if (!same) return;
    footprint.touched.addAll(seen);
    recorder.forgetBits(ASKING, footprint.touched, ~(own | ~read));
  }
}
