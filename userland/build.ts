/**
 * Builds every program of userland/ from its C source (`deno task userland`), or with `--check`
 * builds them aside and compares them byte for byte with the files kept in the repository.
 */
import { currentHeader } from "./generate.ts";
import {
  BuildError,
  compileArguments,
  linkArguments,
  requirePackages,
  runTool,
} from "./toolchain.ts";

const root = new URL(".", import.meta.url).pathname;

/** Where the programs of a source folder go, both relative to userland/. */
export const outputs: readonly { readonly sources: string; readonly programs: string }[] = [
  { sources: "init", programs: "image/bin" },
  { sources: "boot", programs: "image/bin" },
  { sources: "bench", programs: "bench/bin" },
  { sources: "bad", programs: "bad/bin" },
  { sources: "checks", programs: "checks/bin" },
];

const header = "lib/generated/syscalls.h";

/** Names of the C sources in a folder under userland/, without the suffix, sorted. */
function sourcesIn(folder: string): string[] {
  const names = [];
  for (const entry of Deno.readDirSync(root + folder)) {
    if (entry.isFile && entry.name.endsWith(".c")) names.push(entry.name.slice(0, -2));
  }
  return names.sort();
}

async function compile(folder: string, name: string, scratch: string): Promise<string> {
  const object = `${scratch}/${folder}-${name}.o`;
  await runTool("clang-14", compileArguments(`${root}${folder}/${name}.c`, object, `${root}lib`));
  return object;
}

/** Builds all programs under `target` (laid out as userland/ is); their paths relative to it. */
async function buildAll(target: string, scratch: string): Promise<string[]> {
  const library = [];
  for (const name of sourcesIn("lib")) library.push(await compile("lib", name, scratch));
  const built = [];
  for (const { sources, programs } of outputs) {
    Deno.mkdirSync(`${target}/${programs}`, { recursive: true });
    for (const name of sourcesIn(sources)) {
      const path = `${programs}/${name}`;
      const objects = [await compile(sources, name, scratch), ...library];
      await runTool("ld.lld-14", linkArguments(objects, `${target}/${path}`));
      built.push(path);
    }
  }
  return built;
}

/** Lower-case hexadecimal SHA-256 of `bytes`. */
async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function readOrEmpty(path: string): Uint8Array<ArrayBuffer> {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Uint8Array();
    throw error;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Files in the program folders of userland/ that no source stands for. */
function strangers(built: readonly string[]): string[] {
  const found = [];
  for (const folder of new Set(outputs.map((output) => output.programs))) {
    for (const entry of Deno.readDirSync(root + folder)) {
      const path = `${folder}/${entry.name}`;
      if (!built.includes(path)) found.push(path);
    }
  }
  return found.sort();
}

async function printFile(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  console.log(`${path.padEnd(28)} ${String(bytes.length).padStart(6)} ${await digest(bytes)}`);
}

async function build(scratch: string): Promise<void> {
  Deno.writeTextFileSync(root + header, currentHeader());
  const built = await buildAll(root, scratch);
  for (const path of strangers(built)) Deno.removeSync(root + path);
  let total = 0;
  for (const path of built) {
    const bytes = Deno.readFileSync(root + path);
    total += bytes.length;
    await printFile(path, bytes);
  }
  console.log(`${built.length} programs, ${total} bytes`);
}

async function check(scratch: string): Promise<number> {
  const wrong: string[] = [];
  if (Deno.readTextFileSync(root + header) !== currentHeader()) wrong.push(header);
  const built = await buildAll(scratch, scratch);
  for (const path of built) {
    const fresh = Deno.readFileSync(`${scratch}/${path}`);
    if (!sameBytes(fresh, readOrEmpty(root + path))) wrong.push(path);
    await printFile(path, fresh);
  }
  wrong.push(...strangers(built));
  for (const path of wrong) {
    console.error(`userland/${path} is not what its source gives; run: deno task userland`);
  }
  if (wrong.length === 0) console.log(`${built.length} programs equal those kept`);
  return wrong.length === 0 ? 0 : 1;
}

/** Runs the command; its exit status. */
export async function main(args: readonly string[]): Promise<number> {
  if (args.some((arg) => arg !== "--check")) {
    console.error(
      `userland: unknown option ${args.find((arg) => arg !== "--check")}; only --check`,
    );
    return 2;
  }
  const scratch = Deno.makeTempDirSync({ prefix: "userland-" });
  try {
    await requirePackages();
    if (args.length > 0) return await check(scratch);
    await build(scratch);
    return 0;
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(error.message);
    return 1;
  } finally {
    Deno.removeSync(scratch, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
