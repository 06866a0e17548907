/**
 * The third kernel of the purity check: folds a recording in a worker of its own, in a world where
 * the clocks are other clocks.
 */
import { RecordedEvent } from "../../core/event.ts";
import { layoutKernel } from "../../core/reducer.ts";
import { DigestRing } from "./digest_ring.ts";
import { digestEffects, type FoldRequest, openRecording, type ReducerModule } from "./purity.ts";

/** Days and more: whoever looks at a clock sees another second, day and year. */
const SKEW_MS = 1e11;

function skewClocks(): void {
  const RealDate = Date;
  const now = (): number => RealDate.now() + SKEW_MS;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, words) => Reflect.construct(target, words.length === 0 ? [now()] : words),
    apply: () => new RealDate(now()).toString(),
    get: (target, name) => name === "now" ? now : Reflect.get(target, name),
  });
  const sinceStart = performance.now.bind(performance);
  performance.now = () => sinceStart() + SKEW_MS;
}

async function fold(request: FoldRequest, ring: DigestRing): Promise<void> {
  skewClocks();
  const { makeReducer }: ReducerModule = await import(request.module);
  const layout = layoutKernel(request.capacities);
  const reducer = makeReducer(layout, new ArrayBuffer(layout.bytes), 0);
  const recording = openRecording(request.recording);
  const e = new RecordedEvent();
  const effects = new Uint32Array(4);
  const state = new Uint32Array(4);
  try {
    for (let i = 1; recording.next(e); i++) {
      reducer.reduce(e);
      digestEffects(reducer.effects, effects);
      if (i % request.interval === 0) reducer.hash(state);
      else state.fill(0);
      ring.put(effects, state);
    }
  } finally {
    recording.close();
  }
}

addEventListener("message", (message: Event) => {
  const request = (message as MessageEvent<FoldRequest>).data;
  const ring = new DigestRing(request.ring);
  fold(request, ring).then(
    () => ring.end(),
    (error) => ring.end(error instanceof Error ? error.message : String(error)),
  ).finally(() => close());
});
