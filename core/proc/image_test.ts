import assert from "node:assert/strict";
import { Event } from "../event.ts";
import { createInode, holdInode } from "../fs/inode.ts";
import { truncateInode, writeRegular } from "../fs/regular.ts";
import { InodeKind } from "../fs/tables.ts";
import { HEAP, makeWorld } from "../ledger/test_world.ts";
import { addPage, createObject } from "../mem/object.ts";
import { ObjectKind } from "../mem/tables.ts";
import { makeImage } from "./image.ts";
import { ImageKind } from "./tables.ts";

const EXECUTABLE = 2;
const SHARED = 3;
const LOAD = 1;
const INTERPRETER = 3;

interface Segment {
  kind?: number;
  address: number;
  memory: number;
  file?: number;
  offset?: number;
}

interface Elf {
  type?: number;
  machine?: number;
  segments: readonly Segment[];
  headers?: number;
  count?: number;
}

/** Writes an ELF header with its program headers, as a sample of a file's first page. */
function put(e: Event, { type = EXECUTABLE, machine = 243, segments, headers = 64, count }: Elf) {
  const view = new DataView(e.payload.buffer);
  e.payload.fill(0, 0, 4096);
  e.payloadLength = 4096;
  e.payload.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, machine, true);
  view.setBigUint64(24, 0x1_0000n, true);
  view.setBigUint64(32, BigInt(headers), true);
  view.setUint16(54, 56, true);
  view.setUint16(56, count ?? segments.length, true);
  segments.forEach((segment, i) => {
    const { kind = LOAD, address, memory, file = memory, offset = 0 } = segment;
    const at = 64 + 56 * i;
    view.setUint32(at, kind, true);
    view.setUint32(at + 4, 5, true);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 16, BigInt(address), true);
    view.setBigUint64(at + 32, BigInt(file), true);
    view.setBigUint64(at + 40, BigInt(memory), true);
  });
}

function file() {
  const world = makeWorld();
  const { s, fx } = world;
  const inode = createInode(s, InodeKind.File, 0o755, 0, 0);
  holdInode(s, inode);
  s.inode.object[inode] = createObject(s, ObjectKind.File);
  addPage(s, fx, s.inode.object[inode], 0);
  s.inode.size[inode] = 4096;
  return { world, inode };
}

/** The kind of image an ELF file of 64 KiB makes. */
function kindOf(elf: Elf): number {
  const { world: { s, e }, inode } = file();
  put(e, elf);
  return s.image.kind[makeImage(s, inode, e, 65536)];
}

const text = { address: 0x1_0000, memory: 0x1000 };

Deno.test("image: a file that is written or cut is looked at again by the next exec", () => {
  const { world: { s, fx, e, thread }, inode } = file();
  put(e, { segments: [text] });
  const first = makeImage(s, inode, e, 65536);
  assert.equal(s.inode.image[inode], first);
  assert.equal(writeRegular(s, fx, 0, thread, inode, 100, 0, HEAP, 10), 10);
  assert.equal(s.inode.image[inode], 0);
  makeImage(s, inode, e, 65536);
  assert.notEqual(s.inode.image[inode], 0);
  assert.equal(truncateInode(s, fx, inode, 10), 0);
  assert.equal(s.inode.image[inode], 0);
});

Deno.test("image: plain, with zero-size segments, with memory beyond the file", () => {
  const empty = { address: 0x5_0000, memory: 0, file: 0 };
  const zeros = { address: 0x7_0000, memory: 2 ** 30, file: 0 };
  for (const segments of [[text], [text, empty], [text, zeros]]) {
    assert.equal(kindOf({ segments }), ImageKind.Elf);
  }
  assert.equal(kindOf({ type: SHARED, segments: [{ ...text, address: 0 }] }), ImageKind.Elf);
});

Deno.test("image: what cannot be run is refused", () => {
  const cases: Record<string, Elf> = {
    "no segment": { segments: [] },
    "another machine": { machine: 62, segments: [text] },
    "a relocatable object": { type: 1, segments: [text] },
    "a dynamic loader": { segments: [text, { ...text, kind: INTERPRETER }] },
    "the null page": { segments: [{ ...text, address: 0 }] },
    "overlap": { segments: [text, { ...text, address: 0x1_0800, offset: 0x800 }] },
    "descending": { segments: [{ ...text, address: 0x4_0000 }, text] },
    "above the limit": { segments: [{ ...text, address: 2 ** 37 }] },
    "size wraps": { segments: [{ ...text, memory: 2 ** 63, file: 16 }] },
    "more file than memory": { segments: [{ ...text, file: 0x2000 }] },
    "beyond the file": { segments: [{ ...text, offset: 0x1_0000 }] },
    "offset and address out of step": { segments: [{ ...text, offset: 8 }] },
    "headers outside the first page": { segments: [text], headers: 4090 },
    "too many headers": { segments: [text], count: 200 },
    "too many segments": {
      segments: Array.from({ length: 9 }, (_, i) => ({ ...text, address: 0x1_0000 * (i + 1) })),
    },
  };
  for (const [name, elf] of Object.entries(cases)) {
    assert.equal(kindOf(elf), ImageKind.Bad, name);
  }
});

Deno.test("image: a #! line keeps one argument and is no use without an interpreter", () => {
  const { world: { s, e }, inode } = file();
  const line = (value: string) => {
    s.inode.image[inode] = 0;
    e.payload.set(new TextEncoder().encode(value));
    e.payloadLength = value.length;
    const image = makeImage(s, inode, e, value.length);
    const bytes = s.image.script.subarray(image * 256, image * 256 + 256);
    const strings = new TextDecoder().decode(bytes).split("\0");
    return { kind: s.image.kind[image], strings: strings.slice(0, 2) };
  };
  assert.deepEqual(line("#! /bin/sh  -e  -x \nrest"), {
    kind: ImageKind.Script,
    strings: ["/bin/sh", "-e  -x"],
  });
  assert.deepEqual(line("#!sh"), { kind: ImageKind.Script, strings: ["sh", ""] });
  assert.equal(line("#!  \n/bin/sh").kind, ImageKind.Bad);
});
