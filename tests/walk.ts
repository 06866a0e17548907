/** Lists the files of a folder. */

/** Folders that hold nothing of ours. */
const FOREIGN = new Set([".git", ".cache", "node_modules", "coverage"]);

/** Paths of all files below `folder`, relative to it, sorted; links and foreign folders left out. */
export async function walk(folder: string): Promise<string[]> {
  const files: string[] = [];
  const pending = [""];
  for (let prefix = pending.pop(); prefix !== undefined; prefix = pending.pop()) {
    for await (const entry of Deno.readDir(`${folder}/${prefix}`)) {
      if (entry.isDirectory && !FOREIGN.has(entry.name)) pending.push(`${prefix}${entry.name}/`);
      if (entry.isFile) files.push(`${prefix}${entry.name}`);
    }
  }
  return files.sort();
}
