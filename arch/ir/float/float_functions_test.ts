import assert from "node:assert/strict";
import {
  bitsOfDouble,
  describeCase,
  FLOAT_NAMES,
  makeCases,
  makeFloatUnit,
} from "./float_test_support.ts";
import { hostFusesMultiplyAdd } from "./host_fused.ts";
import { FLOAT_SIGNATURES } from "./signatures.ts";
import type { FloatCase, FloatOutcome } from "./float_test_support.ts";
import type { OperandKind } from "./signatures.ts";

// The reference: numbers as exact fractions of bigints, rounded by the definitions of IEEE 754.

const [NX, UF, OF, DZ, NV] = [1, 2, 4, 8, 16];
const [RNE, RDN, RUP, RMM] = [0, 2, 3, 4];

const FORMATS = {
  D: { precision: 53, least: -1074, greatest: 1023, fraction: 52, exponentBits: 11 },
  S: { precision: 24, least: -149, greatest: 127, fraction: 23, exponentBits: 8 },
} as const;
type FormatName = keyof typeof FORMATS;

interface Value {
  readonly kind: "nan" | "inf" | "finite";
  readonly negative: boolean;
  readonly signalling: boolean;
  /** Magnitude as a fraction; 0/1 for zero. */
  readonly num: bigint;
  readonly den: bigint;
}

function decode(bits: bigint, format: FormatName): Value {
  const { fraction, exponentBits, least } = FORMATS[format];
  const low = BigInt.asUintN(fraction, bits);
  const biased = Number(BigInt.asUintN(exponentBits, bits >> BigInt(fraction)));
  const negative = (bits >> BigInt(fraction + exponentBits)) === 1n;
  const none = { negative, num: 0n, den: 1n, signalling: false };
  if (biased === 2 ** exponentBits - 1) {
    const quiet = low >> BigInt(fraction - 1) === 1n;
    return low === 0n ? { ...none, kind: "inf" } : { ...none, kind: "nan", signalling: !quiet };
  }
  const significand = biased === 0 ? low : low | (1n << BigInt(fraction));
  const scale = least + Math.max(biased, 1) - 1;
  return { ...none, kind: "finite", ...scaled(significand, scale) };
}

function scaled(m: bigint, exponent: number): { num: bigint; den: bigint } {
  return exponent >= 0
    ? { num: m << BigInt(exponent), den: 1n }
    : { num: m, den: 1n << BigInt(-exponent) };
}

function bitLength(x: bigint): number {
  return x.toString(2).length;
}

/** num/den as a whole number of units, rounded by the mode. */
function roundToUnits(
  num: bigint,
  den: bigint,
  unit: number,
  negative: boolean,
  mode: number,
): { count: bigint; inexact: boolean } {
  const top = unit < 0 ? num << BigInt(-unit) : num;
  const bottom = unit < 0 ? den : den << BigInt(unit);
  const floor = top / bottom;
  const twice = 2n * (top % bottom);
  const up = mode === RNE
    ? twice > bottom || (twice === bottom && floor % 2n === 1n)
    : mode === RMM
    ? twice >= bottom
    : mode === RDN
    ? negative && twice > 0n
    : mode === RUP && !negative && twice > 0n;
  return { count: floor + (up ? 1n : 0n), inexact: twice > 0n };
}

function signBit(negative: boolean, format: FormatName): bigint {
  return negative ? 1n << BigInt(FORMATS[format].fraction + FORMATS[format].exponentBits) : 0n;
}

function infinity(negative: boolean, format: FormatName): bigint {
  const { fraction, exponentBits } = FORMATS[format];
  return signBit(negative, format) | (((1n << BigInt(exponentBits)) - 1n) << BigInt(fraction));
}

function nan(format: FormatName): bigint {
  return infinity(false, format) | (1n << BigInt(FORMATS[format].fraction - 1));
}

