import { comparePaths, type TreeEntry, TreeKind } from "../../core/fs/tree_records.ts";
import { NAME_LIMIT, PATH_LIMIT } from "../../core/limits.ts";
import { HostError } from "./host_error.ts";
import type { HostFiles } from "./host_files.ts";

/** No target. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** A hard link seen on the way to its file; longer chains are cycles. */
const LINK_LIMIT = 40;

/** Where the contents of a file lie: a host file as it is now, or a part of it. */
export interface TreeContents {
  readonly path: string;
  readonly info: Deno.FileInfo;
  readonly offset: number;
}

/** An entry not yet in its place: a file has no number before the order of all files is known. */
export interface FoundEntry extends Omit<TreeEntry, "file"> {
  /** Of a regular file only. */
  readonly contents?: TreeContents;
}

/** Bytes as a string with one character a byte: a key for maps. */
function keyOf(path: Uint8Array): string {
  let key = "";
  for (let i = 0; i < path.length; i++) key += String.fromCharCode(path[i]);
  return key;
}

function show(path: Uint8Array): string {
  return JSON.stringify(new TextDecoder().decode(path));
}

function addContents(contents: TreeContents, size: number, files: HostFiles): number {
  return files.add(contents.path, contents.info, contents.offset, size);
}

/** An entry in its place. */
function place(entry: FoundEntry, path: Uint8Array, file: number): TreeEntry {
  const { kind, mode, size, target } = entry;
  return { path, kind, mode, size, file, target };
}

/** Collects the entries of a tree in any order and brings them into the one order. */
export class TreeBuilder {
  private readonly entries = new Map<string, FoundEntry>();
  private skippedCount = 0;

  /** Entries so far. */
  get count(): number {
    return this.entries.size;
  }

  /** Members that no guest is given: devices, sockets, whatever else is no file. */
  get skipped(): number {
    return this.skippedCount;
  }

  /** Counts a member left out. */
  skip(): void {
    this.skippedCount++;
  }

  /**
   * Adds an entry; it replaces an earlier one of the same path.
   *
   * @throws {HostError} when a name is too long
   */
  add(entry: FoundEntry): void {
    const longest = Math.max(entry.path.length, entry.target.length);
    if (longest > PATH_LIMIT - 1) {
      throw new HostError("invalid", `the path or link ${show(entry.path)} is too long`);
    }
    for (let at = 0, end = 0; at <= entry.path.length; at = end + 1) {
      end = entry.path.indexOf(0x2f, at);
      if (end < 0) end = entry.path.length;
      if (end - at > NAME_LIMIT) {
        throw new HostError("invalid", `a name in ${show(entry.path)} is too long`);
      }
    }
    if (entry.path.includes(0) || entry.target.includes(0)) {
      throw new HostError("invalid", `the path or link ${show(entry.path)} has a NUL byte`);
    }
    this.entries.set(keyOf(entry.path), entry);
  }

  /**
   * The entries sorted by path bytes, files numbered in that order. Every parent is there and is a
   * directory; the first name of a file is the file and its further names are hard links to that.
   *
   * @throws {HostError} when the tree is not one
   */
  finish(files: HostFiles): TreeEntry[] {
    this.addParents();
    const sorted = [...this.entries.values()].sort((a, b) => comparePaths(a.path, b.path));
    const firstName = new Map<FoundEntry, Uint8Array>();
    return sorted.map((entry) => {
      if (entry.kind !== TreeKind.File && entry.kind !== TreeKind.Link) {
        return place(entry, entry.path, 0);
      }
      const found = this.linked(entry);
      // A second name of a symbolic link is as good as a second link.
      if (found.kind === TreeKind.Symlink) return place(found, entry.path, 0);
      const first = firstName.get(found);
      if (first !== undefined) {
        return { ...place(found, entry.path, 0), kind: TreeKind.Link, size: 0, target: first };
      }
      firstName.set(found, entry.path);
      const file = found.contents === undefined
        ? 0
        : addContents(found.contents, found.size, files);
      return place(found, entry.path, file);
    });
  }

  private addParents(): void {
    for (const entry of [...this.entries.values()]) {
      const path = entry.path;
      for (let at = path.lastIndexOf(0x2f); at > 0; at = path.lastIndexOf(0x2f, at - 1)) {
        const parent = path.subarray(0, at);
        const key = keyOf(parent);
        const there = this.entries.get(key);
        if (there === undefined) {
          this.entries.set(key, {
            path: parent.slice(),
            kind: TreeKind.Directory,
            mode: 0o755,
            size: 0,
            target: NO_BYTES,
          });
        } else if (there.kind !== TreeKind.Directory) {
          const what = `${show(path)} lies below ${show(parent)}, which is not a directory`;
          throw new HostError("invalid", what);
        }
      }
    }
  }

  private linked(entry: FoundEntry): FoundEntry {
    let at = entry;
    for (let step = 0; step < LINK_LIMIT && at.kind === TreeKind.Link; step++) {
      const next = this.entries.get(keyOf(at.target));
      if (next === undefined) break;
      at = next;
    }
    if (at.kind === TreeKind.File || at.kind === TreeKind.Symlink) return at;
    const what = `${show(entry.path)} is a hard link to ${show(entry.target)}, which is no file`;
    throw new HostError("invalid", what);
  }
}
