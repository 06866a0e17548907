import { roleRegister, signalFrame } from "../../core/isa/signal_frame.ts";
import type { State } from "../../core/kernel.ts";
import { STACK_TOP } from "../../core/proc/exec.ts";
import { trampolineAddress } from "../../core/proc/trampoline.ts";
import type { Random } from "../kernel/random.ts";
import type { CallValues } from "./call_values.ts";

/** Handlers, and where a frame returns to: default, ignore, text of our programs. */
const HANDLERS: readonly number[] = [0, 1, 0x1_0000, 0x1_0040, 0x1_0080];
const ACTION_FLAGS: readonly number[] = [0, 0x1000_0000, 0x4000_0000, 0x8000_0000, 4, 0x1000_0004];
const WRITTEN = new Uint8Array(65536);
const view = new DataView(WRITTEN.buffer);

/**
 * Fills the bytes a call copies in, shaped by what the argument is called and how long it is: what
 * nobody knows is small numbers or noise.
 */
export class CallBytes {
  /** The bytes made last, from 0 on. */
  readonly bytes: Uint8Array = WRITTEN;

  constructor(private readonly random: Random, private readonly values: CallValues) {}

  /** Makes `length` bytes for an argument of a call that process row `p` makes. */
  fill(s: State, p: number, call: string, name: string, length: number): void {
    const r = this.random;
    this.bytes.fill(0, 0, length);
    if (r.oneIn(25)) {
      for (let i = 0; i < length; i++) this.bytes[i] = r.oneIn(2) ? r.bits() : r.below(3);
      return;
    }
    if (name === "iov" || name === "parts" || name === "reply") return this.#vectors(s, p, length);
    if (name === "fds") return this.#polled(s, p, length);
    if (name === "frame") return this.#frame(length);
    if (name === "action") return this.#action();
    if (name === "parameter") return void (this.bytes[0] = r.oneIn(2) ? 0 : r.below(101));
    if (call === "futex" && name === "address") return this.#word(s, p);
    if (name === "request" || name === "timeout") return this.#timespec(0);
    if (call === "setitimer") return this.#interval();
    if (call === "utimensat") return this.#times();
    if (length === 8 && name === "offset") return this.#u64(0, r.below(5000));
    if (name === "mask" && call === "sched_setaffinity") {
      this.bytes[0] = r.below(r.oneIn(4) ? 256 : 16);
      return;
    }
    for (let i = 0; i < length; i++) this.bytes[i] = r.oneIn(3) ? r.bits() : r.below(4);
    if (name === "mask" || name === "set") {
      // A set of few signals: one that blocks everything would make the rest dull.
      for (let i = 0; i < 8; i++) this.bytes[i] = r.oneIn(3) ? 1 << r.below(8) : 0;
    }
  }

  #u64(at: number, value: number): void {
    view.setUint32(at, value >>> 0, true);
    view.setUint32(at + 4, Math.floor(value / 2 ** 32) >>> 0, true);
  }

  /** A futex's word: the value expected there, or the id of a thread that owns it. */
  #word(s: State, p: number): void {
    const r = this.random;
    const owner = r.oneIn(3) ? s.process.pid[p] : Math.max(0, this.values.pid(s, p));
    const owned = owner + r.pick([0, 0x8000_0000, 0x4000_0000]);
    view.setUint32(0, r.oneIn(2) ? r.pick([0, 0, 0, 1]) : owned, true);
  }

  #vectors(s: State, p: number, length: number): void {
    for (let at = 0; at + 16 <= length; at += 16) {
      this.#u64(at, this.values.address(s, p));
      this.#u64(at + 8, this.values.value(s, p, "readv", "bytes"));
    }
  }

  #polled(s: State, p: number, length: number): void {
    const r = this.random;
    for (let at = 0; at + 8 <= length; at += 8) {
      view.setInt32(at, this.values.descriptor(s, p), true);
      view.setUint16(at + 4, r.pick([1, 1, 4, 5, 0, 0xffff]), true);
    }
  }

  #action(): void {
    const r = this.random;
    this.#u64(0, r.pick(HANDLERS));
    this.#u64(8, r.pick(ACTION_FLAGS));
    if (r.oneIn(3)) view.setUint32(16, 1 << r.below(32), true);
  }

  #timespec(at: number): void {
    const r = this.random;
    this.#u64(at, r.oneIn(12) ? r.pick([1, -1, 2 ** 31, 2 ** 62]) : 0);
    this.#u64(at + 8, r.oneIn(20) ? r.pick([-1, 1_000_000_000]) : r.below(r.pick([2, 1e5, 1e7])));
  }

  #interval(): void {
    const r = this.random;
    if (r.oneIn(3)) this.#u64(8, r.below(2000));
    this.#u64(24, r.oneIn(4) ? 0 : r.below(2000));
    if (r.oneIn(20)) this.#u64(16, r.pick([1, -1, 2 ** 40]));
  }

  #times(): void {
    const r = this.random;
    for (const at of [0, 16]) {
      this.#u64(at, r.below(2 ** 31));
      this.#u64(at + 8, r.pick([0, 5, 999_999_999, 0x3fff_ffff, 0x3fff_fffe, 1_000_000_000]));
    }
  }

  #frame(length: number): void {
    const r = this.random;
    if (length < signalFrame.bytes) return;
    this.#u64(signalFrame.registers, r.pick([trampolineAddress, 0x1_0000, 0, 2 ** 63, 3]));
    const sp = signalFrame.registers + 8 * roleRegister.sp;
    this.#u64(sp, STACK_TOP - 4096 - 16 * r.below(500));
    if (r.oneIn(2)) view.setUint32(signalFrame.mask, 1 << r.below(32), true);
    for (let n = r.below(8); n > 0; n--) this.bytes[r.below(length)] = r.bits();
  }
}
