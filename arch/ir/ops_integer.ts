import type { OpContext, OpSpec } from "./op_context.ts";
import type { FunctionBuilder } from "./wasm/function_builder.ts";

type Emit = (f: FunctionBuilder) => void;

function registers(operate: Emit): OpSpec {
  return {
    shape: "abc",
    emit(c) {
      c.set("a", () => {
        c.get("b");
        c.get("c");
        operate(c.f);
      });
    },
  };
}

function immediate(operate: Emit): OpSpec {
  return {
    shape: "ab",
    emit(c) {
      c.set("a", () => {
        c.get("b");
        c.immediate();
        operate(c.f);
      });
    },
  };
}

/** On the low 32 bits of both operands; the result is sign-extended. */
function words(operate: Emit): OpSpec {
  return {
    shape: "abc",
    emit(c) {
      c.setWord("a", () => {
        c.getWord("b");
        c.getWord("c");
        operate(c.f);
      });
    },
  };
}

/** Bit by bit: of two sign-extended words the result is one. */
function bitwise(wide: Emit, narrow: Emit): OpSpec {
  const onRegisters = registers(wide), onWords = words(narrow);
  return {
    shape: "abc",
    emit: (c) => (c.isWord("b") && c.isWord("c") ? onWords : onRegisters).emit(c),
  };
}

function bitwiseImmediate(wide: Emit, narrow: Emit): OpSpec {
  const onRegister = immediate(wide), onWord = wordImmediate(narrow);
  return { shape: "ab", emit: (c) => (c.isWord("b") ? onWord : onRegister).emit(c) };
}

function wordImmediate(operate: Emit): OpSpec {
  return {
    shape: "ab",
    emit(c) {
      c.setWord("a", () => {
        c.getWord("b");
        c.immediate32();
        operate(c.f);
      });
    },
  };
}

/**
 * Division, ISA manual table "Semantics for division by zero and division overflow". A signed
 * divisor of -1 is answered by negation, because WebAssembly traps where RISC-V wraps.
 */
function division(width: 32 | 64, isSigned: boolean, wantsRemainder: boolean): OpSpec {
  return {
    shape: "abc",
    emit(c) {
      c.set("a", () => {
        if (width === 64) divide64(c, isSigned, wantsRemainder);
        else divide32(c, isSigned, wantsRemainder);
      });
    },
  };
}

function divide64(c: OpContext, isSigned: boolean, wantsRemainder: boolean): void {
  const f = c.f, left = c.i64(0), right = c.i64(1);
  c.get("b");
  f.local_set(left);
  c.get("c");
  f.local_tee(right).i64_eqz().if_("", "i64");
  if (wantsRemainder) f.local_get(left);
  else f.i64_const(-1);
  f.else_();
  if (isSigned) {
    f.local_get(right).i64_const(-1).i64_eq().if_("", "i64");
    if (wantsRemainder) f.i64_const(0);
    else f.i64_const(0).local_get(left).i64_sub();
    f.else_();
  }
  f.local_get(left).local_get(right);
  if (wantsRemainder) isSigned ? f.i64_rem_s() : f.i64_rem_u();
  else isSigned ? f.i64_div_s() : f.i64_div_u();
  if (isSigned) f.end();
  f.end();
}

function divide32(c: OpContext, isSigned: boolean, wantsRemainder: boolean): void {
  const f = c.f, left = c.i32(0), right = c.i32(1);
  c.get("b");
  f.i32_wrap_i64().local_set(left);
  c.get("c");
  f.i32_wrap_i64().local_tee(right).i32_eqz().if_("", "i32");
  if (wantsRemainder) f.local_get(left);
  else f.i32_const(-1);
  f.else_();
  if (isSigned) {
    f.local_get(right).i32_const(-1).i32_eq().if_("", "i32");
    if (wantsRemainder) f.i32_const(0);
    else f.i32_const(0).local_get(left).i32_sub();
    f.else_();
  }
  f.local_get(left).local_get(right);
  if (wantsRemainder) isSigned ? f.i32_rem_s() : f.i32_rem_u();
  else isSigned ? f.i32_div_s() : f.i32_div_u();
  if (isSigned) f.end();
  f.end().i64_extend_i32_s();
}

/** The high half of a product: the unsigned one, corrected for each operand taken as signed. */
function highProduct(leftSigned: boolean, rightSigned: boolean): OpSpec {
  return {
    shape: "abc",
    emit(c) {
      const f = c.f, left = c.i64(0), right = c.i64(1);
      c.set("a", () => {
        c.get("b");
        f.local_set(left);
        c.get("c");
        f.local_set(right).local_get(left).local_get(right).call(c.helpers.mulhu);
        if (leftSigned) {
          f.local_get(left).i64_const(63).i64_shr_s().local_get(right).i64_and().i64_sub();
        }
        if (rightSigned) {
          f.local_get(right).i64_const(63).i64_shr_s().local_get(left).i64_and().i64_sub();
        }
      });
    },
  };
}

