import type { OpContext, OpSpec } from "./op_context.ts";
import type { FunctionBuilder } from "./wasm/function_builder.ts";

type Emit = (f: FunctionBuilder) => void;
/** A WebAssembly load or store at the address on the stack plus `offset`. */
type Access = (f: FunctionBuilder, offset?: number) => void;
type Width = "w" | "d";

const SIZE = { w: 4, d: 8 } as const;

// Guest addresses need not be aligned inside a page; WebAssembly must not assume that they are.
const BYTE_ALIGNED = 0;

function load(size: 1 | 2 | 4 | 8, read: Access): OpSpec {
  return {
    shape: "ab",
    memory: "load",
    emit: (c) => c.set("a", () => c.load(size, (offset) => read(c.f, offset))),
  };
}

function store(size: 1 | 2 | 4 | 8, write: Access): OpSpec {
  return {
    shape: "bc",
    memory: "store",
    emit: (c) => c.store(size, () => c.get("c"), (offset) => write(c.f, offset)),
  };
}

function read(f: FunctionBuilder, width: Width): void {
  if (width === "w") f.i64_load32_s(0, BYTE_ALIGNED);
  else f.i64_load(0, BYTE_ALIGNED);
}

function write(f: FunctionBuilder, width: Width): void {
  if (width === "w") f.i64_store32(0, BYTE_ALIGNED);
  else f.i64_store(0, BYTE_ALIGNED);
}

function loadReserved(width: Width): OpSpec {
  return {
    shape: "ab",
    memory: "atomic",
    emit(c) {
      const address = c.atomicAddress(SIZE[width], "read");
      c.reserve(address, SIZE[width]);
      c.set("a", () => {
        c.f.local_get(address);
        read(c.f, width);
      });
    },
  };
}

/** The address must translate for writing even when the reservation has gone. */
function storeConditional(width: Width): OpSpec {
  return {
    shape: "abc",
    memory: "atomic",
    emit(c) {
      const address = c.atomicAddress(SIZE[width], "write");
      c.isReserved(address, SIZE[width]);
      c.f.local_tee(c.i32(1)).if_().local_get(address);
      c.get("c");
      write(c.f, width);
      c.f.end();
      c.reserve(address, 0);
      c.set("a", () => c.f.local_get(c.i32(1)).i32_eqz().i64_extend_i32_u());
    },
  };
}

/** `combine` pops the old value and the operand and pushes the new value. */
function atomic(width: Width, combine: (c: OpContext) => void, zeroExtend = false): OpSpec {
  return {
    shape: "abc",
    memory: "atomic",
    emit(c) {
      const f = c.f, old = c.i64(0), operand = c.i64(1);
      const address = c.atomicAddress(SIZE[width], "write");
      f.local_get(address);
      read(f, width);
      f.local_set(old);
      c.get("c");
      if (width === "w") f.i64_extend32_s();
      f.local_set(operand).local_get(address).local_get(old);
      if (zeroExtend && width === "w") f.i64_const(0xffff_ffff).i64_and();
      f.local_get(operand);
      if (zeroExtend && width === "w") f.i64_const(0xffff_ffff).i64_and();
      combine(c);
      write(f, width);
      c.set("a", () => f.local_get(old));
    },
  };
}

const plain = (operate: Emit) => (c: OpContext): void => operate(c.f);

/** Keeps the old value where `compare` holds of (old, operand). Unsigned words may stay wide. */
const choose = (compare: Emit) => (c: OpContext): void => {
  const f = c.f;
  compare(f);
  const keepsOld = c.i32(1);
  f.local_set(keepsOld).local_get(c.i64(0)).local_get(c.i64(1)).local_get(keepsOld).select();
};

const swap = (c: OpContext): void => {
  // Of (old, operand) the operand stays.
  c.f.i32_const(0).select();
};

/** Loads, stores and the A extension. */
export const memoryOps = {
  lb: load(1, (f, offset) => f.i64_load8_s(offset)),
  lh: load(2, (f, offset) => f.i64_load16_s(offset, BYTE_ALIGNED)),
  lw: load(4, (f, offset) => f.i64_load32_s(offset, BYTE_ALIGNED)),
  ld: load(8, (f, offset) => f.i64_load(offset, BYTE_ALIGNED)),
  lbu: load(1, (f, offset) => f.i64_load8_u(offset)),
  lhu: load(2, (f, offset) => f.i64_load16_u(offset, BYTE_ALIGNED)),
  lwu: load(4, (f, offset) => f.i64_load32_u(offset, BYTE_ALIGNED)),
  // A NaN-boxed single: the upper half is all ones.
  flw: load(
    4,
    (f, offset) => f.i64_load32_u(offset, BYTE_ALIGNED).i64_const(0, -1).i64_or(),
  ),
  sb: store(1, (f, offset) => f.i64_store8(offset)),
  sh: store(2, (f, offset) => f.i64_store16(offset, BYTE_ALIGNED)),
  sw: store(4, (f, offset) => f.i64_store32(offset, BYTE_ALIGNED)),
  sd: store(8, (f, offset) => f.i64_store(offset, BYTE_ALIGNED)),

  lr_w: loadReserved("w"),
  lr_d: loadReserved("d"),
  sc_w: storeConditional("w"),
  sc_d: storeConditional("d"),
  amoswap_w: atomic("w", swap),
  amoswap_d: atomic("d", swap),
  amoadd_w: atomic("w", plain((f) => f.i64_add())),
  amoadd_d: atomic("d", plain((f) => f.i64_add())),
  amoxor_w: atomic("w", plain((f) => f.i64_xor())),
  amoxor_d: atomic("d", plain((f) => f.i64_xor())),
  amoand_w: atomic("w", plain((f) => f.i64_and())),
  amoand_d: atomic("d", plain((f) => f.i64_and())),
  amoor_w: atomic("w", plain((f) => f.i64_or())),
  amoor_d: atomic("d", plain((f) => f.i64_or())),
  amomin_w: atomic("w", choose((f) => f.i64_lt_s())),
  amomin_d: atomic("d", choose((f) => f.i64_lt_s())),
  amomax_w: atomic("w", choose((f) => f.i64_gt_s())),
  amomax_d: atomic("d", choose((f) => f.i64_gt_s())),
  amominu_w: atomic("w", choose((f) => f.i64_lt_u()), true),
  amominu_d: atomic("d", choose((f) => f.i64_lt_u())),
  amomaxu_w: atomic("w", choose((f) => f.i64_gt_u()), true),
  amomaxu_d: atomic("d", choose((f) => f.i64_gt_u())),
} satisfies Record<string, OpSpec>;
