/** The third kernel of the purity check: folds packed events in a worker of its own. */
import { Event } from "../../core/event.ts";
import { layoutKernel } from "../../core/reducer.ts";
import { digestEffects, type Digests, type FoldRequest, type ReducerModule } from "./purity.ts";
import { EventLogReader } from "./event_log.ts";

const port = self as unknown as {
  onmessage: (message: MessageEvent<FoldRequest>) => void;
  postMessage(answer: Digests | string): void;
};

async function fold(request: FoldRequest): Promise<Digests> {
  const { makeReducer }: ReducerModule = await import(request.module);
  const layout = layoutKernel(request.capacities);
  const reducer = makeReducer(layout, new ArrayBuffer(layout.bytes), 0);
  const events = new EventLogReader(request.events);
  const effects = new Uint32Array(4 * request.count);
  const states: Uint32Array[] = [];
  const e = new Event();
  for (let i = 0; events.next(e); i++) {
    reducer.reduce(e);
    digestEffects(reducer.effects, effects.subarray(4 * i, 4 * i + 4));
    if ((i + 1) % request.interval !== 0 && i + 1 !== request.count) continue;
    const hash = new Uint32Array(4);
    reducer.hash(hash);
    states.push(hash);
  }
  return { effects, states };
}

port.onmessage = ({ data }) => {
  fold(data).then(
    (digests) => port.postMessage(digests),
    (error) => port.postMessage(error instanceof Error ? error.message : String(error)),
  );
};