function encode(
  negative: boolean,
  num: bigint,
  den: bigint,
  format: FormatName,
  mode: number,
): FloatOutcome {
  const sign = signBit(negative, format);
  if (num === 0n) return { result: sign, flags: 0 };
  const { precision, least, greatest, fraction } = FORMATS[format];
  let exponent = bitLength(num) - bitLength(den);
  const { num: n, den: d } = scaled(1n, exponent);
  if (num * d < n * den) exponent--;
  const freeUnit = exponent - (precision - 1);
  const unit = Math.max(freeUnit, least);
  const { count, inexact } = roundToUnits(num, den, unit, negative, mode);
  const free = roundToUnits(num, den, freeUnit, negative, mode);
  const tiny = bitLength(free.count) + freeUnit < least + precision;
  if (count > 0n && bitLength(count) + unit > greatest + 1) {
    const toInfinity = mode === RNE || mode === RMM || mode === (negative ? RDN : RUP);
    return { result: infinity(negative, format) - (toInfinity ? 0n : 1n), flags: OF | NX };
  }
  const flags = (inexact ? NX : 0) | (inexact && tiny ? UF : 0);
  return { result: sign | ((BigInt(unit - least) << BigInt(fraction)) + count), flags };
}

function square(negative: boolean): string {
  return negative ? "-" : "+";
}

function addValues(a: Value, b: Value, format: FormatName, mode: number): FloatOutcome {
  if (a.kind === "nan" || b.kind === "nan") return { result: nan(format), flags: 0 };
  if (a.kind === "inf" || b.kind === "inf") {
    if (a.kind === b.kind && square(a.negative) !== square(b.negative)) {
      return { result: nan(format), flags: NV };
    }
    return { result: infinity(a.kind === "inf" ? a.negative : b.negative, format), flags: 0 };
  }
  const signed = (v: Value): bigint => v.negative ? -v.num : v.num;
  const sum = signed(a) * b.den + signed(b) * a.den;
  const bothZero = a.num === 0n && b.num === 0n;
  const zeroSign = bothZero && a.negative === b.negative ? a.negative : mode === RDN;
  const negative = sum === 0n ? zeroSign : sum < 0n;
  return encode(negative, sum < 0n ? -sum : sum, a.den * b.den, format, mode);
}

/** The exact product, or the NaN of ∞ × 0. */
function multiplyValues(a: Value, b: Value): Value {
  const negative = a.negative !== b.negative;
  const kind = a.kind === "nan" || b.kind === "nan"
    ? "nan"
    : a.kind === "finite" && b.kind === "finite"
    ? "finite"
    : (a.kind === "finite" && a.num === 0n) || (b.kind === "finite" && b.num === 0n)
    ? "nan"
    : "inf";
  return { kind, negative, signalling: false, num: a.num * b.num, den: a.den * b.den };
}

function settle(v: Value, format: FormatName, mode: number): FloatOutcome {
  if (v.kind === "nan") return { result: nan(format), flags: 0 };
  if (v.kind === "inf") return { result: infinity(v.negative, format), flags: 0 };
  return encode(v.negative, v.num, v.den, format, mode);
}

function divideValues(a: Value, b: Value, format: FormatName, mode: number): FloatOutcome {
  const negative = a.negative !== b.negative;
  if (a.kind === "nan" || b.kind === "nan") return { result: nan(format), flags: 0 };
  if (a.kind === "inf") {
    return b.kind === "inf"
      ? { result: nan(format), flags: NV }
      : { result: infinity(negative, format), flags: 0 };
  }
  if (b.kind === "inf") return { result: signBit(negative, format), flags: 0 };
  if (b.num === 0n) {
    return a.num === 0n
      ? { result: nan(format), flags: NV }
      : { result: infinity(negative, format), flags: DZ };
  }
  return encode(negative, a.num * b.den, a.den * b.num, format, mode);
}

