import assert from "node:assert/strict";
import { encodeTree, type TreeEntry, TreeKind } from "../../core/fs/tree_records.ts";
import { FILE_CHUNK_BYTES } from "../../core/limits.ts";
import { HostError } from "./host_error.ts";
import { HostFiles } from "./host_files.ts";
import { makeTar, paxRecords } from "./testing.ts";
import { TarType } from "./tar_header.ts";
import { readTree } from "./tree.ts";

const decoder = new TextDecoder();
const KIND_LETTER = ["?", "f", "d", "l", "?", "p", "h"];

/** One line an entry: kind, mode, path, then size and number, or target. */
function listing(entries: readonly TreeEntry[]): string[] {
  return entries.map((e) => {
    const head = `${KIND_LETTER[e.kind]} ${e.mode.toString(8)} ${decoder.decode(e.path)}`;
    if (e.kind === TreeKind.File) return `${head} ${e.size} #${e.file}`;
    return e.target.length === 0 ? head : `${head} -> ${decoder.decode(e.target)}`;
  });
}

function withFolder(body: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    body(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function contents(files: HostFiles, entry: TreeEntry | undefined): string {
  assert.ok(entry !== undefined);
  const into = new Uint8Array(FILE_CHUNK_BYTES + 8);
  let text = "";
  for (let chunk = 0; chunk * FILE_CHUNK_BYTES < entry.size; chunk++) {
    const count = files.readChunk(entry.file, chunk, into, 8);
    assert.ok(count > 0);
    text += decoder.decode(into.subarray(8, 8 + count));
  }
  return text;
}

const at = (entries: readonly TreeEntry[], path: string): TreeEntry | undefined =>
  entries.find((e) => decoder.decode(e.path) === path);

function refused(root: string, message: RegExp): void {
  assert.throws(() => readTree(root, new HostFiles()), (error: unknown) => {
    assert.ok(error instanceof HostError, String(error));
    assert.ok(error.message.startsWith(`--root ${root}: `), error.message);
    assert.match(error.message, message);
    assert.ok(!error.message.includes("\n"));
    return true;
  });
}

Deno.test("tree: a directory comes sorted by path bytes, links as links, numbers in that order", () => {
  withFolder((folder) => {
    const root = `${folder}/root`;
    Deno.mkdirSync(`${root}/a/sub`, { recursive: true });
    Deno.mkdirSync(`${root}/é`);
    for (const [name, text] of [["z", "last"], ["a.b", "dot"], ["a/x", "in a"], ["a/empty", ""]]) {
      Deno.writeTextFileSync(`${root}/${name}`, text);
      Deno.chmodSync(`${root}/${name}`, 0o640);
    }
    for (const name of ["a", "a/sub", "é"]) Deno.chmodSync(`${root}/${name}`, 0o750);
    Deno.writeTextFileSync(`${folder}/secret`, "outside");
    Deno.symlinkSync("../../secret", `${root}/a/out`);
    Deno.symlinkSync(folder, `${root}/up`);
    Deno.linkSync(`${root}/z`, `${root}/a/also-z`);
    const files = new HostFiles();
    const { entries, skipped } = readTree(`${root}/`, files);
    assert.deepEqual(listing(entries), [
      "d 750 a",
      "f 640 a.b 3 #0",
      "f 640 a/also-z 4 #1",
      "f 640 a/empty 0 #2",
      "l 777 a/out -> ../../secret",
      "d 750 a/sub",
      "f 640 a/x 4 #3",
      `l 777 up -> ${folder}`,
      "h 640 z -> a/also-z",
      "d 750 é",
    ]);
    assert.equal(skipped, 0);
    assert.equal(contents(files, at(entries, "a/also-z")), "last");
    assert.equal(contents(files, at(entries, "a/x")), "in a");
    files.close();
  });
});

Deno.test("tree: a tar archive gives the same as its directory would", () => {
  withFolder((folder) => {
    const long = "d".repeat(90) + "/" + "n".repeat(200);
    const path = `${folder}/t.tar`;
    Deno.writeFileSync(
      path,
      makeTar([
        { name: "./", type: TarType.Directory, mode: 0o700 },
        { name: "./z", contents: "old" },
        { name: "x", type: TarType.GnuLongName, contents: `${long}\0` },
        { name: long.slice(0, 100), contents: "long", mode: 0o600 },
        { name: "pax", type: TarType.PaxGlobal, contents: paxRecords({ comment: "c" }) },
        { name: "pax", type: TarType.PaxNext, contents: paxRecords({ path: "/π/p", mtime: "1" }) },
        { name: "short", contents: "pi" },
        { name: "a", type: TarType.HardLink, link: "./z" },
        { name: "l", type: TarType.Symlink, link: "/etc/../x" },
        { name: "m", type: TarType.HardLink, link: "l" },
        { name: "x", type: TarType.GnuLongLink, contents: `${"t".repeat(150)}\0` },
        { name: "k", type: TarType.Symlink, link: "t" },
        { name: "dev", type: TarType.CharacterDevice },
        { name: "fifo", type: TarType.Fifo },
        { name: "oldstyle/", type: 0 },
        { name: "z", contents: "new text", type: TarType.Contiguous },
        { name: "z2", prefix: "q/r", contents: new Uint8Array(70000).fill(65) },
      ]),
    );
    const files = new HostFiles();
    const { entries, skipped } = readTree(path, files);
    assert.deepEqual(listing(entries), [
      "f 644 a 8 #0",
      `d 755 ${"d".repeat(90)}`,
      `f 600 ${long} 4 #1`,
      "p 644 fifo",
      `l 777 k -> ${"t".repeat(150)}`,
      "l 777 l -> /etc/../x",
      "l 777 m -> /etc/../x",
      "d 644 oldstyle",
      "d 755 q",
      "d 755 q/r",
      "f 644 q/r/z2 70000 #2",
      "h 644 z -> a",
      "d 755 π",
      "f 644 π/p 2 #3",
    ]);
    assert.equal(skipped, 1);
    assert.ok(encodeTree(entries).length > 0);
    assert.equal(contents(files, at(entries, "a")), "new text");
    assert.equal(contents(files, at(entries, long)), "long");
    assert.equal(contents(files, at(entries, "π/p")), "pi");
    assert.equal(contents(files, at(entries, "q/r/z2")), "A".repeat(70000));
    files.close();
  });
});

Deno.test("tree: what is no tree is refused in one line", () => {
  withFolder((folder) => {
    const path = `${folder}/t.tar`;
    refused(`${folder}/none`, /no such directory or tar file/);
    refused("/dev/null", /neither a directory nor a tar file/);
    const tar = (members: Parameters<typeof makeTar>[0], message: RegExp): void => {
      Deno.writeFileSync(path, makeTar(members));
      refused(path, message);
    };
    Deno.writeTextFileSync(path, "");
    refused(path, /it is not a tar archive/);
    Deno.writeTextFileSync(path, "x".repeat(2000));
    refused(path, /it is not a tar archive/);
    Deno.writeFileSync(path, new Uint8Array(2000).fill(0x8b).fill(0x1f, 0, 1));
    refused(path, /it is compressed/);
    tar([{ name: "../x", contents: "" }], /"\.\.\/x" leaves the tree/);
    tar([{ name: "a/../../x", contents: "" }], /leaves the tree/);
    tar([{ name: "a", contents: "" }, { name: "a/b", contents: "" }], /is not a directory/);
    tar(
      [{ name: "l", type: TarType.Symlink, link: "/" }, { name: "l/etc", contents: "" }],
      /"l\/etc" lies below "l", which is not a directory/,
    );
    tar([{ name: "h", type: TarType.HardLink, link: "gone" }], /"h" is a hard link to "gone"/);
    tar([{ name: "h", type: TarType.HardLink, link: "h" }], /which is no file/);
    tar([{ name: "s", type: TarType.GnuSparse }], /sparse/);
    const pax = (contents: string): void =>
      tar([{ name: "p", type: TarType.PaxNext, contents }], /record is malformed/);
    for (const bad of ["x", "5", "999 a=b\n", "6 a=bc\n", "6a=b\n", "0 a=b\n"]) pax(bad);
    tar(
      [{ name: "p", type: TarType.PaxNext, contents: paxRecords({ size: "1e9" }) }],
      /size is not a number/,
    );
    tar([{ name: `${"n".repeat(99)}`, size: "77777777777" }], /the archive is cut/);
    const long = paxRecords({ path: "n".repeat(256) });
    tar([{ name: "p", type: TarType.PaxNext, contents: long }, { name: "x" }], /is too long/);
    const nul = paxRecords({ path: "a\0b" });
    tar([{ name: "p", type: TarType.PaxNext, contents: nul }, { name: "x" }], /NUL byte/);
  });
});

Deno.test("tree: an archive cut anywhere gives an error or a part of it, never anything else", () => {
  withFolder((folder) => {
    const path = `${folder}/t.tar`;
    const bytes = makeTar([{ name: "a", contents: "1" }, { name: "b", contents: "2" }], false);
    for (let cut = 0; cut <= bytes.length; cut += 64) {
      Deno.writeFileSync(path, bytes.subarray(0, cut));
      const whole = cut > 0 && cut % 1024 === 0;
      if (!whole) refused(path, /the archive is cut|not a tar archive/);
      else assert.equal(readTree(path, new HostFiles()).entries.length, cut / 1024);
    }
  });
});

Deno.test("host files: a file that changed, shrank or went since it was listed is refused", () => {
  withFolder((folder) => {
    const path = `${folder}/f`;
    const into = new Uint8Array(FILE_CHUNK_BYTES);
    const listed = (): HostFiles => {
      Deno.writeTextFileSync(path, "0123456789");
      const files = new HostFiles();
      assert.equal(files.add(path, Deno.statSync(path)), 0);
      return files;
    };
    let files = listed();
    assert.equal(files.readChunk(0, 0, into, 0), 10);
    assert.equal(files.readChunk(0, 1, into, 0), -1, "no such chunk");
    assert.equal(files.readChunk(7, 0, into, 0), -1, "no such file");
    assert.equal(files.readChunk(-1, 0, into, 0), -1, "no such file");
    Deno.writeTextFileSync(path, "012345678901");
    assert.equal(files.readChunk(0, 0, into, 0), -1, "longer, while open");
    files.close();
    files = listed();
    Deno.utimeSync(path, 1, 1);
    assert.equal(files.readChunk(0, 0, into, 0), -1, "other time");
    files.close();
    files = listed();
    Deno.removeSync(path);
    assert.equal(files.readChunk(0, 0, into, 0), -1, "gone");
    files.close();
  });
});

Deno.test("host files: more files than may be open at one time", () => {
  withFolder((folder) => {
    const files = new HostFiles();
    for (let i = 0; i < 150; i++) {
      Deno.writeTextFileSync(`${folder}/${i}`, `file ${i}`);
      assert.equal(files.add(`${folder}/${i}`, Deno.statSync(`${folder}/${i}`)), i);
    }
    const into = new Uint8Array(FILE_CHUNK_BYTES);
    for (let round = 0; round < 2; round++) {
      for (let i = 149; i >= 0; i--) {
        const count = files.readChunk(i, 0, into, 0);
        assert.equal(decoder.decode(into.subarray(0, count)), `file ${i}`);
      }
    }
    files.close();
  });
});
