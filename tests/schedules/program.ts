/** The files of a scene, and the smallest program: an ELF file of one segment. */
import { encodeTree, TreeKind } from "../../core/fs/tree_records.ts";
import { elf } from "../../core/isa/elf.ts";

/** Writes the head of a program that begins at an address of its one page. */
export function writeProgram(to: Uint8Array, entry: number): void {
  const view = new DataView(to.buffer, to.byteOffset);
  const u64 = (at: number, value: number): void => view.setBigUint64(at, BigInt(value), true);
  view.setUint32(0, elf.magic, true);
  to[4] = elf.class64;
  to[5] = elf.littleEndian;
  view.setUint16(16, elf.typeExecutable, true);
  view.setUint16(18, elf.machine, true);
  u64(24, entry);
  u64(32, elf.headerBytes);
  view.setUint16(54, elf.programHeaderBytes, true);
  view.setUint16(56, 1, true);
  const at = elf.headerBytes;
  view.setUint32(at, elf.segmentLoad, true);
  view.setUint32(at + 4, elf.flagRead | elf.flagExecute, true);
  u64(at + 16, entry - entry % 4096);
  u64(at + 32, 4096);
  u64(at + 40, 4096);
}

const TREE = [
  { kind: TreeKind.Directory, mode: 0o777, size: 0, path: "tmp", file: 0 },
  { kind: TreeKind.File, mode: 0o777, size: 300_000, path: "file", file: 1 },
];

/** The directory and the file a scene begins with, as the host tells of them. */
export function treeRecords(): readonly Uint8Array[] {
  const encoder = new TextEncoder();
  return encodeTree(TREE.map((entry) => ({
    ...entry,
    path: encoder.encode(entry.path),
    target: new Uint8Array(0),
  })));
}
