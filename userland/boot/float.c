/* Boot stage: floating point results and flags, fixed to the bit. */
#include "lib.h"

enum { NX = 1, UF = 2, OF = 4, DZ = 8, NV = 16 };
enum { RNE = 0, RTZ = 1, RDN = 2, RUP = 3, RMM = 4 };

#define ONE 0x3ff0000000000000ull
#define TWO 0x4000000000000000ull
#define THREE 0x4008000000000000ull
#define INFINITY 0x7ff0000000000000ull
#define LARGEST 0x7fefffffffffffffull
#define SMALLEST_NORMAL 0x0010000000000000ull
#define QUIET_NAN 0x7ff8000000000000ull
#define SIGNALING_NAN 0x7ff0000000000001ull
#define SIGN 0x8000000000000000ull
#define BOXED(bits) (0xffffffff00000000ull | (bits))

struct outcome {
  u64 bits;
  u64 flags;
};

/* One instruction on register images, started with clear flags and rounding mode `mode`. */
#define FLOAT_OPERATION(name, instruction) \
  static struct outcome name(u64 a, u64 b, u64 c, u64 mode) { \
    struct outcome out; \
    __asm__ volatile( \
        "fmv.d.x ft0, %2\n fmv.d.x ft1, %3\n fmv.d.x ft2, %4\n" \
        "slli t0, %5, 5\n fscsr t0\n" instruction "\n frflags %1\n fscsr zero\n" \
        : "=&r"(out.bits), "=&r"(out.flags) \
        : "r"(a), "r"(b), "r"(c), "r"(mode) \
        : "t0", "ft0", "ft1", "ft2", "ft3"); \
    return out; \
  }
#define TO_FLOAT(instruction) instruction "\n fmv.x.d %0, ft3"

FLOAT_OPERATION(add, TO_FLOAT("fadd.d ft3, ft0, ft1"))
FLOAT_OPERATION(subtract, TO_FLOAT("fsub.d ft3, ft0, ft1"))
FLOAT_OPERATION(multiply, TO_FLOAT("fmul.d ft3, ft0, ft1"))
FLOAT_OPERATION(divide, TO_FLOAT("fdiv.d ft3, ft0, ft1"))
FLOAT_OPERATION(root, TO_FLOAT("fsqrt.d ft3, ft0"))
FLOAT_OPERATION(multiply_add, TO_FLOAT("fmadd.d ft3, ft0, ft1, ft2"))
FLOAT_OPERATION(negate_multiply_subtract, TO_FLOAT("fnmsub.d ft3, ft0, ft1, ft2"))
FLOAT_OPERATION(minimum, TO_FLOAT("fmin.d ft3, ft0, ft1"))
FLOAT_OPERATION(maximum, TO_FLOAT("fmax.d ft3, ft0, ft1"))
FLOAT_OPERATION(copy_sign, TO_FLOAT("fsgnj.d ft3, ft0, ft1"))
FLOAT_OPERATION(add_single, TO_FLOAT("fadd.s ft3, ft0, ft1"))
FLOAT_OPERATION(divide_single, TO_FLOAT("fdiv.s ft3, ft0, ft1"))
FLOAT_OPERATION(narrow, TO_FLOAT("fcvt.s.d ft3, ft0"))
FLOAT_OPERATION(widen, TO_FLOAT("fcvt.d.s ft3, ft0"))
FLOAT_OPERATION(to_word, "fcvt.w.d %0, ft0, dyn")
FLOAT_OPERATION(to_unsigned_word, "fcvt.wu.d %0, ft0, dyn")
FLOAT_OPERATION(to_long, "fcvt.l.d %0, ft0, dyn")
FLOAT_OPERATION(to_unsigned_long, "fcvt.lu.d %0, ft0, dyn")
FLOAT_OPERATION(from_long, TO_FLOAT("fcvt.d.l ft3, %2, dyn"))
FLOAT_OPERATION(equal, "feq.d %0, ft0, ft1")
FLOAT_OPERATION(less, "flt.d %0, ft0, ft1")
FLOAT_OPERATION(classify, "fclass.d %0, ft0")

struct example {
  const char *name;
  struct outcome (*operation)(u64, u64, u64, u64);
  u64 a, b, c;
  u8 mode, flags;
  u64 bits;
};

