/** KILL and STOP, forged signal frames, limits, and vectors of which one buffer is bad. */
import assert from "node:assert/strict";
import { runKernel, SMALL } from "../kernel/harness.ts";
import { purityBreach } from "../kernel/purity.ts";
import { recountEveryEvent } from "../kernel/recount_watch.ts";
import { runChild, text } from "../child.ts";

const FORGE = "userland/bad/bin/forge";
const repository = new URL("../../", import.meta.url).pathname;

/**
 * What userland/bad/forge.c finds, in order: results with minus an errno, counts, or wait statuses
 * (9 and 11 are deaths by KILL and SEGV, 4991 is stopped by STOP, 7936 is exit(31)).
 */
const FOUND = `
catch KILL -22
catch STOP -22
ignore KILL -22
ignore STOP -22
block KILL and STOP 0
kill asleep 9
kill suspended 9
stop asleep 4991
frame good 0
frame with fcsr of ones 7936
frame with every signal blocked 0
frame with kernel pc 11
frame with last pc 11
frame with middle pc 11
frame with data pc 11
frame with kernel sp 11
frame at null 11
frame in kernel 11
frame at middle 11
frame at last 11
frame up to hole 0
frame into hole 11
frame out of hole 11
frame read-only 0
frame without access 11
descriptors full -24
descriptors below the limit 0
open full -24
opened nothing -2
dup at the limit -9
dup onto itself -22
fcntl at the limit -22
fcntl full -24
pipe full -24
pipe with one left -24
pipe wrote nothing 1
the one is left 0
pipe after 0
path of 4095 0
path of 4096 -36
name of 255 0
name of 256 -36
loop of links -40
writev good to a pipe 8
then in the pipe 8
readv good from a pipe 8
then left in the pipe 4
writev hole to a pipe 4
then in the pipe 4
readv hole from a pipe 4
then left in the pipe 8
writev null to a pipe 4
then in the pipe 4
readv null from a pipe 4
then left in the pipe 8
writev nothing to a pipe 4
then in the pipe 4
readv nothing from a pipe 4
then left in the pipe 8
writev kernel to a pipe -14
then in the pipe -11
readv kernel from a pipe -14
then left in the pipe 12
writev wrapping to a pipe -14
then in the pipe -11
readv wrapping from a pipe -14
then left in the pipe 12
writev negative to a pipe -22
then in the pipe -11
readv negative from a pipe -22
then left in the pipe 12
writev good to a file 8
then in the file 8
readv good from a pipe 8
then left in the pipe 4
writev hole to a file 4
then in the file 4
readv hole from a pipe 4
then left in the pipe 8
writev null to a file 4
then in the file 4
readv null from a pipe 4
then left in the pipe 8
writev nothing to a file 4
then in the file 4
readv nothing from a pipe 4
then left in the pipe 8
writev kernel to a file -14
then in the file 0
readv kernel from a pipe -14
then left in the pipe 12
writev wrapping to a file -14
then in the file 0
readv wrapping from a pipe -14
then left in the pipe 12
writev negative to a file -22
then in the file 0
readv negative from a pipe -22
then left in the pipe 12
1024 buffers 0
1025 buffers -22
`.trim().split("\n");

/**
 * Where `qemu-riscv64` cannot be compared with: it looks at each buffer when it comes to it, and lets
 * a handler's frame block what its own host cannot.
 */
const NOT_COMPARED: readonly RegExp[] = [
  /frame with every signal blocked/,
  /(kernel|wrapping) (to|from) a/,
];

let first: ReturnType<typeof run> | undefined;
const run = (harts: number) =>
  runKernel({ program: FORGE, harts, record: true, watch: recountEveryEvent });
const ours = (): ReturnType<typeof run> => first ??= run(1);
const lines = (output: string): string[] => output.trim().split("\n");

FOUND.forEach((line, i) => {
  Deno.test(`forged ${i}: ${line}`, () => assert.equal(lines(ours().stdout)[i], line));
});

Deno.test("forged: nothing else is found, books and replay are right", async () => {
  assert.equal(ours().status, 0);
  assert.equal(lines(ours().stdout).length, FOUND.length);
  assert.equal(await purityBreach(ours(), { capacities: SMALL, interval: 500 }), "");
});

Deno.test("forged: three harts find the same", () => {
  assert.deepEqual(lines(run(3).stdout), FOUND);
});

Deno.test("forged: qemu-riscv64 finds the same", async () => {
  const cwd = await Deno.makeTempDir({ prefix: "daybook-forge-" });
  try {
    const { stdout, status } = await runChild("qemu-riscv64", [repository + FORGE], { cwd });
    assert.equal(status, 0);
    const theirs = lines(text(stdout));
    assert.equal(theirs.length, FOUND.length);
    FOUND.forEach((line, i) => {
      // What is left over tells of the line before it.
      const told = line.startsWith("then") ? FOUND[i - 1] : line;
      if (!NOT_COMPARED.some((pattern) => pattern.test(told))) assert.equal(theirs[i], line);
    });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("skipped: qemu-riscv64 is not installed");
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});
