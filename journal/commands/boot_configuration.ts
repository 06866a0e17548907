import { type BootConfig, encodeBoot } from "../../core/boot.ts";
import {
  DEFAULT_ROUND_TICKS,
  DEFAULT_TICK_NS,
  type MachineConfig,
} from "../../arch/machine/config.ts";
import type { Json } from "../format/canonical_json.ts";
import type { JournalHeader } from "../format/header.ts";
import { backingFrames, capacityOf, kernelLayout, pageTablesOffset } from "./kernel_setup.ts";

/** Version of this program, in journals and for people. */
export const VERSION = "0.1.0";

/** Wall-clock time at virtual time 0 unless --clock is given: 2026-01-01, µs since 1970. */
export const DEFAULT_START = 1_767_225_600_000_000;

/** Bytes of memory a machine may have: fewer than the options of a boot ask for, but some. */
const MEMORY_LEAST = 2 ** 20;
const MEMORY_MOST = 64 * 2 ** 30;
/** Far above any round in use, and far below where times would be rounded. */
const TICKS_MOST = 1e9;

/** Everything about a boot that decides its events, but for its inputs: a journal's header. */
export interface BootConfiguration {
  /** "boot": console on the UART; "run": standard streams of the host. */
  readonly mode: "boot" | "run";
  readonly harts: number;
  /** Bytes of guest-physical memory. */
  readonly memory: number;
  readonly seed: number;
  /** Virtual instructions of a round, and ns of one. */
  readonly roundTicks: number;
  readonly tickNs: number;
  /** µs since 1970 at virtual time 0. */
  readonly start: number;
  /** Bit i: standard stream i is a terminal. */
  readonly terminals: number;
  readonly columns: number;
  readonly rows: number;
  /** Instructions after which the boot ends; 0 for none. */
  readonly instructionLimit: number;
  /** SHA-256 of the tree's metadata, hex. */
  readonly image: string;
  /** Where entropy came from: "seed" or "host". */
  readonly entropy: string;
  /** Whether contents of files and streams are in the journal. */
  readonly embedded: boolean;
  readonly program: string;
  readonly argv: readonly string[];
  readonly env: readonly string[];
}

/** The header of a boot's journal. */
export function headerOf(c: BootConfiguration, identity: string): JournalHeader {
  const { tickNs, ...rest } = c;
  return {
    program: `daybook ${VERSION}`,
    identity,
    timeUnit: tickNs,
    parent: "",
    configuration: rest satisfies { readonly [key: string]: Json },
  };
}

/** The configuration a header holds; undefined when it does not hold one of this program's. */
export function configurationOf(header: JournalHeader): BootConfiguration | undefined {
  const c = header.configuration;
  const number = (key: string): number => typeof c[key] === "number" ? c[key] : NaN;
  const text = (key: string): string => typeof c[key] === "string" ? c[key] : "";
  const list = (key: string): string[] => {
    const value = c[key];
    return Array.isArray(value) ? value.filter((v) => typeof v === "string") : [];
  };
  const mode = c.mode;
  if (mode !== "boot" && mode !== "run") return undefined;
  const found: BootConfiguration = {
    mode,
    harts: number("harts"),
    memory: number("memory"),
    seed: number("seed"),
    roundTicks: number("roundTicks"),
    tickNs: header.timeUnit,
    start: number("start"),
    terminals: number("terminals"),
    columns: number("columns"),
    rows: number("rows"),
    instructionLimit: number("instructionLimit"),
    image: text("image"),
    entropy: text("entropy"),
    embedded: c.embedded === true,
    program: text("program"),
    argv: list("argv"),
    env: list("env"),
  };
  const numbers = Object.values(found).filter((v) => typeof v === "number");
  const whole = numbers.every((v) => Number.isSafeInteger(v) && v >= 0);
  return whole && isPossible(found) ? found : undefined;
}

/** Whether there can be a machine of these figures. */
function isPossible(c: BootConfiguration): boolean {
  return c.harts >= 1 && c.harts <= 64 && c.memory >= MEMORY_LEAST && c.memory <= MEMORY_MOST &&
    c.memory % 4096 === 0 && c.seed <= 0xffff_ffff && c.terminals <= 7 &&
    c.columns <= 0xffff && c.rows <= 0xffff &&
    c.roundTicks >= 1 && c.roundTicks <= TICKS_MOST && c.tickNs >= 1 && c.tickNs <= TICKS_MOST;
}

/** The machine of a configuration: the same when it is recorded and when it is replayed. */
export function machineConfigOf(c: BootConfiguration): MachineConfig {
  const backing = backingFrames(c.memory);
  const layout = kernelLayout(backing);
  const boot: BootConfig = {
    harts: c.harts,
    totalFrames: c.memory / 4096,
    backingSlots: backing,
    runMode: c.mode === "run" ? 1 : 0,
    streamKinds: c.terminals,
    columns: c.columns,
    rows: c.rows,
    startTime: c.start,
  };
  const payload = new Uint8Array(64);
  const length = encodeBoot(boot, payload);
  return {
    harts: c.harts,
    memoryBytes: c.memory,
    backingFrames: backing,
    threads: capacityOf(layout, "thread"),
    arenaBytes: layout.bytes,
    pageTablesOffset: pageTablesOffset(layout),
    seed: c.seed,
    tickNs: c.tickNs,
    roundTicks: c.roundTicks,
    terminalInput: (c.terminals & 1) !== 0,
    consoleOutput: c.mode === "boot",
    instructionLimit: c.instructionLimit === 0 ? Infinity : c.instructionLimit,
    boot: payload.slice(0, length),
  };
}

export { DEFAULT_ROUND_TICKS, DEFAULT_TICK_NS };
