import type { TreeEntry } from "../../core/fs/tree_records.ts";
import { readDirectoryTree } from "./directory_tree.ts";
import { HostError, reasonOf } from "./host_error.ts";
import type { HostFiles } from "./host_files.ts";
import { readTarTree } from "./tar_tree.ts";
import { TreeBuilder } from "./tree_builder.ts";

/** A tree as a guest gets it. */
export interface HostTree {
  /** Sorted by path bytes; every parent before what is in it. The root itself is not listed. */
  readonly entries: readonly TreeEntry[];
  /** Devices and sockets left out. */
  readonly skipped: number;
}

/**
 * Reads the metadata of a directory or of a tar archive. Owners and times are dropped; contents are
 * read later, through the numbers that `files` gave.
 *
 * @param root path of a directory or tar archive
 * @param option how the user named it, for errors: "--root" or a file's purpose
 * @throws {HostError} one line that begins with the option and the path
 */
export function readTree(root: string, files: HostFiles, option = "--root"): HostTree {
  const tree = new TreeBuilder();
  try {
    const info = Deno.statSync(root);
    if (info.isDirectory) readDirectoryTree(root.replace(/\/+$/, ""), tree);
    else if (info.isFile) readTarTree(root, tree);
    else throw new HostError("wrong-kind", "neither a directory nor a tar file");
    return { entries: tree.finish(files), skipped: tree.skipped };
  } catch (error) {
    if (error instanceof HostError) {
      throw new HostError(error.kind, `${option} ${root}: ${error.message}`);
    }
    const { kind, reason } = reasonOf(error);
    const what = kind === "not-found" ? "no such directory or tar file" : reason;
    throw new HostError(kind, `${option} ${root}: ${what}`);
  }
}
