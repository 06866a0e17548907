/**
 * `deno task test [PATH…] [--filter TEXT]`: runs every `*_test.ts`, or those under the paths.
 *
 * The last line is `N passed, N failed` (and `, N skipped` if some were), and the exit status is 1
 * if anything failed. A module that cannot be loaded, or holds no test, is a failure too.
 */
import { type Counts, readReport } from "./junit.ts";
import { commaList, findTests } from "./find_tests.ts";

const repository = new URL("../", import.meta.url).pathname;

/** What tests outside the kernel may use: child processes, temporary files, the environment. */
const OPEN = ["--allow-read", "--allow-write", "--allow-run", "--allow-env", "--allow-sys"];

/** The kernel's tests get no permission at all, so that a look outside fails. */
const isKernel = (path: string): boolean => path.startsWith(`${repository}core/`);

/**
 * Prints what `deno test` prints, as it comes.
 *
 * @returns the modules that it says it ran a test of. The report names the module that calls
 * `Deno.test`, which may be a helper that several modules register their tests through.
 */
async function passOn(output: ReadableStream<Uint8Array>): Promise<Set<string>> {
  const modules = new Set<string>();
  const decoder = new TextDecoder();
  let line = "";
  for await (const chunk of output) {
    for (let at = 0; at < chunk.length;) at += await Deno.stdout.write(chunk.subarray(at));
    const lines = (line + decoder.decode(chunk, { stream: true })).split("\n");
    line = lines.pop() ?? "";
    for (const text of lines) {
      // deno-lint-ignore no-control-regex
      const plain = text.replaceAll(/\x1b\[[0-9;]*m/g, "");
      const found = /^(\S+) => |^running [1-9]\d* tests? from (\S+)$/.exec(plain);
      if (found !== null) modules.add(found[1] ?? found[2]);
    }
  }
  return modules;
}

/** Runs `deno test` on some modules, streaming what it prints. */
async function runGroup(
  files: readonly string[],
  permissions: readonly string[],
  filter: string | null,
): Promise<Counts> {
  const report = await Deno.makeTempFile({ prefix: "daybook-tests-", suffix: ".xml" });
  const terminal = Deno.stdout.isTerminal() && Deno.env.get("NO_COLOR") === undefined;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--no-prompt",
      "--parallel",
      `--junit-path=${report}`,
      ...permissions,
      ...(filter === null ? [] : [`--filter=${filter}`]),
      ...files,
    ],
    cwd: repository,
    ...(terminal ? { env: { FORCE_COLOR: "1" } } : {}),
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const told = await passOn(child.stdout);
  const { code } = await child.status;
  const counts = readReport(await Deno.readTextFile(report));
  await Deno.remove(report);
  if (filter === null && counts.modules.size > 0) {
    const ran = new Set(
      [...counts.modules, ...told].map((path) => new URL(path, `file://${repository}`).pathname),
    );
    for (const file of files) {
      if (!ran.has(file)) counts.failed.push(`${file}: not loaded, or holds no test`);
    }
  }
  if (code !== 0 && counts.failed.length === 0) {
    counts.failed.push(`deno test of ${commaList(files)}: exit status ${code}`);
  }
  return counts;
}

async function main(): Promise<number> {
  const paths: string[] = [];
  let filter: string | null = null;
  const words = [...Deno.args];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === "--filter") filter = words.shift() ?? "";
    else if (word.startsWith("--filter=")) filter = word.slice("--filter=".length);
    else if (word.startsWith("-")) {
      console.error(`test: unknown option ${word}; known is --filter TEXT`);
      return 1;
    } else paths.push(word);
  }

  const stood = Deno.env.get("INIT_CWD") ?? Deno.cwd();
  const files = await findTests(repository, stood, paths);
  if (typeof files === "string") {
    console.error(`test: ${files}`);
    return 1;
  }
  const groups: readonly (readonly [string[], string[]])[] = [
    [files.filter(isKernel), []],
    [files.filter((path) => !isKernel(path)), OPEN],
  ];
  let passed = 0;
  let skipped = 0;
  const failed: string[] = [];
  for (const [group, permissions] of groups) {
    if (group.length === 0) continue;
    const counts = await runGroup(group, permissions, filter);
    passed += counts.passed;
    skipped += counts.skipped;
    failed.push(...counts.failed);
  }
  for (const name of failed) console.log(`failed: ${name}`);
  const rest = skipped > 0 ? `, ${skipped} skipped` : "";
  console.log(`${passed} passed, ${failed.length} failed${rest}`);
  return failed.length === 0 && passed + skipped > 0 ? 0 : 1;
}

Deno.exit(await main());
