/** What happened. */
export const EventKind = {
  /** The configuration; the first event of a boot. */
  Boot: 1,
  Syscall: 2,
  /** A system call whose copied-in argument is not readable yet. */
  SyscallFault: 3,
  PageFault: 4,
  /** Illegal instruction, breakpoint, misaligned or unbacked access. */
  Exception: 5,
  Timer: 6,
  /** A software interrupt from another hart. */
  Ipi: 7,
  /** A device interrupt, with what its driver would read sampled into the payload. */
  External: 8,
  /** Something from outside: an InputKind in `cause`. */
  Input: 9,
  /** The next step of a long operation. */
  Continue: 10,
  /** The reply to a sample effect: a SampleKind in `cause`. */
  Sample: 11,
  /** The boot ends: a ShutdownReason in `cause`. Hart 0 only. */
  Shutdown: 12,
} as const;

/** Names of event kinds, by number. */
export const EVENT_NAMES: readonly string[] = [
  "none",
  "boot",
  "syscall",
  "syscall-fault",
  "page-fault",
  "exception",
  "timer",
  "ipi",
  "external",
  "input",
  "continue",
  "sample",
  "shutdown",
];

/** Kinds of host input, in `cause` of an Input event. */
export const InputKind = {
  /** Metadata of a directory tree: payload is tree records (core/fs/tree_records.ts). */
  Tree: 1,
  /**
   * 64 KiB of a host file. value = host file id; registers[0] = chunk index, registers[2] = length;
   * payload = SHA-256 of the bytes, which wait in the machine's staging buffer.
   */
  Chunk: 2,
  /** A block of a host stream. value = descriptor; registers[0] = length, 0 at the end; as Chunk. */
  Stream: 3,
  /**
   * Bytes typed at a terminal. value = terminal unit; payload = the bytes; empty = hang-up.
   * registers[4] and [5] = the round boundary it came at, ns, as for every input with a moment of
   * its own.
   */
  Terminal: 4,
  /** 32 bytes that seed the kernel's random generator. */
  Entropy: 5,
  /** New terminal size: registers[0] = columns, registers[2] = rows. */
  WindowSize: 6,
  /** What process 1 runs: payload = path, argv and envp as execve copies them in. */
  Start: 8,
  /** A chunk the host could no longer deliver; as Chunk with length 0 and no payload. */
  ChunkFailed: 7,
} as const;

/** Kinds of sample, in `cause` of a Sample event. */
export const SampleKind = { Frame: 1, Registers: 2 } as const;

/** Kinds of access, in `access` of a SyscallFault event. */
export const AccessKind = { Read: 0, Write: 1, Execute: 2 } as const;

/** Most payload bytes of an event. */
export const PAYLOAD_LIMIT = 65536;
/** Most registers an event carries. */
export const REGISTER_LIMIT = 8;

/** Length words of a copied-in argument that stand for something else than a length. */
export const ArgumentLength = {
  /** The pointer was null. */
  Absent: 0xffffffff,
  /** Longer than the limit of its kind. */
  TooLong: 0xfffffffe,
} as const;

/**
 * One fact, with everything the reducer may look at. One object is reused for all events.
 *
 * 64-bit values are two unsigned 32-bit halves. Times are whole nanoseconds of virtual time.
 */
export class Event {
  kind = 0;
  /** Hart number, from 0. */
  hart = 0;
  /** Dense number of the event among its hart's events, from 0. */
  sequence = 0;
  /** Dense number of the event in the boot, from 0: its one number in every command. */
  order = 0;
  /** The hart's clock, ns. */
  time = 0;
  pcLo = 0;
  pcHi = 0;
  /** Trap cause; call number; or the InputKind, SampleKind or ShutdownReason. */
  cause = 0;
  valueLo = 0;
  valueHi = 0;
  /** An AccessKind, for SyscallFault. */
  access = 0;
  /** Registers the event's row names, in argument order. */
  registerCount = 0;
  /** Low and high halves of those registers, alternating. */
  readonly registers: Uint32Array = new Uint32Array(2 * REGISTER_LIMIT);
  payloadLength = 0;
  readonly payload: Uint8Array = new Uint8Array(PAYLOAD_LIMIT);

  /** A register argument as a number; exact below 2^53, which every address and size is. */
  argument(index: number): number {
    return this.registers[2 * index + 1] * 0x1_0000_0000 + this.registers[2 * index];
  }

  /** A register argument as a signed 32-bit number (descriptors, flags, pids). */
  int(index: number): number {
    return this.registers[2 * index] | 0;
  }

  /** A register argument as an unsigned 32-bit number. */
  uint(index: number): number {
    return this.registers[2 * index];
  }

  /** A register argument as a signed 64-bit number, rounded beyond 2^53. */
  signed(index: number): number {
    return (this.registers[2 * index + 1] | 0) * 0x1_0000_0000 + this.registers[2 * index];
  }

  /** The trap value as a number. */
  value(): number {
    return this.valueHi * 0x1_0000_0000 + this.valueLo;
  }

  /** The pc as a number; beyond 2^53 it is rounded, and no user address is. */
  pc(): number {
    return this.pcHi * 0x1_0000_0000 + this.pcLo;
  }
}

/** An event as recorded: with a glance at bulk data, for people, that the reducer cannot see. */
export class RecordedEvent extends Event {
  glanceLength = 0;
  /** First bytes of what a write call writes. */
  readonly glance: Uint8Array = new Uint8Array(32);
}

/** Reads a little-endian u32 of a payload. */
export function payloadU32(e: Event, offset: number): number {
  const p = e.payload;
  return (p[offset] | (p[offset + 1] << 8) | (p[offset + 2] << 16) | (p[offset + 3] << 24)) >>> 0;
}

/** Reads a little-endian u64 of a payload as a number, rounded beyond 2^53. */
export function payloadU64(e: Event, offset: number): number {
  return payloadU32(e, offset + 4) * 0x1_0000_0000 + payloadU32(e, offset);
}

/** Reads a little-endian i64 of a payload as a number, rounded beyond 2^53. */
export function payloadI64(e: Event, offset: number): number {
  return (payloadU32(e, offset + 4) | 0) * 0x1_0000_0000 + payloadU32(e, offset);
}

/**
 * Finds the nth copied-in argument of a Syscall event. Each is a length word, then its bytes padded
 * to four.
 *
 * @returns offset of the length word in the payload, or -1 when there are fewer
 */
export function argumentAt(e: Event, nth: number): number {
  let at = 0;
  for (let i = 0; i < nth; i++) {
    if (at + 4 > e.payloadLength) return -1;
    const length = payloadU32(e, at);
    at += 4 + (length >= ArgumentLength.TooLong ? 0 : (length + 3) & ~3);
  }
  return at + 4 > e.payloadLength ? -1 : at;
}