function branch(compare: Emit): OpSpec {
  return {
    shape: "bc",
    control: "branch",
    emit(c) {
      c.branch(() => {
        c.get("b");
        c.get("c");
        compare(c.f);
      });
    },
  };
}

/** Integer computation, jumps and traps: RV64I and M. */
export const integerOps = {
  nop: { shape: "", emit() {} },
  li: { shape: "a", emit: (c) => c.set("a", () => c.immediate()) },
  mv: {
    shape: "ab",
    emit(c) {
      if (c.isWord("b")) c.setWord("a", () => c.getWord("b"));
      else c.set("a", () => c.get("b"));
    },
  },
  auipc: {
    shape: "a",
    emit(c) {
      c.set("a", () => {
        c.pc();
        c.immediate();
        c.f.i64_add();
      });
    },
  },

  addi: immediate((f) => f.i64_add()),
  slti: immediate((f) => f.i64_lt_s().i64_extend_i32_u()),
  sltiu: immediate((f) => f.i64_lt_u().i64_extend_i32_u()),
  xori: bitwiseImmediate((f) => f.i64_xor(), (f) => f.i32_xor()),
  ori: bitwiseImmediate((f) => f.i64_or(), (f) => f.i32_or()),
  andi: bitwiseImmediate((f) => f.i64_and(), (f) => f.i32_and()),
  slli: immediate((f) => f.i64_shl()),
  srli: immediate((f) => f.i64_shr_u()),
  srai: immediate((f) => f.i64_shr_s()),
  addiw: wordImmediate((f) => f.i32_add()),
  slliw: wordImmediate((f) => f.i32_shl()),
  srliw: wordImmediate((f) => f.i32_shr_u()),
  sraiw: wordImmediate((f) => f.i32_shr_s()),
  sext_w: {
    shape: "ab",
    emit(c) {
      c.setWord("a", () => c.getWord("b"));
    },
  },

  add: registers((f) => f.i64_add()),
  sub: registers((f) => f.i64_sub()),
  sll: registers((f) => f.i64_shl()),
  slt: registers((f) => f.i64_lt_s().i64_extend_i32_u()),
  sltu: registers((f) => f.i64_lt_u().i64_extend_i32_u()),
  xor: bitwise((f) => f.i64_xor(), (f) => f.i32_xor()),
  srl: registers((f) => f.i64_shr_u()),
  sra: registers((f) => f.i64_shr_s()),
  or: bitwise((f) => f.i64_or(), (f) => f.i32_or()),
  and: bitwise((f) => f.i64_and(), (f) => f.i32_and()),
  addw: words((f) => f.i32_add()),
  subw: words((f) => f.i32_sub()),
  sllw: words((f) => f.i32_shl()),
  srlw: words((f) => f.i32_shr_u()),
  sraw: words((f) => f.i32_shr_s()),

  mul: registers((f) => f.i64_mul()),
  mulh: highProduct(true, true),
  mulhsu: highProduct(true, false),
  mulhu: highProduct(false, false),
  div: division(64, true, false),
  divu: division(64, false, false),
  rem: division(64, true, true),
  remu: division(64, false, true),
  mulw: words((f) => f.i32_mul()),
  divw: division(32, true, false),
  divuw: division(32, false, false),
  remw: division(32, true, true),
  remuw: division(32, false, true),

  beq: branch((f) => f.i64_eq()),
  bne: branch((f) => f.i64_ne()),
  blt: branch((f) => f.i64_lt_s()),
  bge: branch((f) => f.i64_ge_s()),
  bltu: branch((f) => f.i64_lt_u()),
  bgeu: branch((f) => f.i64_ge_u()),
  jal: {
    shape: "a",
    control: "relative",
    emit(c) {
      c.set("a", () => c.nextPc());
      c.jumpRelative();
    },
  },
  jalr: {
    shape: "ab",
    control: "jump",
    emit(c) {
      const target = c.i64(0);
      c.get("b");
      c.immediate();
      c.f.i64_add().i64_const(-2).i64_and().local_set(target);
      c.set("a", () => c.nextPc());
      c.jump(target);
    },
  },

  illegal: { shape: "", control: "trap", emit: (c) => c.trapIllegal() },
  ecall: { shape: "", control: "trap", emit: (c) => c.trap(8, () => c.f.i64_const(0)) },
  // The trap value of a breakpoint is the address of the instruction.
  ebreak: { shape: "", control: "trap", emit: (c) => c.trap(3, () => c.pc()) },
} satisfies Record<string, OpSpec>;
