/** Finds the test modules that `deno task test` runs. */
import { resolve } from "node:path";
import { walk } from "./walk.ts";

/**
 * Absolute paths of the test modules, sorted.
 *
 * @param repository absolute path, searched when no paths are given
 * @param stood where relative paths start
 * @param paths files or folders
 * @returns or one line that says what is wrong with the paths
 */
export async function findTests(
  repository: string,
  stood: string,
  paths: readonly string[],
): Promise<string[] | string> {
  const found = new Set<string>();
  for (const path of paths.length === 0 ? [repository] : paths) {
    const full = resolve(stood, path);
    const info = await Deno.stat(full).catch(() => null);
    if (info === null) return `${path}: no such file or folder`;
    const below = info.isFile ? [full] : (await walk(full)).map((name) => `${full}/${name}`);
    const tests = below.filter((name) => name.endsWith("_test.ts"));
    if (tests.length === 0) return `${path}: no *_test.ts there`;
    for (const test of tests) found.add(resolve(test));
  }
  return [...found].sort();
}

/** The first few of a list, and how many more there are. */
export function commaList(names: readonly string[]): string {
  const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
  return names.slice(0, 3).join(", ") + more;
}
