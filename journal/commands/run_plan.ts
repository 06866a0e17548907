import { InputKind } from "../../core/event.ts";
import { encodeTree, type TreeEntry } from "../../core/fs/tree_records.ts";
import type { InitialInput } from "../../arch/machine/inputs/live_inputs.ts";
import type { Engine } from "../../arch/machine/memory/cpu.ts";
import { HostError } from "../../drivers/host/host_error.ts";
import type { DenoHost } from "../../drivers/host/host.ts";
import { openProgram } from "../../drivers/host/program.ts";
import { readTree } from "../../drivers/host/tree.ts";
import { hexOf } from "../format/seek_index.ts";
import {
  type BootConfiguration,
  DEFAULT_ROUND_TICKS,
  DEFAULT_START,
  DEFAULT_TICK_NS,
} from "./boot_configuration.ts";
import { CommandError } from "./command_error.ts";
import { ELF_HEAD_BYTES, refuseElf } from "./elf_check.ts";
import { RunExit } from "./exit.ts";
import { pathInTree, placeProgram } from "./guest_root.ts";
import type { MachineOptions } from "./options.ts";
import { baseName, resolvePath } from "./paths.ts";
import { ENTROPY_BYTES, entropyOfSeed } from "./seed_entropy.ts";
import { encodeStart } from "./start_payload.ts";

/** The built-in root tree, and what is its first process. */
export const IMAGE: string = new URL("../../userland/image", import.meta.url).pathname;
const INIT = "/bin/init";

const EXECUTE_BITS = 0o111;

/** What executes guest code without --engine. */
export const DEFAULT_ENGINE: Engine = "wasm";

/** What the guest's environment holds before --env. */
const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ["PATH", "/bin:/usr/bin"],
  ["HOME", "/"],
];

/** A boot about to begin: all that decides its events. */
export interface RunPlan {
  readonly configuration: BootConfiguration;
  /** What enters before the first process, in order. */
  readonly initial: readonly InitialInput[];
  /** What executes guest code; it decides no event. */
  readonly engine: Engine;
}

interface Start {
  readonly path: string;
  readonly argv: readonly string[];
}

/** Plans the boot of the built-in image or of --root. */
export function planBoot(options: MachineOptions, host: DenoHost, folder: string): RunPlan {
  const root = options.root === undefined ? IMAGE : resolvePath(folder, options.root);
  const { entries } = readTree(root, host.files, options.root === undefined ? "image" : "--root");
  return plan("boot", options, host, [...entries], { path: INIT, argv: ["init"] });
}

/**
 * Plans a run of a host program.
 *
 * @throws {CommandError} with the status that says what is wrong with the program
 */
export function planRun(options: MachineOptions, host: DenoHost, folder: string): RunPlan {
  const typed = options.command[0];
  const path = resolvePath(folder, typed);
  const program = examineProgram(path, host);
  const root = options.root === undefined ? IMAGE : resolvePath(folder, options.root);
  const { entries } = readTree(root, host.files, options.root === undefined ? "image" : "--root");
  const records = [...entries];
  const inside = pathInTree(records, root, path) ??
    placeProgram(records, baseName(path), program);
  return plan("run", options, host, records, { path: inside, argv: options.command });
}

function examineProgram(path: string, host: DenoHost): { file: number; size: number } {
  try {
    const program = openProgram(path, host.files);
    const head = new Uint8Array(65536);
    const got = program.size === 0 ? 0 : host.readFileChunk(program.file, 0, head, 0);
    const why = refuseElf(
      head.subarray(0, Math.min(Math.max(got, 0), ELF_HEAD_BYTES)),
      program.size,
    );
    if (why === "" && (program.mode & EXECUTE_BITS) === 0) {
      const advice = "it has no right to be executed (chmod +x)";
      throw new CommandError(RunExit.NotExecutable, `cannot run ${path}: ${advice}`);
    }
    if (why !== "") throw new CommandError(RunExit.NotExecutable, `cannot run ${path}: ${why}`);
    return program;
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    const missing = error.kind === "not-found";
    const status = missing ? RunExit.NotFound : RunExit.NotExecutable;
    throw new CommandError(status, `cannot run ${error.message}`);
  }
}

function plan(
  mode: "boot" | "run",
  options: MachineOptions,
  host: DenoHost,
  records: readonly TreeEntry[],
  start: Start,
): RunPlan {
  const env = environment(options.env);
  const startPayload = encodeStart(start.path, start.argv, env);
  if (startPayload === undefined) {
    throw new CommandError(
      RunExit.NotExecutable,
      `cannot run ${start.argv[0]}: arguments and environment are longer than 57344 bytes`,
    );
  }
  const trees = encodeTree(records);
  const terminals = mode === "boot" ? 0 : terminalBits(host);
  const size = terminals === 0 ? { columns: 80, rows: 24 } : host.terminalSize();
  const input = (kind: number, payload: Uint8Array): InitialInput => ({ kind, payload });
  return {
    engine: options.engine ?? DEFAULT_ENGINE,
    configuration: {
      mode,
      harts: options.harts,
      memory: options.memory,
      seed: options.seed,
      roundTicks: DEFAULT_ROUND_TICKS,
      tickNs: DEFAULT_TICK_NS,
      start: startTimeOf(options.clock, host),
      terminals,
      columns: size.columns,
      rows: size.rows,
      instructionLimit: options.instructionLimit ?? 0,
      image: digestOf(trees, host),
      entropy: options.hostEntropy ? "host" : "seed",
      embedded: options.embed,
      program: start.path,
      argv: start.argv,
      env,
    },
    initial: [
      input(InputKind.Entropy, entropyOf(options, host)),
      // An empty root is still a root: one payload without records mounts it.
      ...(trees.length === 0 ? [new Uint8Array(0)] : trees).map((t) => input(InputKind.Tree, t)),
      input(InputKind.Start, startPayload),
    ],
  };
}

/** The fixed environment with the user's settings over it, as NAME=VALUE. */
export function environment(settings: readonly (readonly [string, string])[]): string[] {
  const values = new Map<string, string>([...ENVIRONMENT, ...settings]);
  return [...values].map(([name, value]) => `${name}=${value}`);
}

function terminalBits(host: DenoHost): number {
  let bits = 0;
  for (let stream = 0; stream < 3; stream++) if (host.isTerminal(stream)) bits |= 1 << stream;
  return bits;
}

function startTimeOf(clock: number | "now" | undefined, host: DenoHost): number {
  if (clock === undefined) return DEFAULT_START;
  return clock === "now" ? Math.floor(host.now() * 1000) : clock;
}

function entropyOf(options: MachineOptions, host: DenoHost): Uint8Array {
  if (!options.hostEntropy) return entropyOfSeed(options.seed);
  const bytes = new Uint8Array(ENTROPY_BYTES);
  host.randomBytes(bytes);
  return bytes;
}

function digestOf(payloads: readonly Uint8Array[], host: DenoHost): string {
  const all = new Uint8Array(payloads.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const payload of payloads) {
    all.set(payload, at);
    at += payload.length;
  }
  const digest = new Uint8Array(32);
  host.digest(all, 0, all.length, digest);
  return hexOf(digest);
}
