/** What a guest costs in a process that has done nothing else. */
import { runChild, text } from "../child.ts";
import { repository } from "../daybook.ts";
import { engineFlags } from "./engine_flags.ts";
import { type GuestRun, type Request, runGuest } from "./guest.ts";
import type { Setting } from "./setting.ts";

const CHILD = new URL("./guest_child.ts", import.meta.url).pathname;
const PERMISSIONS = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys"];
const LIMIT_MS = 1_800_000;

/**
 * Does it in a new process, so that neither the compiled code nor the memory of earlier runs counts;
 * in a smoke run in this one, which is faster.
 *
 * @throws when it fails
 */
export async function fresh(setting: Setting, request: Request): Promise<GuestRun> {
  if (setting.quick) return runGuest(request);
  return await inChild(request);
}

/** The same, always in a new process. */
export async function inChild(request: Request): Promise<GuestRun> {
  const args = ["run", engineFlags(), ...PERMISSIONS, CHILD, JSON.stringify(request)];
  const options = { cwd: repository, limitMs: LIMIT_MS };
  const { status, stdout, stderr } = await runChild(Deno.execPath(), args, options);
  if (status !== 0) {
    throw new Error(`${JSON.stringify(request)}: status ${status}: ${text(stderr)}`);
  }
  return JSON.parse(text(stdout));
}
