import { ByteBuffer } from "./byte_buffer.ts";
import { INDEX_OPCODES, MEMORY_OPCODES, methodName, SIMPLE_OPCODES } from "./opcodes.ts";
import type { OpcodeMethods } from "./opcodes.ts";
import { isValueType, valueTypeCode } from "./types.ts";
import type { BlockType, ValueType } from "./types.ts";

/** A branch target: a label given to `block`, `loop` or `if_`, or a relative depth. */
export type BranchTarget = string | number;

/** A branch hint: byte offset of the hinted `if` or `br_if` in the code, and what to expect. */
export interface BranchHint {
  readonly codeOffset: number;
  readonly likely: boolean;
}

// The derived methods live on a prototype under FunctionBuilder; this is their common ground.
class CodeBuffer {
  protected readonly code = new ByteBuffer();
}

function appendOpcode(code: ByteBuffer, opcode: number | readonly [number, number]): void {
  if (typeof opcode === "number") return code.u8(opcode);
  code.u8(opcode[0]);
  code.u32(opcode[1]);
}

function defineOpcodeMethods(): void {
  const methods = CodeBuffer.prototype as unknown as Record<string, unknown>;
  type Self = { code: ByteBuffer };
  for (const [name, opcode] of Object.entries(SIMPLE_OPCODES)) {
    methods[methodName(name)] = function (this: Self) {
      appendOpcode(this.code, opcode);
      return this;
    };
  }
  for (const [name, [opcode, natural]] of Object.entries(MEMORY_OPCODES)) {
    methods[methodName(name)] = function (this: Self, offset = 0, align: number = natural) {
      if (align > natural) throw new RangeError(`${name}: alignment 2^${align} above natural`);
      this.code.u8(opcode);
      this.code.u32(align);
      this.code.u32(offset);
      return this;
    };
  }
  for (const [name, opcode] of Object.entries(INDEX_OPCODES)) {
    methods[methodName(name)] = function (this: Self, index: number) {
      appendOpcode(this.code, opcode);
      this.code.u32(index);
      return this;
    };
  }
}

defineOpcodeMethods();

interface OpcodeBase extends OpcodeMethods<FunctionBuilder> {
  readonly code: ByteBuffer;
}

const OpcodeBase = CodeBuffer as unknown as new () => OpcodeBase;

/**
 * Writes the body of one function, instruction by instruction. Every instruction is a method named
 * as in the WebAssembly specification with underscores for dots (`i64_add`, `local_get`), and
 * returns the builder. Nothing is type-checked here: the engine validates the built module.
 *
 * The function-level `end` is added when the module is built; `end()` closes blocks only.
 */
export class FunctionBuilder extends OpcodeBase {
  readonly #locals: ValueType[] = [];
  readonly #labels: string[] = [];
  readonly #hints: BranchHint[] = [];

  /** Made by `ModuleBuilder.function`; `index` is the function index, imports counted. */
  constructor(
    readonly index: number,
    readonly name: string,
    readonly params: readonly ValueType[],
    readonly results: readonly ValueType[],
  ) {
    super();
  }

  /** Declares a local, zero at entry, and returns its index. Parameters come first, from 0. */
  local(type: ValueType): number {
    this.#locals.push(type);
    return this.params.length + this.#locals.length - 1;
  }

  /** `i32.const`; takes any integer in -2^31 … 2^32-1. */
  i32_const(value: number): this {
    if (!Number.isInteger(value) || value < -0x8000_0000 || value > 0xffff_ffff) {
      throw new RangeError(`not an i32: ${value}`);
    }
    this.code.u8(0x41);
    this.code.s32(value);
    return this;
  }

  /** `i64.const`: a bigint, a safe integer, or two 32-bit halves (low, high). */
  i64_const(value: bigint | number, high?: number): this {
    this.code.u8(0x42);
    if (high !== undefined) {
      this.code.s64((BigInt(high | 0) << 32n) | BigInt(Number(value) >>> 0));
    } else if (typeof value === "bigint") {
      this.code.s64(value);
    } else {
      if (!Number.isSafeInteger(value)) throw new RangeError(`not exact as an i64: ${value}`);
      this.code.s64(BigInt(value));
    }
    return this;
  }

  /** `f32.const`. A NaN's payload is the host's: build NaNs from their bits instead. */
  f32_const(value: number): this {
    this.code.u8(0x43);
    this.code.f32(value);
    return this;
  }

  /** `f64.const`. A NaN's payload is the host's: build NaNs from their bits instead. */
  f64_const(value: number): this {
    this.code.u8(0x44);
    this.code.f64(value);
    return this;
  }

