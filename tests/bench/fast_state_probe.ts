/** Prints the parts of a bound kernel state that V8 keeps as hash tables; needs its native syntax. */
import { layoutKernel, makeReducer } from "../../core/reducer.ts";

const isFast = new Function("o", "return %HasFastProperties(o)") as (o: object) => boolean;

/** As an object grows that is filled by keyed assignment. */
function grown(count: number): object {
  const o: Record<string, unknown> = {};
  for (let i = 0; i < count; i++) o[`column${i}`] = new Uint8Array(1);
  for (let i = 0; i < count; i += 2) delete o[`column${i}`];
  return o;
}

const layout = layoutKernel();
const { state } = makeReducer(layout, new ArrayBuffer(layout.bytes), 0);
const parts: Record<string, object> = { state, ...state, planted: grown(60) };
console.log(JSON.stringify(Object.keys(parts).filter((name) => !isFast(parts[name]))));
