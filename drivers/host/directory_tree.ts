import { TreeKind } from "../../core/fs/tree_records.ts";
import { HostError, reasonOf } from "./host_error.ts";
import { NO_BYTES, type TreeBuilder } from "./tree_builder.ts";

const encoder = new TextEncoder();

/** A name the host gave that is not the text it stands for cannot be opened by that text. */
const UNREADABLE = "\ufffd";

/**
 * Adds everything below a host directory to a tree. Symbolic links are added as links and never
 * followed; sockets and devices are counted as skipped.
 *
 * @throws {HostError} saying what is wrong and where, without the root's name
 */
export function readDirectoryTree(root: string, tree: TreeBuilder): void {
  const pending: string[] = [""];
  const links = new Map<string, Uint8Array>();
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const { name } of list(`${root}/${folder}`)) {
      const path = folder + name;
      if (name.includes(UNREADABLE)) {
        throw new HostError("invalid", `the name of ${JSON.stringify(path)} is not valid UTF-8`);
      }
      if (addHostFile(root, path, tree, links)) pending.push(`${path}/`);
    }
  }
}

function list(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch (error) {
    const { kind, reason } = reasonOf(error);
    throw new HostError(kind, `cannot list ${folder}: ${reason}`);
  }
}

/** Adds one name; whether it is a directory to go on with. */
function addHostFile(
  root: string,
  path: string,
  tree: TreeBuilder,
  links: Map<string, Uint8Array>,
): boolean {
  const full = `${root}/${path}`;
  const info = inspect(full);
  const bytes = encoder.encode(path);
  const mode = (info.mode ?? 0o755) & 0o7777;
  const entry = { path: bytes, mode, size: 0, target: NO_BYTES };
  if (info.isDirectory) {
    tree.add({ ...entry, kind: TreeKind.Directory });
    return true;
  }
  if (info.isSymlink) {
    const target = encoder.encode(linkText(full));
    tree.add({ ...entry, kind: TreeKind.Symlink, mode: 0o777, target });
  } else if (info.isFile) {
    const shared = (info.nlink ?? 1) > 1 ? `${info.dev}:${info.ino}` : "";
    const first = links.get(shared);
    if (first !== undefined) {
      tree.add({ ...entry, kind: TreeKind.Link, target: first });
      return false;
    }
    if (shared !== "") links.set(shared, bytes);
    tree.add({
      ...entry,
      kind: TreeKind.File,
      size: info.size,
      contents: { path: full, info, offset: 0 },
    });
  } else if (info.isFifo === true) tree.add({ ...entry, kind: TreeKind.Fifo });
  else tree.skip();
  return false;
}

function inspect(path: string): Deno.FileInfo {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    const { kind, reason } = reasonOf(error);
    throw new HostError(kind, `cannot look at ${path}: ${reason}`);
  }
}

function linkText(path: string): string {
  let text: string;
  try {
    text = Deno.readLinkSync(path);
  } catch (error) {
    const { kind, reason } = reasonOf(error);
    throw new HostError(kind, `cannot read the link ${path}: ${reason}`);
  }
  if (!text.includes(UNREADABLE)) return text;
  throw new HostError("invalid", `the text of the link ${path} is not valid UTF-8`);
}