  #open(opcode: number, label: string, type: BlockType): this {
    if (isValueType(label)) throw new TypeError(`"${label}" is a type: pass it after the label`);
    this.code.u8(opcode);
    if (type === undefined) this.code.u8(0x40);
    else if (typeof type === "number") this.code.s32(type);
    else this.code.u8(valueTypeCode(type));
    this.#labels.push(label);
    return this;
  }

  /** Opens a block; branching to it leaves it. An empty label is reachable by depth only. */
  block(label = "", type?: BlockType): this {
    return this.#open(0x02, label, type);
  }

  /** Opens a loop; branching to it repeats it. */
  loop(label = "", type?: BlockType): this {
    return this.#open(0x03, label, type);
  }

  /** Pops the condition and opens the taken arm. */
  if_(label = "", type?: BlockType): this {
    return this.#open(0x04, label, type);
  }

  /** Opens the other arm. */
  else_(): this {
    if (this.#labels.length === 0) throw new Error(`${this.name}: else outside a block`);
    this.code.u8(0x05);
    return this;
  }

  /** Closes the innermost block. */
  end(): this {
    if (this.#labels.pop() === undefined) throw new Error(`${this.name}: end without a block`);
    this.code.u8(0x0b);
    return this;
  }

  /** Open blocks at this point: the relative depth that returns from the function. */
  get depth(): number {
    return this.#labels.length;
  }

  /** The relative depth of a target; of equal labels the innermost counts. */
  depthOf(target: BranchTarget): number {
    if (typeof target === "number") return target;
    const position = target === "" ? -1 : this.#labels.lastIndexOf(target);
    if (position < 0) throw new Error(`${this.name}: no open block labelled "${target}"`);
    return this.#labels.length - 1 - position;
  }

  /** Unconditional branch. */
  br(target: BranchTarget): this {
    this.code.u8(0x0c);
    this.code.u32(this.depthOf(target));
    return this;
  }

  /** Branch when the popped i32 is not zero. */
  br_if(target: BranchTarget): this {
    this.code.u8(0x0d);
    this.code.u32(this.depthOf(target));
    return this;
  }

  /** Branch to `targets[popped i32]`, or to `otherwise` when out of range. */
  br_table(targets: readonly BranchTarget[], otherwise: BranchTarget): this {
    this.code.u8(0x0e);
    this.code.u32(targets.length);
    for (const target of targets) this.code.u32(this.depthOf(target));
    this.code.u32(this.depthOf(otherwise));
    return this;
  }

  /** Indirect call through a table; `type` is an index from `ModuleBuilder.type`. */
  call_indirect(type: number, table = 0): this {
    this.code.u8(0x11);
    this.code.u32(type);
    this.code.u32(table);
    return this;
  }

  /** The same in place of a return: this function's frame is gone before the other begins. */
  return_call_indirect(type: number, table = 0): this {
    this.code.u8(0x13);
    this.code.u32(type);
    this.code.u32(table);
    return this;
  }

  /** `memory.copy` within memory 0: pops destination, source and byte count. */
  memory_copy(): this {
    for (const byte of [0xfc, 10, 0, 0]) this.code.u8(byte);
    return this;
  }

  /** `memory.fill` in memory 0: pops destination, byte value and byte count. */
  memory_fill(): this {
    for (const byte of [0xfc, 11, 0]) this.code.u8(byte);
    return this;
  }

  /** Says what to expect of the `if_` or `br_if` that is appended next. */
  hint(likely: boolean): this {
    this.#hints.push({ codeOffset: this.code.length, likely });
    return this;
  }

  /** Body bytes as the code section wants them, with the hints' offsets inside that body. */
  finish(): { body: Uint8Array<ArrayBuffer>; hints: BranchHint[] } {
    if (this.#labels.length > 0) {
      throw new Error(`${this.name}: ${this.#labels.length} blocks still open`);
    }
    const body = new ByteBuffer();
    const runs = runsOf(this.#locals);
    body.u32(runs.length);
    for (const [type, count] of runs) {
      body.u32(count);
      body.u8(valueTypeCode(type));
    }
    const base = body.length;
    body.bytes(this.code.toBytes());
    body.u8(0x0b);
    const hints = this.#hints.map((h) => ({ codeOffset: h.codeOffset + base, likely: h.likely }));
    return { body: body.toBytes(), hints };
  }
}

function runsOf(types: readonly ValueType[]): [ValueType, number][] {
  const runs: [ValueType, number][] = [];
  for (const type of types) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] === type) last[1]++;
    else runs.push([type, 1]);
  }
  return runs;
}