function integerRoot(x: bigint): bigint {
  let root = 1n << BigInt((bitLength(x) + 1) >> 1);
  for (;;) {
    const next = (root + x / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function rootOf(a: Value, format: FormatName, mode: number): FloatOutcome {
  if (a.kind === "nan") return { result: nan(format), flags: 0 };
  if (a.kind === "finite" && a.num === 0n) return { result: signBit(a.negative, format), flags: 0 };
  if (a.negative) return { result: nan(format), flags: NV };
  if (a.kind === "inf") return { result: infinity(false, format), flags: 0 };
  // The denominator is a power of two: make it even, then scale far beyond any precision.
  const odd = bitLength(a.den) % 2 === 0;
  const [num, den] = odd ? [a.num * 2n, a.den * 2n] : [a.num, a.den];
  const extra = 700n;
  const root = integerRoot(num << (2n * extra));
  const inexact = root * root !== num << (2n * extra);
  const denRoot = 1n << BigInt((bitLength(den) - 1) / 2);
  // Half a unit stands for the irrational rest.
  return encode(false, 2n * root + (inexact ? 1n : 0n), (2n * denRoot) << extra, format, mode);
}

function toInteger(v: Value, op: string, mode: number): FloatOutcome {
  const bits = op === "w" || op === "wu" ? 32n : 64n;
  const unsigned = op.endsWith("u");
  const least = unsigned ? 0n : -(1n << (bits - 1n));
  const most = unsigned ? (1n << bits) - 1n : (1n << (bits - 1n)) - 1n;
  const out = (x: bigint, flags: number): FloatOutcome => ({
    result: BigInt.asUintN(64, BigInt.asIntN(Number(bits), x)),
    flags,
  });
  if (v.kind === "nan") return out(most, NV);
  if (v.kind === "inf") return out(v.negative ? least : most, NV);
  const { count, inexact } = roundToUnits(v.num, v.den, 0, v.negative, mode);
  const whole = v.negative ? -count : count;
  if (whole < least) return out(least, NV);
  if (whole > most) return out(most, NV);
  return out(whole, inexact ? NX : 0);
}

function fromInteger(bits: bigint, op: string, format: FormatName, mode: number): FloatOutcome {
  const width = op === "w" || op === "wu" ? 32 : 64;
  const x = op.endsWith("u") ? BigInt.asUintN(width, bits) : BigInt.asIntN(width, bits);
  return encode(x < 0n, x < 0n ? -x : x, 1n, format, mode);
}

/** -1, 0, 1, or undefined when unordered; zeros are equal. */
function compare(a: Value, b: Value): number | undefined {
  if (a.kind === "nan" || b.kind === "nan") return undefined;
  const rank = (v: Value): bigint =>
    v.kind === "inf" ? (v.negative ? -1n : 1n) * (1n << 5000n) : 0n;
  const left = rank(a) + (a.negative ? -a.num : a.num) * b.den;
  const right = rank(b) + (b.negative ? -b.num : b.num) * a.den;
  return left < right ? -1 : left > right ? 1 : 0;
}

function extremum(bits: readonly bigint[], a: Value, b: Value, op: string, f: FormatName): bigint {
  if (a.kind === "nan" && b.kind === "nan") return nan(f);
  if (a.kind === "nan") return bits[1]!;
  if (b.kind === "nan") return bits[0]!;
  const order = compare(a, b)!;
  const aIsLess = order < 0 || (order === 0 && a.negative);
  return aIsLess === (op === "fmin") ? bits[0]! : bits[1]!;
}

function classOf(v: Value, bits: bigint, format: FormatName): bigint {
  if (v.kind === "nan") return v.signalling ? 1n << 8n : 1n << 9n;
  const magnitude = bits & (infinity(true, format) ^ infinity(false, format)) - 1n;
  const minNormal = 1n << BigInt(FORMATS[format].fraction);
  const rank = v.kind === "inf" ? 3 : magnitude === 0n ? 0 : magnitude < minNormal ? 1 : 2;
  return 1n << BigInt(v.negative ? 3 - rank : 4 + rank);
}

function negated(v: Value): Value {
  return { ...v, negative: !v.negative };
}

function expected({ name, operands, mode }: FloatCase): FloatOutcome {
  const { operands: kinds, result } = FLOAT_SIGNATURES[name];
  const parts = name.split("_");
  const op = parts[0]!;
  if (name === "unbox_s") {
    const boxed = operands[0]! >> 32n === 0xffff_ffffn;
    return { result: boxed ? BigInt.asUintN(32, operands[0]!) : nan("S"), flags: 0 };
  }
  if (name === "box_s") return { result: operands[0]! | (0xffff_ffffn << 32n), flags: 0 };
  if (op === "fcvt" && kinds[0] === "X") {
    return fromInteger(operands[0]!, parts[2]!, result as FormatName, mode);
  }
  const format = kinds[0] as FormatName;
  const [a, b, c] = operands.map((x) => decode(x, format));
  const signalling = [a, b, c].some((v) => v?.signalling === true) ? NV : 0;
  const noting = (out: FloatOutcome): FloatOutcome => ({ ...out, flags: out.flags | signalling });
  const bool = (truth: boolean, flags: number): FloatOutcome => ({
    result: truth ? 1n : 0n,
    flags,
  });
  const fused = (minusProduct: boolean, minusAddend: boolean): FloatOutcome => {
    const product = multiplyValues(minusProduct ? negated(a!) : a!, b!);
    const invalid = product.kind === "nan" && a!.kind !== "nan" && b!.kind !== "nan" ? NV : 0;
    const out = addValues(product, minusAddend ? negated(c!) : c!, format, mode);
    return noting({ ...out, flags: out.flags | invalid });
  };
  const sign = signBit(true, format);
  const inject = (bit: bigint): FloatOutcome => ({
    result: (operands[0]! & (sign - 1n)) | (bit & sign),
    flags: 0,
  });
  switch (op) {
    case "fadd":
      return noting(addValues(a!, b!, format, mode));
    case "fsub":
      return noting(addValues(a!, negated(b!), format, mode));
    case "fmul": {
      const product = multiplyValues(a!, b!);
      const invalid = product.kind === "nan" && a!.kind !== "nan" && b!.kind !== "nan" ? NV : 0;
      const out = settle(product, format, mode);
      return noting({ ...out, flags: out.flags | invalid });
    }
    case "fdiv":
      return noting(divideValues(a!, b!, format, mode));
    case "fsqrt":
      return noting(rootOf(a!, format, mode));
    case "fmadd":
      return fused(false, false);
    case "fmsub":
      return fused(false, true);
    case "fnmsub":
      return fused(true, false);
    case "fnmadd":
      return fused(true, true);
    case "fsgnj":
      return inject(operands[1]!);
    case "fsgnjn":
      return inject(~operands[1]!);
    case "fsgnjx":
      return inject(operands[0]! ^ operands[1]!);
    case "fmin":
    case "fmax":
      return noting({ result: extremum(operands, a!, b!, op, format), flags: 0 });
    case "feq":
      return noting(bool(compare(a!, b!) === 0, 0));
    case "flt":
    case "fle": {
      const order = compare(a!, b!);
      if (order === undefined) return bool(false, NV);
      return bool(order < 0 || (op === "fle" && order === 0), 0);
    }
    case "fclass":
      return { result: classOf(a!, operands[0]!, format), flags: 0 };
    case "fcvt":
      if (result === "X") return toInteger(a!, parts[1]!, mode);
      return noting(settle(a!, result as FormatName, mode));
    default:
      throw new Error(`no reference for ${name}`);
  }
}

function strideFor(kinds: readonly OperandKind[]): number {
  const count = kinds.filter((kind) => kind !== "R").length;
  return count === 3 ? 61 : 1;
}

// With NX accrued before, the fast paths run; without, the paths that must find NX.
const unit = makeFloatUnit();

for (const name of FLOAT_NAMES) {
  Deno.test(`${name} equals the exact reference`, () => {
    const kinds = FLOAT_SIGNATURES[name].operands;
    const cases = makeCases(name, strideFor(kinds), 600, true);
    assert.ok(cases.length >= 48);
    for (const test of cases) {
      const want = expected(test);
      for (const before of [0, NX]) {
        const got = unit(test, before!);
        if (got.result === want.result && got.flags === (want.flags | before!)) continue;
        assert.fail(
          `${describeCase(test)} flags before ${before}: got 0x${got.result.toString(16)} flags ` +
            `${got.flags}, want 0x${want.result.toString(16)} flags ${want.flags | before!}`,
        );
      }
    }
  });
}

Deno.test("the host's fused instruction, where it is fused, changes no bit", () => {
  const fused = makeFloatUnit({ fusedMultiplyAdd: hostFusesMultiplyAdd() });
  for (const name of ["fmadd_d", "fmsub_d", "fnmsub_d", "fnmadd_d"] as const) {
    for (const test of makeCases(name, 101, 3000, false)) {
      assert.deepEqual(fused(test, NX!), unit(test, NX!), describeCase(test));
    }
  }
});

Deno.test("flags accrue and are never cleared", () => {
  const one = bitsOfDouble(1);
  const { flags } = unit({ name: "fdiv_d", operands: [one, 0n], mode: 0 }, NV | UF);
  assert.equal(flags, NV | UF | DZ);
});

Deno.test("rounding to the least normal number from below is tiny when it is after rounding", () => {
  // The product is 2^-1022 × (1 - 2^-53), then × (1 - 2^-54): only the first is tiny.
  const leastNormal = bitsOfDouble(2 ** -1022);
  const tiny = unit({
    name: "fmul_d",
    operands: [bitsOfDouble(1 - 2 ** -53), leastNormal],
    mode: 0,
  }, NX);
  assert.deepEqual(tiny, { result: leastNormal, flags: NX | UF });
});
