/**
 * The one compiler and the one linker our ELF files are made with, and how they are called. Other
 * versions may write other bytes, so they are refused.
 */

/** The Debian packages, with the versions the committed files were built with. */
export const packages: Readonly<Record<string, string>> = {
  "clang-14": "1:14.0.6-12",
  "lld-14": "1:14.0.6-12",
};

/** A refusal or a failed step, already worded as one line for the user. */
export class BuildError extends Error {}

/** Runs a tool; its standard output. Throws a BuildError when it is missing or fails. */
export async function runTool(tool: string, args: readonly string[]): Promise<string> {
  let result;
  try {
    result = await new Deno.Command(tool, { args: [...args] }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new BuildError(`${tool} is not installed`);
  }
  const decoder = new TextDecoder();
  if (!result.success) {
    throw new BuildError(`${tool} failed: ${decoder.decode(result.stderr).trim()}`);
  }
  return decoder.decode(result.stdout);
}

/** Makes sure that exactly the named package versions are installed; a BuildError otherwise. */
export async function requirePackages(
  installed: (name: string) => Promise<string> = installedVersion,
): Promise<void> {
  for (const [name, version] of Object.entries(packages)) {
    const found = await installed(name);
    if (found !== version) {
      throw new BuildError(
        `userland is built with ${name} = ${version} of Debian 12, but ` +
          (found === "" ? "it is not installed" : `${found} is installed`) +
          `; try: apt-get install ${name}=${version}`,
      );
    }
  }
}

async function installedVersion(name: string): Promise<string> {
  try {
    return (await runTool("dpkg-query", ["-W", "-f=${Version}", name])).trim();
  } catch (error) {
    if (error instanceof BuildError) return "";
    throw error;
  }
}

/** Arguments that compile `source` into the object file `object`, with headers from `lib`. */
export function compileArguments(source: string, object: string, lib: string): string[] {
  return [
    "--target=riscv64-unknown-elf",
    "-march=rv64gc",
    "-mabi=lp64d",
    "-std=c11",
    "-O2",
    "-ffreestanding",
    "-fno-asynchronous-unwind-tables",
    "-fno-ident",
    "-fno-math-errno",
    "-ffunction-sections",
    "-fdata-sections",
    "-Wall",
    "-Wextra",
    "-Werror",
    `-ffile-prefix-map=${lib.replace(/lib\/?$/, "")}=`,
    `-I${lib}`,
    "-c",
    source,
    "-o",
    object,
  ];
}

/**
 * Arguments that link object files into a static program: read-only data, code and writable data
 * in segments that share no page in memory, no paths, no build id, no symbols.
 */
export function linkArguments(objects: readonly string[], program: string): string[] {
  return [
    "-m",
    "elf64lriscv",
    "-static",
    "--gc-sections",
    "--strip-all",
    "--build-id=none",
    "-z",
    "max-page-size=4096",
    "-z",
    "norelro",
    ...objects,
    "-o",
    program,
  ];
}