static const struct example examples[] = {
    {"1+2", add, ONE, TWO, 0, RNE, 0, THREE},
    {"1/3 nearest", divide, ONE, THREE, 0, RNE, NX, 0x3fd5555555555555},
    {"1/3 up", divide, ONE, THREE, 0, RUP, NX, 0x3fd5555555555556},
    {"1/3 down", divide, ONE, THREE, 0, RDN, NX, 0x3fd5555555555555},
    {"-1/3 to zero", divide, SIGN | ONE, THREE, 0, RTZ, NX, 0xbfd5555555555555},
    {"2/3 nearest", divide, TWO, THREE, 0, RNE, NX, 0x3fe5555555555555},
    {"1+tie to even", add, ONE, 0x3ca0000000000000, 0, RNE, NX, ONE},
    {"1+tie to larger", add, ONE, 0x3ca0000000000000, 0, RMM, NX, ONE + 1},
    {"1/0", divide, ONE, 0, 0, RNE, DZ, INFINITY},
    {"-1/0", divide, SIGN | ONE, 0, 0, RNE, DZ, SIGN | INFINITY},
    {"0/0", divide, 0, 0, 0, RNE, NV, QUIET_NAN},
    {"inf-inf", subtract, INFINITY, INFINITY, 0, RNE, NV, QUIET_NAN},
    {"0*inf", multiply, 0, INFINITY, 0, RNE, NV, QUIET_NAN},
    {"quiet nan", add, QUIET_NAN | SIGN | 5, ONE, 0, RNE, 0, QUIET_NAN},
    {"signaling nan", add, SIGNALING_NAN, ONE, 0, RNE, NV, QUIET_NAN},
    {"overflow nearest", multiply, LARGEST, TWO, 0, RNE, OF | NX, INFINITY},
    {"overflow to zero", multiply, LARGEST, TWO, 0, RTZ, OF | NX, LARGEST},
    {"overflow down", multiply, SIGN | LARGEST, TWO, 0, RUP, OF | NX, SIGN | LARGEST},
    {"exact subnormal", divide, SMALLEST_NORMAL, TWO, 0, RNE, 0, 0x0008000000000000},
    {"inexact subnormal", divide, SMALLEST_NORMAL, THREE, 0, RNE, UF | NX, 0x0005555555555555},
    {"underflow to zero", multiply, 1, 0x3fd0000000000000, 0, RNE, UF | NX, 0},
    {"underflow up", multiply, 1, 0x3fd0000000000000, 0, RUP, UF | NX, 1},
    {"1-1 nearest", subtract, ONE, ONE, 0, RNE, 0, 0},
    {"1-1 down", subtract, ONE, ONE, 0, RDN, 0, SIGN},
    {"sqrt 2", root, TWO, 0, 0, RNE, NX, 0x3ff6a09e667f3bcd},
    {"sqrt 4", root, 0x4010000000000000, 0, 0, RNE, 0, TWO},
    {"sqrt -0", root, SIGN, 0, 0, RNE, 0, SIGN},
    {"sqrt -1", root, SIGN | ONE, 0, 0, RNE, NV, QUIET_NAN},
    {"fused once", multiply_add, ONE + 1, ONE + 1, SIGN | (ONE + 2), RNE, 0, 0x3970000000000000},
    {"fused exact", multiply_add, TWO, THREE, ONE, RNE, 0, 0x401c000000000000},
    {"fused 0*inf+nan", multiply_add, 0, INFINITY, QUIET_NAN, RNE, NV, QUIET_NAN},
    {"1-2*3", negate_multiply_subtract, TWO, THREE, ONE, RNE, 0, 0xc014000000000000},
    {"min -0 0", minimum, 0, SIGN, 0, RNE, 0, SIGN},
    {"max -0 0", maximum, SIGN, 0, 0, RNE, 0, 0},
    {"min nan 1", minimum, QUIET_NAN, ONE, 0, RNE, 0, ONE},
    {"max snan 1", maximum, SIGNALING_NAN, ONE, 0, RNE, NV, ONE},
    {"min nan nan", minimum, QUIET_NAN | 9, QUIET_NAN | 7, 0, RNE, 0, QUIET_NAN},
    {"sign of nan", copy_sign, SIGNALING_NAN, SIGN, 0, RNE, 0, SIGN | SIGNALING_NAN},
    {"single 1+2", add_single, BOXED(0x3f800000), BOXED(0x40000000), 0, RNE, 0, BOXED(0x40400000)},
    {"single unboxed", add_single, 0x3f800000, BOXED(0x40000000), 0, RNE, 0, BOXED(0x7fc00000)},
    {"single 1/3", divide_single, BOXED(0x3f800000), BOXED(0x40400000), 0, RNE, NX,
     BOXED(0x3eaaaaab)},
    {"narrow 1/3", narrow, 0x3fd5555555555555, 0, 0, RNE, NX, BOXED(0x3eaaaaab)},
    {"narrow tiny", narrow, 0x3690000000000000, 0, 0, RNE, UF | NX, BOXED(0)},
    {"narrow tiny up", narrow, 0x3690000000000000, 0, 0, RUP, UF | NX, BOXED(1)},
    {"widen 1/3", widen, BOXED(0x3eaaaaab), 0, 0, RNE, 0, 0x3fd5555560000000},
    {"widen snan", widen, BOXED(0x7f800001), 0, 0, RNE, NV, QUIET_NAN},
    {"word 2.5 even", to_word, 0x4004000000000000, 0, 0, RNE, NX, 2},
    {"word 2.5 larger", to_word, 0x4004000000000000, 0, 0, RMM, NX, 3},
    {"word -2.5 down", to_word, 0xc004000000000000, 0, 0, RDN, NX, (u64)-3},
    {"word 2^31", to_word, 0x41e0000000000000, 0, 0, RNE, NV, 0x7fffffff},
    {"word nan", to_word, QUIET_NAN, 0, 0, RNE, NV, 0x7fffffff},
    {"unsigned word 2^31", to_unsigned_word, 0x41e0000000000000, 0, 0, RNE, 0,
     0xffffffff80000000},
    {"unsigned word -1", to_unsigned_word, SIGN | ONE, 0, 0, RNE, NV, 0},
    {"unsigned word -0.5", to_unsigned_word, 0xbfe0000000000000, 0, 0, RNE, NX, 0},
    {"long -inf", to_long, SIGN | INFINITY, 0, 0, RNE, NV, SIGN},
    {"long 2^53", to_long, 0x4340000000000000, 0, 0, RNE, 0, 1ull << 53},
    {"unsigned long nan", to_unsigned_long, SIGN | QUIET_NAN, 0, 0, RNE, NV, ~0ull},
    {"from long nearest", from_long, (1ull << 53) + 1, 0, 0, RNE, NX, 0x4340000000000000},
    {"from long up", from_long, (1ull << 53) + 1, 0, 0, RUP, NX, 0x4340000000000001},
    {"equal zeros", equal, 0, SIGN, 0, RNE, 0, 1},
    {"equal nan", equal, QUIET_NAN, ONE, 0, RNE, 0, 0},
    {"equal snan", equal, SIGNALING_NAN, ONE, 0, RNE, NV, 0},
    {"less nan", less, QUIET_NAN, ONE, 0, RNE, NV, 0},
    {"less", less, SIGN | ONE, ONE, 0, RNE, 0, 1},
    {"class -inf", classify, SIGN | INFINITY, 0, 0, RNE, 0, 1 << 0},
    {"class -subnormal", classify, SIGN | 1, 0, 0, RNE, 0, 1 << 2},
    {"class 0", classify, 0, 0, 0, RNE, 0, 1 << 4},
    {"class snan", classify, SIGNALING_NAN, 0, 0, RNE, 0, 1 << 8},
    {"class nan", classify, QUIET_NAN, 0, 0, RNE, 0, 1 << 9},
};

