/** Where the kernel takes what can run out, read from its source: a place without a test shows. */
import { walk } from "../walk.ts";

const core = new URL("../../core", import.meta.url).pathname;

/** Calls that take a unit, and calls that look at what is left. */
const TAKES = /\b(?:allocRow|allocFrame|takeAsid)\(/;
const LOOKS = /\b(?:freeRows|framesAvailable)\(/;
const FUNCTION = /^(?:export )?function (\w+)/;

/** Functions that are part of taking itself; who calls them is the place. */
const PARTS = new Set([
  "state/table.ts allocRow",
  "state/table.ts freeRows",
  "mem/frame.ts backFrame",
  "mem/frame.ts allocFrame",
  "mem/frame.ts framesAvailable",
  "mem/asid.ts takeAsid",
]);
/** Functions that only tell a program what is left. */
const TELLS = new Set(["personality/linux/stat.ts writeStatfs"]);

/** The kernel's functions that take, and those that look: file and name of each, sorted. */
export interface Sites {
  readonly takes: readonly string[];
  readonly looks: readonly string[];
}

function isKernel(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return name.endsWith(".ts") && !name.endsWith("_test.ts") && !name.startsWith("test_") &&
    name !== "testing.ts";
}

/** Reads every source of the kernel. */
export async function readSites(): Promise<Sites> {
  const takes = new Set<string>();
  const looks = new Set<string>();
  for (const path of (await walk(core)).filter(isKernel)) {
    let name = "";
    for (const line of (await Deno.readTextFile(`${core}/${path}`)).split("\n")) {
      name = FUNCTION.exec(line)?.[1] ?? name;
      const site = `${path} ${name}`;
      if (/^\s*(?:\*|\/\/|\/\*|import )/.test(line) || PARTS.has(site)) continue;
      if (TAKES.test(line)) takes.add(site);
      if (LOOKS.test(line) && !TELLS.has(site)) looks.add(site);
    }
  }
  return { takes: [...takes].sort(), looks: [...looks].sort() };
}
