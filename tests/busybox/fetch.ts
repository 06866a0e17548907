/**
 * Fetches the Debian riscv64 packages pinned in `packages.json` into `.cache/debian/`.
 *
 * apt does the download, with lists and a cache of its own, from the mirror the machine already
 * uses; nothing of the machine's own apt state is touched. What arrives is compared with the pinned
 * digests, so the mirror need not be trusted.
 *
 * As a program (`deno run -A tests/busybox/fetch.ts`) it prints where busybox lies.
 */
import { createHash } from "node:crypto";
import { debianMirror } from "./apt_sources.ts";
import pins from "./packages.json" with { type: "json" };
import { runChild, text } from "../child.ts";

const repository = new URL("../../", import.meta.url).pathname;
const cache = `${repository}.cache/debian`;

/** A package could not be had; the message is one clear line. */
export class FetchError extends Error {
  override name = "FetchError";
}

interface Pin {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  readonly files: Readonly<Record<string, string>>;
}

/**
 * The absolute path of the pinned static busybox, fetched if it is not in the cache.
 *
 * @throws FetchError when it cannot be had, or is not what was pinned
 */
export async function fetchBusybox(): Promise<string> {
  return `${await fetchPackage("busybox-static")}/usr/bin/busybox`;
}

/**
 * The folder into which a pinned package is unpacked.
 *
 * @throws FetchError when it cannot be had, or is not what was pinned
 */
export async function fetchPackage(name: string): Promise<string> {
  const pin: Pin | undefined = pins.packages.find((entry) => entry.name === name);
  if (pin === undefined) throw new FetchError(`${name} is not pinned in packages.json`);
  const folder = `${cache}/${name}_${pin.version.replaceAll(":", "-")}`;
  if (await wrongFile(folder, pin) === null) return folder;

  await Deno.mkdir(cache, { recursive: true });
  const work = await Deno.makeTempDir({ dir: cache, prefix: "fetch-" });
  try {
    const archive = await download(work, pin);
    const digest = await sha256(archive);
    if (digest !== pin.sha256) {
      throw new FetchError(`${name} ${pin.version} has SHA-256 ${digest}, pinned is ${pin.sha256}`);
    }
    await mustRun("dpkg-deb", ["-x", archive, `${work}/files`]);
    const wrong = await wrongFile(`${work}/files`, pin);
    if (wrong !== null) throw new FetchError(`${name} ${pin.version}: ${wrong}`);
    await Deno.remove(folder, { recursive: true }).catch(() => undefined);
    await Deno.rename(`${work}/files`, folder);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
  return folder;
}

/** Which pinned file of an unpacked package is missing or altered; null when all are right. */
async function wrongFile(folder: string, pin: Pin): Promise<string | null> {
  for (const [path, expected] of Object.entries(pin.files)) {
    const digest = await sha256(`${folder}/${path}`).catch(() => null);
    if (digest === null) return `${path} is missing`;
    if (digest !== expected) return `${path} has SHA-256 ${digest}, pinned is ${expected}`;
  }
  return null;
}

/** Downloads the pinned version with apt, under `work`; returns the archive's path. */
async function download(work: string, pin: Pin): Promise<string> {
  const mirror = debianMirror(await aptSources());
  if (mirror === null) {
    throw new FetchError(`no Debian mirror in this machine's apt sources, so no ${pin.name}`);
  }
  for (const folder of ["lists/partial", "cache/archives/partial", "deb"]) {
    await Deno.mkdir(`${work}/${folder}`, { recursive: true });
  }
  await Deno.writeTextFile(
    `${work}/sources.list`,
    `deb [arch=${pins.architecture} trusted=yes] ${mirror} ${pins.suite} main\n`,
  );
  const options = [
    `APT::Architecture=${pins.architecture}`,
    `APT::Architectures=${pins.architecture}`,
    `Dir::Etc::SourceList=${work}/sources.list`,
    "Dir::Etc::SourceParts=/dev/null",
    `Dir::State::Lists=${work}/lists`,
    `Dir::Cache=${work}/cache`,
    "Dir::State::status=/dev/null",
    "APT::Sandbox::User=root",
  ].flatMap((option) => ["-o", option]);
  await mustRun("apt-get", ["-q", ...options, "update"]);
  await mustRun("apt-get", ["-q", ...options, "download", `${pin.name}=${pin.version}`], {
    cwd: `${work}/deb`,
  });
  for await (const entry of Deno.readDir(`${work}/deb`)) return `${work}/deb/${entry.name}`;
  throw new FetchError(`apt-get download ${pin.name} left no file`);
}

/** Every source file apt reads, in apt's order. */
async function aptSources(): Promise<{ deb822: boolean; text: string }[]> {
  const paths = ["/etc/apt/sources.list"];
  const parts: string[] = [];
  try {
    for await (const entry of Deno.readDir("/etc/apt/sources.list.d")) parts.push(entry.name);
  } catch {
    // A machine without the folder may still have the single file.
  }
  parts.sort();
  for (const name of parts) {
    if (/\.(list|sources)$/.test(name)) paths.push(`/etc/apt/sources.list.d/${name}`);
  }
  const files: { deb822: boolean; text: string }[] = [];
  for (const path of paths) {
    const content = await Deno.readTextFile(path).catch(() => null);
    if (content !== null) files.push({ deb822: path.endsWith(".sources"), text: content });
  }
  return files;
}

/** Runs a tool and turns its failure into the last line it said. */
async function mustRun(
  program: string,
  args: readonly string[],
  options: { cwd?: string } = {},
): Promise<void> {
  const result = await runChild(program, args, { ...options, limitMs: 300_000 }).catch(
    (error: unknown) => {
      if (error instanceof Deno.errors.NotFound) {
        throw new FetchError(`${program} is not installed`);
      }
      throw error;
    },
  );
  if (result.status === 0) return;
  const said = text(result.stderr).trim().split("\n").at(-1) ?? "";
  const what = args.findLast((word) => !word.startsWith("-")) ?? "";
  throw new FetchError(`${program} … ${what} failed with status ${result.status}: ${said}`);
}

async function sha256(path: string): Promise<string> {
  return createHash("sha256").update(await Deno.readFile(path)).digest("hex");
}

if (import.meta.main) {
  try {
    console.log(await fetchBusybox());
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    console.error(`busybox cannot be had: ${error.message}`);
    Deno.exit(1);
  }
}
