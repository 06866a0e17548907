import { TreeKind } from "../../core/fs/tree_records.ts";
import { HostError } from "./host_error.ts";
import { FileSource } from "./file_source.ts";
import { readTarMembers, type TarMember } from "./tar_reader.ts";
import { TarType } from "./tar_header.ts";
import { type FoundEntry, NO_BYTES, type TreeBuilder } from "./tree_builder.ts";

/**
 * Adds the members of a tar archive to a tree; of two with one name the later counts, as when
 * unpacked. Devices and unknown members are counted as skipped.
 *
 * @throws {HostError} saying what is wrong with the archive, without its name
 */
export function readTarTree(path: string, tree: TreeBuilder): void {
  const source = FileSource.open(path);
  try {
    const info = Deno.statSync(path);
    for (const member of readTarMembers(source)) addMember(member, path, info, tree);
  } finally {
    source.close();
  }
}

function addMember(
  member: TarMember,
  archive: string,
  info: Deno.FileInfo,
  tree: TreeBuilder,
): void {
  const path = normalisePath(member.name);
  // Old archives mark a directory by a slash at the end of a file's name.
  const slashed = member.name.length > 0 && member.name[member.name.length - 1] === 0x2f;
  const directory = member.type === TarType.Directory ||
    (member.type === TarType.File && slashed);
  if (path.length === 0) {
    if (directory) return;
    throw new HostError("invalid", "a member has no name");
  }
  const entry = { path, mode: member.mode, size: 0, target: NO_BYTES };
  if (directory) tree.add({ ...entry, kind: TreeKind.Directory });
  else if (member.type === TarType.File) tree.add(fileEntry(path, member, archive, info));
  else if (member.type === TarType.Symlink) {
    tree.add({ ...entry, kind: TreeKind.Symlink, mode: 0o777, target: member.link });
  } else if (member.type === TarType.HardLink) {
    tree.add({ ...entry, kind: TreeKind.Link, target: normalisePath(member.link) });
  } else if (member.type === TarType.Fifo) tree.add({ ...entry, kind: TreeKind.Fifo });
  else tree.skip();
}

function fileEntry(
  path: Uint8Array,
  member: TarMember,
  archive: string,
  info: Deno.FileInfo,
): FoundEntry {
  return {
    path,
    kind: TreeKind.File,
    mode: member.mode,
    size: member.size,
    target: NO_BYTES,
    contents: { path: archive, info, offset: member.offset },
  };
}

/** A member's name without leading, doubled and trailing slashes and without "." components. */
function normalisePath(name: Uint8Array): Uint8Array {
  const out = new Uint8Array(name.length + 1);
  let length = 0;
  for (let at = 0; at < name.length;) {
    let end = name.indexOf(0x2f, at);
    if (end < 0) end = name.length;
    const size = end - at;
    if (size === 2 && name[at] === 0x2e && name[at + 1] === 0x2e) {
      const text = new TextDecoder().decode(name);
      throw new HostError("invalid", `member "${text}" leaves the tree`);
    }
    if (size > 0 && !(size === 1 && name[at] === 0x2e)) {
      if (length > 0) out[length++] = 0x2f;
      out.set(name.subarray(at, end), length);
      length += size;
    }
    at = end + 1;
  }
  return out.slice(0, length);
}
