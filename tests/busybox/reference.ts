/**
 * Runs a command line of `lines.ts` under `qemu-riscv64`, the reference.
 *
 * qemu-user passes a guest's execve to the host, so that a pipeline would run the host's tools. It
 * is given nothing but a PATH with one wrapper per applet, each of which starts qemu again on the
 * same busybox.
 */
import type { Line, Outcome } from "./lines.ts";
import { SCRATCH } from "./lines.ts";
import { runChild } from "../child.ts";

/** A prepared reference: wrappers on disk. Call `dispose` when done. */
export interface Reference {
  /** Runs one line with an otherwise empty environment, in `/`. */
  run(line: Line): Promise<Outcome>;
  /** Removes the wrappers. */
  dispose(): Promise<void>;
}

/** Where `qemu-riscv64` is installed, or null. */
export async function findQemu(): Promise<string | null> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const path = `${folder}/qemu-riscv64`;
    const info = await Deno.stat(path).catch(() => null);
    if (info?.isFile) return path;
  }
  return null;
}

/**
 * Makes the wrappers for every applet of `busybox`.
 *
 * @param qemu absolute path of qemu-riscv64
 * @param busybox absolute path of the riscv64 busybox
 * @param options further qemu options, such as `-strace -D FILE`
 */
export async function makeReference(
  qemu: string,
  busybox: string,
  options: readonly string[] = [],
): Promise<Reference> {
  const folder = await Deno.makeTempDir({ prefix: "daybook-applets-" });
  const listed = await runChild(qemu, [busybox, "--list"], { env: {} });
  const applets = new TextDecoder().decode(listed.stdout).split("\n").filter((name) => name !== "");
  if (listed.status !== 0 || applets.length < 200) {
    throw new Error(`${busybox} --list under qemu-riscv64 named only ${applets.length} applets`);
  }
  const quoted = options.map(quote).join(" ");
  for (const applet of applets) {
    await Deno.writeTextFile(
      `${folder}/${applet}`,
      `#!/bin/sh\nexec ${quote(qemu)} ${quoted} -0 ${quote(applet)} ${quote(busybox)} "$@"\n`,
      { mode: 0o755 },
    );
  }
  return {
    run: async (line) => {
      // An interrupted earlier run leaves the directory behind, and the line expects to make it.
      await Deno.remove(SCRATCH, { recursive: true }).catch(() => undefined);
      return await runChild(qemu, [...options, busybox, ...line.argv], {
        env: { PATH: folder },
        cwd: "/",
        stdin: line.stdin ?? "",
      });
    },
    dispose: () => Deno.remove(folder, { recursive: true }),
  };
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
