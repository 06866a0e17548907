/** Where things lie in the memory of userland/bad/calls.c, and what is put there. */

const BASE = 1n << 36n;

/** Addresses. */
export const Place = {
  /** Sixteen pages to use; nothing behind them. */
  base: BASE,
  end: BASE + 0x10000n,
  hole: BASE + 0x10000n,
  /** A page to use, and behind it one to read. */
  readOnlyEdge: BASE + 0x21000n,
  none: BASE + 0x30000n,
  readOnly: BASE + 0x40000n,
  /** Nothing is here, nor behind it. */
  free: BASE + 0x100000n,

  /** Room for what calls write: three pages. */
  out: BASE,
  file: BASE + 0x3000n,
  newName: BASE + 0x3040n,
  otherName: BASE + 0x3080n,
  empty: BASE + 0x30c0n,
  dot: BASE + 0x30c8n,
  link: BASE + 0x3100n,
  zeros: BASE + 0x3200n,
  readSet: BASE + 0x3300n,
  writeSet: BASE + 0x3310n,
  exceptSet: BASE + 0x3318n,
  enabled: BASE + 0x3308n,
  pollFds: BASE + 0x3320n,
  signalSet: BASE + 0x3340n,
  times: BASE + 0x3360n,
  lock: BASE + 0x3380n,
  pair: BASE + 0x33b0n,
  position: BASE + 0x33c0n,
  stackOff: BASE + 0x33e0n,
  iov: BASE + 0x3400n,
  vector: BASE + 0x3500n,
  vectorKernel: BASE + 0x3520n,
  vectorHole: BASE + 0x3540n,
  vectorStraddling: BASE + 0x3560n,
  vectorMuch: BASE + 0x3580n,
  /** A last name of 256 bytes. */
  longName: BASE + 0x3600n,
  iovs: BASE + 0x3800n,
  /** 4,096 bytes of path, its NUL beyond. */
  longPath: BASE + 0x4000n,
  /** A string of 28,671 bytes. */
  much: BASE + 0x7000n,
  /** A path without an end before the hole. */
  endless: BASE + 0x10000n - 64n,
} as const;

const encoder = new TextEncoder();
const words = (...list: bigint[]): Uint8Array =>
  new Uint8Array(BigUint64Array.from(list, (word) => BigInt.asUintN(64, word)).buffer);
const text = (string: string): Uint8Array => encoder.encode(`${string}\0`);

/** What is put into memory before the first call. */
export const CONTENTS: readonly (readonly [bigint, Uint8Array])[] = [
  [Place.file, text("calls.file")],
  [Place.newName, text("calls.new")],
  [Place.otherName, text("calls.other")],
  [Place.empty, text("")],
  [Place.dot, text(".")],
  [Place.link, text("calls.link")],
  [Place.zeros, new Uint8Array(128)],
  [Place.readSet, words(0n)],
  [Place.writeSet, words(1n << 43n)],
  [Place.exceptSet, words(0n)],
  [Place.enabled, words(1n)],
  // Descriptor 43 (the pipe's writing end), POLLOUT.
  [Place.pollFds, words(43n | 4n << 32n)],
  [Place.signalSet, words(1n << 9n)],
  [Place.times, words(1n, 2n, 3n, 4n)],
  // F_RDLCK from 0 to the end.
  [Place.lock, words(0n, 0n, 0n, 0n)],
  [Place.pair, words(Place.signalSet, 8n)],
  [Place.position, words(0n)],
  [Place.stackOff, words(0n, 2n, 0n)],
  [Place.iov, words(Place.out, 16n, Place.out + 64n, 16n)],
  [Place.vector, words(Place.file, Place.dot, 0n)],
  [Place.vectorKernel, words(Place.file, 0xffff_ffc0_0000_0000n, 0n)],
  [Place.vectorHole, words(Place.file, Place.hole, 0n)],
  [Place.vectorStraddling, words(Place.file, Place.endless, 0n)],
  [Place.vectorMuch, words(Place.much, Place.much, Place.much, 0n)],
  [Place.longName, text("n".repeat(256))],
  [Place.longPath, text("d/".repeat(2048))],
  [Place.much, text("m".repeat(28_671))],
];
