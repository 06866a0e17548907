/** The disturbances every blocking site is put through, and what each may lead to. */
import type { Scenario } from "./scene_state.ts";
import {
  call,
  fork,
  go,
  halt,
  handler,
  label,
  Nr,
  onSignal,
  type Op,
  SA_RESTART,
  script,
  Sig,
} from "./script.ts";
import type { Site } from "./site.ts";

/** What happens to the blocker beside its wake-up. */
export const DISTURBANCES = [
  "nothing",
  "a handled signal",
  "a handled signal with SA_RESTART",
  "an ignored signal",
  "SIGKILL",
  "SIGSTOP and SIGCONT",
] as const;
export type Disturbance = (typeof DISTURBANCES)[number];

const send = (signal: number): Op => call("kill", Nr.kill, 1, signal);

function disturber(what: Disturbance): readonly Op[] {
  switch (what) {
    case "SIGKILL":
      return [send(Sig.kill)];
    case "SIGSTOP and SIGCONT":
      return [send(Sig.stop), send(Sig.cont)];
    case "an ignored signal":
      return [send(Sig.chld)];
    default:
      return [send(Sig.usr1)];
  }
}

/** The scenario of a site and a disturbance, on a number of harts. */
export function disturbed(site: Site, what: Disturbance, harts: number): Scenario {
  const calm = what === "nothing";
  const waker = site.waker;
  const flags = what === "a handled signal with SA_RESTART" ? SA_RESTART : 0;
  return {
    name: `${site.name}, ${what}, harts: ${harts}`,
    harts,
    actors: 1 + (calm ? 0 : 1) + (waker === undefined ? 0 : 1) + (site.others ?? 0),
    preemptions: harts === 1 ? 2 : 0,
    terminal: site.terminal === true,
    arrivals: site.arrivals ?? [],
    ...(site.program === undefined ? {} : { program: site.program }),
    script: script(
      onSignal(Sig.usr1, "handled", flags),
      // Made first, so that it holds nothing open that the site waits to see closed.
      ...fork("S"),
      ...(site.before ?? []),
      ...(waker === undefined ? [] : fork("W")),
      go,
      ...site.blocker,
      halt,
      label("W"),
      go,
      ...(waker ?? []),
      halt,
      label("S"),
      ...(calm ? [] : [go, ...disturber(what)]),
      halt,
      ...(site.more ?? []),
      ...handler("handled"),
    ),
  };
}

/** Every log of the blocker that some order must lead to; no order may lead to another. */
export function expected(site: Site, what: Disturbance): string[] {
  const { woken, interrupted, rule } = site;
  const own = site.logs?.[what];
  if (own !== undefined) return [...own].sort();
  if (what === "SIGSTOP and SIGCONT" && site.stops === true) return [...woken, interrupted].sort();
  const handled = what.startsWith("a handled signal");
  if (what === "SIGKILL") return ["killed=9", ...woken.map((log) => `${log} killed=9`)].sort();
  if (!handled) return [...woken].sort();
  const found = woken.flatMap((log) => [`handled ${log}`, `${log} handled`]);
  const ends = rule === "eintr" || (rule === "restart" && what === "a handled signal");
  if (ends) found.push(`handled ${interrupted}`);
  return found.sort();
}