static u64 bits_of(double value) {
  u64 bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static double harmonic(int terms) {
  double sum = 0;
  for (int i = 1; i <= terms; i++) sum += 1.0 / i;
  return sum;
}

/* A logistic map: the last bit of every step decides the end. */
static double chaos(int steps) {
  double x = 0.3;
  for (int i = 0; i < steps; i++) x = 3.9 * x * (1 - x);
  return x;
}

/* Two processes with different rounding modes on one hart do not disturb each other. */
static void check_rounding_is_private(void) {
  long child = fork();
  CHECK(child >= 0);
  pin_to_hart(0);
  u64 mode = child == 0 ? RUP : RDN;
  __asm__ volatile("fsrm %0" ::"r"(mode));
  int wrong = 0;
  for (int i = 0; i < 2000; i++) {
    u64 bits;
    __asm__ volatile("fmv.d.x ft0, %1\n fmv.d.x ft1, %2\n fdiv.d ft0, ft0, ft1, dyn\n fmv.x.d %0, ft0"
                     : "=r"(bits)
                     : "r"(ONE), "r"(THREE)
                     : "ft0", "ft1");
    wrong += bits != (mode == RUP ? 0x3fd5555555555556 : 0x3fd5555555555555);
    if (i % 100 == 0) sys_sched_yield();
  }
  u64 control;
  __asm__ volatile("frcsr %0" : "=r"(control));
  wrong += control != (mode << 5 | NX);
  __asm__ volatile("fscsr zero");
  if (child == 0) exit(wrong ? 1 : 0);
  CHECK_EQUAL(wrong, 0);
  CHECK_EQUAL(wait_for(child), 0);
}

int main(void) {
  u64 initial;
  __asm__ volatile("frcsr %0" : "=r"(initial));
  CHECK_EQUAL(initial, 0);
  usize count = sizeof examples / sizeof *examples;
  for (usize i = 0; i < count; i++) {
    const struct example *e = &examples[i];
    struct outcome got = e->operation(e->a, e->b, e->c, e->mode);
    if (got.bits != e->bits || got.flags != e->flags) {
      print("%s: %016lx flags %lx, expected %016lx flags %x\n", e->name, got.bits, got.flags,
            e->bits, e->flags);
      CHECK(!"results are exact");
    }
  }
  CHECK_EQUAL(bits_of(harmonic(10000)), 0x40239341192de2a6);
  CHECK_EQUAL(bits_of(chaos(2000)), 0x3fec81f19e79daeb);
  check_rounding_is_private();
  print("float: %lu results exact to the bit\n", count);
  return check_result();
}
