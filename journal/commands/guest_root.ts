import { type TreeEntry, TreeKind } from "../../core/fs/tree_records.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What the kernel puts into every root; a program is never put over it. */
const PLANTED: readonly string[] = ["dev", "proc", "tmp"];

/** A host file that is to be a program of the guest. */
export interface PlacedProgram {
  /** Number in HostFiles. */
  readonly file: number;
  readonly size: number;
}

/**
 * Puts a program into a tree, where no name of the tree is hidden or followed: in /bin if that may
 * be, else in /usr/bin, /run or the root, at last under a further name there.
 *
 * @param name file name, one component
 * @returns the guest's path of it; it was added to `records`
 */
export function placeProgram(records: TreeEntry[], name: string, program: PlacedProgram): string {
  const kinds = new Map(records.map((r) => [decoder.decode(r.path), r.kind]));
  const free = (folder: string, file: string): boolean => {
    if (folder !== "") {
      const parts = folder.split("/");
      for (let n = 1; n <= parts.length; n++) {
        const kind = kinds.get(parts.slice(0, n).join("/"));
        if (kind !== undefined && kind !== TreeKind.Directory) return false;
      }
    } else if (PLANTED.includes(file)) return false;
    return !kinds.has(pathIn(folder, file));
  };
  for (let n = 0;; n++) {
    const file = n === 0 ? name : `${name}.${n}`;
    for (const folder of ["bin", "usr/bin", "run", ""]) {
      if (!free(folder, file)) continue;
      addFolders(records, kinds, folder);
      const path = pathIn(folder, file);
      const { size, file: number } = program;
      records.push({
        kind: TreeKind.File,
        mode: 0o755,
        size,
        path: encoder.encode(path),
        target: new Uint8Array(0),
        file: number,
      });
      return `/${path}`;
    }
  }
}

function pathIn(folder: string, file: string): string {
  return folder === "" ? file : `${folder}/${file}`;
}

function addFolders(
  records: TreeEntry[],
  kinds: ReadonlyMap<string, number>,
  folder: string,
): void {
  const parts = folder === "" ? [] : folder.split("/");
  for (let n = 1; n <= parts.length; n++) {
    const path = parts.slice(0, n).join("/");
    if (kinds.has(path)) continue;
    records.push({
      kind: TreeKind.Directory,
      mode: 0o755,
      size: 0,
      path: encoder.encode(path),
      target: new Uint8Array(0),
      file: 0,
    });
  }
}

/**
 * The guest's path of a host file that lies in the directory a tree was read from.
 *
 * @param root absolute path of that directory
 * @param program absolute path of the file
 * @returns undefined when it is not in the tree, or not a plain file there
 */
export function pathInTree(
  records: readonly TreeEntry[],
  root: string,
  program: string,
): string | undefined {
  const above = `${root.replace(/\/+$/, "")}/`;
  if (!program.startsWith(above)) return undefined;
  const path = program.slice(above.length);
  const found = records.find((r) => decoder.decode(r.path) === path);
  return found?.kind === TreeKind.File ? `/${path}` : undefined;
}
