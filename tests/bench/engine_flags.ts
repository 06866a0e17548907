/** The options of the host's engine that the commands run with: what is measured runs with them too. */
import { repository } from "../daybook.ts";

/**
 * What `deno task run` gives to V8, as one word for `deno run`. Its bounds checks find nothing in a
 * memory of all 32-bit addresses; and an event runs through more small functions than V8 would
 * inline by itself. Inlining still more gains little for events and costs time at the start.
 *
 * @throws when the task gives it nothing: then what is measured would not be what is used
 */
export function engineFlags(): string {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${repository}/deno.json`));
  const flags = /--v8-flags=\S+/.exec(tasks.run)?.[0];
  if (flags === undefined) throw new Error("deno.json: the task `run` has no --v8-flags");
  return flags;
}
