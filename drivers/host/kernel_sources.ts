import { createHash } from "node:crypto";

/** Everything in it decides what the kernel does with an event. */
const FOLDER = new URL("../../core/", import.meta.url).pathname;

/** SHA-256 of the kernel's sources, path by path, in hex: two kernels with one digest are equal. */
export function digestKernelSources(): string {
  return known ??= digestNow();
}

/** What this process has loaded does not change any more, whatever happens to the files. */
let known: string | undefined;

function digestNow(): string {
  const hash = createHash("sha256");
  for (const path of sources("")) {
    const bytes = Deno.readFileSync(FOLDER + path);
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

function sources(folder: string): string[] {
  const found: string[] = [];
  for (const entry of Deno.readDirSync(FOLDER + folder)) {
    if (entry.isDirectory) found.push(...sources(`${folder}${entry.name}/`));
    else if (/\.ts$/.test(entry.name) && !/(^testing|_test)\.ts$/.test(entry.name)) {
      found.push(folder + entry.name);
    }
  }
  // Code unit order: the same on every host.
  return found.sort();
}
