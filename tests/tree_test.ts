/** Every folder of code has its README, and no source grows past one sitting. */
import assert from "node:assert/strict";
import { repository } from "./daybook.ts";
import { isTestFile } from "./import_rules.ts";
import { walk } from "./walk.ts";

const LINES = 800;

/** Folders that hold TypeScript but no README.md. */
function foldersWithoutReadme(paths: readonly string[]): string[] {
  const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/") + 1);
  const folders = new Set(paths.filter((path) => path.endsWith(".ts")).map(folderOf));
  const present = new Set(paths);
  return [...folders].filter((folder) => !present.has(`${folder}README.md`)).sort();
}

const isSource = (path: string): boolean => path.endsWith(".ts") && !isTestFile(path);
const lineCount = (source: string): number => source.split("\n").length - 1;

Deno.test("tree: every folder of TypeScript has a README.md", async () => {
  const missing = foldersWithoutReadme(await walk(repository));
  assert.deepEqual(missing, []);
});

Deno.test(`tree: no source is longer than ${LINES} lines`, async () => {
  const long: string[] = [];
  for (const path of (await walk(repository)).filter(isSource)) {
    const lines = lineCount(await Deno.readTextFile(`${repository}${path}`));
    if (lines > LINES) long.push(`${path}: ${lines} lines`);
  }
  assert.deepEqual(long, []);
});

Deno.test("tree: planted faults are seen", () => {
  const paths = ["mod.ts", "README.md", "core/a.ts", "core/README.md", "core/mem/b.ts", "c/d.txt"];
  assert.deepEqual(foldersWithoutReadme(paths), ["core/mem/"]);
  assert.deepEqual(["a.ts", "a_test.ts", "a.md"].filter(isSource), ["a.ts"]);
  assert.equal(lineCount("one\ntwo\n"), 2);
});
