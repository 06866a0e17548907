import assert from "node:assert/strict";
import { type TreeEntry, TreeKind } from "../../core/fs/tree_records.ts";
import { pathInTree, placeProgram } from "./guest_root.ts";

const entry = (path: string, kind: number): TreeEntry => ({
  kind,
  mode: 0o755,
  size: 0,
  path: new TextEncoder().encode(path),
  target: new Uint8Array(0),
  file: 0,
});
const program = { file: 3, size: 10 };
const paths = (records: readonly TreeEntry[]): string[] =>
  records.map((r) => new TextDecoder().decode(r.path));

Deno.test("a program goes into /bin, which is made where it is missing", () => {
  const records: TreeEntry[] = [];
  assert.equal(placeProgram(records, "a", program), "/bin/a");
  assert.deepEqual(paths(records), ["bin", "bin/a"]);
  assert.equal(records[1].file, 3);
});

Deno.test("a program hides nothing and follows no link", () => {
  const taken = [
    entry("bin", TreeKind.Symlink),
    entry("usr", TreeKind.Directory),
    entry("usr/bin", TreeKind.Directory),
    entry("usr/bin/a", TreeKind.File),
  ];
  assert.equal(placeProgram([...taken], "a", program), "/run/a");
  assert.equal(placeProgram([...taken], "b", program), "/usr/bin/b");
  const flat = [entry("bin", TreeKind.File), entry("usr", TreeKind.File)];
  assert.equal(placeProgram([...flat, entry("run", TreeKind.File)], "a", program), "/a");
  const full = [...flat, entry("run", TreeKind.File), entry("a", TreeKind.File)];
  assert.equal(placeProgram(full, "a", program), "/a.1");
  assert.equal(placeProgram([...flat, entry("run", TreeKind.File)], "dev", program), "/dev.1");
});

Deno.test("a program inside the root keeps its place", () => {
  const records = [entry("bin", TreeKind.Directory), entry("bin/x", TreeKind.File)];
  assert.equal(pathInTree(records, "/r/", "/r/bin/x"), "/bin/x");
  assert.equal(pathInTree(records, "/r", "/r/bin"), undefined);
  assert.equal(pathInTree(records, "/r", "/r2/bin/x"), undefined);
  assert.equal(pathInTree(records, "/r", "/r/bin/y"), undefined);
});
