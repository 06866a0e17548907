/**
 * A copy of the kernel in which everything that is taken passes by `scarcity.ts`: rows of tables,
 * frames and ASIDs. Production code has no switch for it; the copy is patched, and a patch that
 * finds its lines changed says so.
 */
import { join } from "node:path";
import type { makeReducer } from "../../core/reducer.ts";
import { applyPatch, type Patch } from "../mutants/mutant.ts";
import type { Scarcity } from "./scarcity.ts";

const core = new URL("../../core", import.meta.url).pathname;
const module = new URL("./scarcity.ts", import.meta.url).pathname;

const TABLE = "state/table.ts";
const FRAME = "mem/frame.ts";
const ASID = "mem/asid.ts";
const ASSERT = 'import { assert } from "../assert.ts";\n';

/** Frames have an account of their own: the rows of their table are not what runs out. */
const PATCHES: readonly Patch[] = [
  {
    file: TABLE,
    old: ASSERT,
    new: `${ASSERT}import { scarcity } from "./scarcity.ts";\n`,
  },
  {
    file: TABLE,
    old: "  return t.$capacity - 1 - t.$header[USED] - t.$header[RETIRED];\n",
    new: "  const left = t.$capacity - 1 - t.$header[USED] - t.$header[RETIRED];\n" +
      "  return scarcity.shown(t.$spec.name, left);\n",
  },
  {
    file: TABLE,
    old: "  let row = header[FREE_HEAD];\n",
    new: '  if (t.$spec.name !== "frame" && scarcity.refuses(t.$spec.name)) return 0;\n' +
      "  let row = header[FREE_HEAD];\n",
  },
  {
    file: TABLE,
    old: "  t.$live[row] = 1;\n  return row;\n",
    new: '  t.$live[row] = 1;\n  if (t.$spec.name !== "frame") scarcity.took(t.$spec.name);\n' +
      "  return row;\n",
  },
  {
    file: TABLE,
    old: "  t.$live[row] = 0;\n  header[USED]--;\n",
    new: "  t.$live[row] = 0;\n  header[USED]--;\n  scarcity.gaveBack(t.$spec.name);\n",
  },
  {
    file: FRAME,
    old: ASSERT,
    new: `${ASSERT}import { scarcity } from "../state/scarcity.ts";\n`,
  },
  {
    file: FRAME,
    old: "  return Math.max(0, framesLeft(s) - s.memory.reserve[one]);\n",
    new: '  return scarcity.shown("frames", Math.max(0, framesLeft(s) - s.memory.reserve[one]));\n',
  },
  {
    file: FRAME,
    old: "  s.frame.role[frame] = role;\n  if (role === PageTable) {\n",
    new: '  scarcity.took("frames");\n' +
      "  s.frame.role[frame] = role;\n  if (role === PageTable) {\n",
  },
  {
    file: FRAME,
    old: "  s.frame.role[frame] = Free;\n",
    new: '  s.frame.role[frame] = Free;\n  scarcity.gaveBack("frames");\n',
  },
  {
    file: ASID,
    old: 'import { post } from "../ledger/post.ts";\n',
    new: 'import { post } from "../ledger/post.ts";\n' +
      'import { scarcity } from "../state/scarcity.ts";\n',
  },
  {
    file: ASID,
    old: "  let asid = search(s);\n",
    new: '  if (scarcity.refuses("asids")) return 0;\n  let asid = search(s);\n',
  },
  {
    file: ASID,
    old: "  s.memory.nextAsid[ONE] = asid % LAST_ASID;\n",
    new: '  scarcity.took("asids");\n  s.memory.nextAsid[ONE] = asid % LAST_ASID;\n',
  },
];

/** An instrumented kernel and what it asks. */
export interface InstrumentedKernel {
  readonly makeReducer: typeof makeReducer;
  readonly scarcity: Scarcity;
}

async function copyTree(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const entry of Deno.readDir(from)) {
    const target = join(to, entry.name);
    if (entry.isDirectory) await copyTree(join(from, entry.name), target);
    else if (!entry.name.endsWith("_test.ts")) {
      await Deno.copyFile(join(from, entry.name), target);
    }
  }
}

/**
 * Loads an instrumented copy of the kernel.
 *
 * @throws an Error when a patch no longer applies
 */
export async function loadInstrumented(): Promise<InstrumentedKernel> {
  const folder = await Deno.makeTempDir({ prefix: "daybook-exhaustion-" });
  try {
    await copyTree(core, `${folder}/core`);
    await Deno.copyFile(module, `${folder}/core/state/scarcity.ts`);
    for (const patch of PATCHES) {
      const path = `${folder}/core/${patch.file}`;
      await Deno.writeTextFile(path, applyPatch(patch, await Deno.readTextFile(path)));
    }
    const { makeReducer } = await import(`file://${folder}/core/reducer.ts`);
    const { scarcity } = await import(`file://${folder}/core/state/scarcity.ts`);
    return { makeReducer, scarcity };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
