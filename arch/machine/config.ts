import { EventKind } from "../../core/event.ts";

/** Everything that decides how a machine runs: all of it belongs in a journal's header. */
export interface MachineConfig {
  /** 1 to 64. */
  readonly harts: number;
  /** Bytes of guest-physical memory, a multiple of 4,096. */
  readonly memoryBytes: number;
  /** Frames that can have bytes of their own at one time. */
  readonly backingFrames: number;
  /** Thread rows of the kernel; row t has register slot t. */
  readonly threads: number;
  /** Bytes of the kernel's arena, and where its page-table pages begin in it (page aligned). */
  readonly arenaBytes: number;
  readonly pageTablesOffset: number;
  /** Schedule seed, a whole number below 2^53; 0 is round robin. */
  readonly seed: number;
  /** ns a virtual instruction takes. */
  readonly tickNs: number;
  /** Instructions of a round, at least {@link SLICE_FLOOR}. */
  readonly roundTicks: number;
  /** Whether standard input is a terminal, from which bytes may arrive at any time. */
  readonly terminalInput: boolean;
  /** Whether stream 1 leaves through the console device, byte by byte. */
  readonly consoleOutput: boolean;
  /** Instructions after which the boot ends, over all harts; Infinity for none. */
  readonly instructionLimit: number;
  /** Payload of the Boot event. */
  readonly boot: Uint8Array;
  /** Costs of events; {@link DEFAULT_COSTS} unless given. */
  readonly costs?: EventCosts;
  /** Latencies of demanded inputs; {@link DEFAULT_LATENCIES} unless given. */
  readonly latencies?: InputLatencies;
}

/** What events cost, in virtual instructions. */
export interface EventCosts {
  /** By EventKind; each at least 1. */
  readonly base: readonly number[];
  /** For each unit of work the reducer charges. */
  readonly unit: number;
}

/** Virtual instructions from a request to the completion of a demanded input. */
export interface InputLatencies {
  readonly chunk: number;
  readonly stream: number;
}

function baseCosts(): readonly number[] {
  const base = new Array<number>(13).fill(1);
  base[EventKind.Boot] = 1000;
  base[EventKind.Syscall] = 40;
  base[EventKind.SyscallFault] = 60;
  base[EventKind.PageFault] = 60;
  base[EventKind.Exception] = 60;
  base[EventKind.Timer] = 40;
  base[EventKind.Ipi] = 30;
  base[EventKind.External] = 60;
  base[EventKind.Input] = 60;
  base[EventKind.Continue] = 10;
  base[EventKind.Sample] = 20;
  base[EventKind.Shutdown] = 100;
  return base;
}

export const DEFAULT_COSTS: EventCosts = { base: baseCosts(), unit: 10 };

export const DEFAULT_LATENCIES: InputLatencies = { chunk: 2000, stream: 2000 };

/** ns per virtual instruction, and virtual instructions per round, unless configured. */
export const DEFAULT_TICK_NS = 10;
export const DEFAULT_ROUND_TICKS = 10_000;

/** Of two consecutive slices of a hart one is at least this many instructions long. */
export const SLICE_FLOOR = 64;

/** Events between two hashes of the kernel's state. */
export const KERNEL_HASH_EVENTS = 4096;
/** Retired instructions between two hashes of the machine's state. */
export const MACHINE_HASH_INSTRUCTIONS = 2 ** 28;

/** Decoded code pages kept. Never visible to a guest. */
export const DECODE_SLOTS = 512;

/** Bytes of the staging buffer: the largest demanded input. */
export const STAGING_BYTES = 65536;
/** Bytes of a SHA-256 digest. */
export const DIGEST_BYTES = 32;

/** Why a boot ends: `cause` of the Shutdown event. The kernel has the same numbers. */
export const ShutdownCause = { InitExit: 1, PowerOff: 2, Limit: 3, Deadlock: 4 } as const;

/** `cause` of interrupt events (privileged ISA manual, supervisor interrupt codes). */
export const InterruptCause = { Software: 1, Timer: 5, External: 9 } as const;
