/** Puts events together as the machine's sense does. */
import { ArgumentLength, RecordedEvent } from "../../core/event.ts";
import { rowOf } from "../../core/syscall/rows.ts";
import { COPIED } from "./script.ts";

/** An event that is filled again and again. */
export class EventWriter extends RecordedEvent {
  /** Begins an event: no value, no registers, no payload. */
  begin(kind: number, cause: number): void {
    this.kind = kind;
    this.cause = cause;
    this.valueLo = 0;
    this.valueHi = 0;
    this.registers.fill(0);
    this.registerCount = 0;
    this.payloadLength = 0;
  }

  /** Appends bytes to the payload. */
  put(bytes: Uint8Array): void {
    this.payload.set(bytes, this.payloadLength);
    this.payloadLength += bytes.length;
  }

  /** Appends a copied-in argument: a length word, then its bytes padded to four. */
  copyIn(bytes: Uint8Array | null): void {
    const word = new Uint8Array(4);
    new DataView(word.buffer).setUint32(0, bytes?.length ?? ArgumentLength.Absent, true);
    this.put(word);
    if (bytes === null) return;
    this.put(bytes);
    while ((this.payloadLength & 3) !== 0) this.payload[this.payloadLength++] = 0;
  }

  /** Stores a u64 into the payload. */
  long(at: number, value: number): void {
    const view = new DataView(this.payload.buffer);
    view.setUint32(at, value >>> 0, true);
    view.setUint32(at + 4, Math.floor(value / 2 ** 32) >>> 0, true);
  }

  /** Makes a register of the event say where a copied-in argument lies. */
  register(index: number, value: number): void {
    this.registers[2 * index] = value >>> 0;
    this.registers[2 * index + 1] = Math.floor(value / 2 ** 32) >>> 0;
  }

  /**
   * The arguments of a call: a register each, and what its row copies in.
   *
   * @param given by argument: a register's value, or the bytes copied in (null: a null pointer)
   * @param frame what lies at the stack pointer
   */
  arguments(
    call: number,
    given: readonly (number | Uint8Array | null)[],
    frame: Uint8Array | null,
  ): void {
    let register = 0;
    (rowOf(call)?.args ?? []).forEach(({ how }, i) => {
      if (how.kind === "frame") return this.copyIn(frame);
      const argument = given[i] ?? (how.kind === "value" || how.kind === "address" ? 0 : null);
      const isCopied = how.kind !== "value" && how.kind !== "address";
      const value = typeof argument === "number" ? argument : argument === null ? 0 : COPIED;
      const selector = how.kind === "inSelected" ? given[how.selector] : 0;
      const isLeftOut = how.kind === "inSelected" && !(Number(selector) in how.bytes);
      if (isCopied || typeof argument !== "number") {
        this.copyIn(typeof argument === "number" || isLeftOut ? null : argument);
      }
      this.register(register++, value);
    });
    this.registerCount = register;
  }
}
