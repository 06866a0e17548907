import assert from "node:assert/strict";
import { baseName, resolvePath, shownPath } from "./paths.ts";

Deno.test("paths: relative ones start at the user's folder", () => {
  assert.equal(resolvePath("/home/u", "a/b"), "/home/u/a/b");
  assert.equal(resolvePath("/home/u/", "./a"), "/home/u/a");
  assert.equal(resolvePath("/", "a"), "/a");
  assert.equal(resolvePath("/home/u", "../a"), "/home/u/../a");
  assert.equal(resolvePath("/home/u", "."), "/home/u");
  assert.equal(resolvePath("/home/u", "./"), "/home/u");
  assert.equal(resolvePath("/home/u", "/a"), "/a");
});

Deno.test("paths: base names", () => {
  assert.equal(baseName("/bin/ls"), "ls");
  assert.equal(baseName("ls/"), "ls");
  assert.equal(baseName("//"), "/");
});

Deno.test("paths are shown from where the user stands", () => {
  assert.equal(shownPath("/home/me", "/home/me/a/b"), "a/b");
  assert.equal(shownPath("/home/me/", "/home/me/a"), "a");
  assert.equal(shownPath("/home/me", "/home/meander/a"), "/home/meander/a");
});
