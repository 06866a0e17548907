import { disassemble } from "../../arch/riscv64/disassemble.ts";
import { comparePrograms } from "./compare_programs.ts";
import { registerNameAt, registerOf } from "./outcome.ts";
import { type Item, type Program, programCase } from "./program.ts";
import type { EngineRunner } from "./run_on_engine.ts";
import { REGISTERS, setRegister } from "./test_case.ts";

/** Candidates that one run of qemu judges. */
const BATCH = 64;

/** Which candidates still fail. */
async function failing(
  candidates: readonly Program[],
  runner: EngineRunner,
  seed: number,
): Promise<readonly number[]> {
  const results = await comparePrograms(candidates.map(programCase), runner, seed);
  return results.flatMap(({ wrong }, index) =>
    wrong !== "" && !wrong.startsWith("does not end") ? [index] : []
  );
}

/** The items without those of some ids, and without what belongs to them. */
function without(items: readonly Item[], gone: ReadonlySet<number>): Item[] {
  const groups = new Set(
    items.filter(({ id, group }) => gone.has(id) && group !== undefined).map(({ group }) => group!),
  );
  return items.filter(({ id, group }) =>
    !gone.has(id) && (group === undefined || !groups.has(group))
  );
}

/** Deletes items, in ever smaller pieces, as long as the program fails. */
async function deleteItems(
  program: Program,
  runner: EngineRunner,
  seed: number,
): Promise<Program> {
  let current = program;
  for (let size = Math.ceil(current.items.length / 2); size >= 1;) {
    const pieces: Program[] = [];
    for (let start = 0; start < current.items.length && pieces.length < BATCH; start += size) {
      const gone = new Set(current.items.slice(start, start + size).map(({ id }) => id));
      const items = without(current.items, gone);
      if (items.length > 0) pieces.push({ ...current, items });
    }
    const left = pieces.length === 0 ? [] : await failing(pieces, runner, seed);
    if (left.length > 0) {
      // The shortest of them; and at least as large pieces again.
      current = left.map((index) => pieces[index]!)
        .reduce((best, each) => each.items.length < best.items.length ? each : best);
      size = Math.min(size, Math.ceil(current.items.length / 2));
    } else if (size === 1) break;
    else size = Math.floor(size / 2);
  }
  return current;
}

/** Programs that start from less or have smaller immediates. */
function simpler(program: Program): Program[] {
  const candidates: Program[] = [];
  const withState = (change: (registers: Uint32Array, memory: Uint8Array) => void): void => {
    const registers = program.registers.slice(), memory = program.memory.slice();
    change(registers, memory);
    const same = registers.every((half, i) => half === program.registers[i]) &&
      memory.every((byte, i) => byte === program.memory[i]);
    if (!same) candidates.push({ ...program, registers, memory });
  };
  withState((_, memory) => memory.fill(0));
  withState((registers) => registers.fill(0));
  for (let index = 0; index < REGISTERS; index++) {
    withState((registers) => setRegister(registers, index, 0n));
  }
  program.items.forEach((item, index) => {
    const change = (operands: Item["operands"]): void => {
      const items = program.items.with(index, { ...item, operands });
      candidates.push({ ...program, items });
    };
    const { imm } = item.operands;
    if (item.target === undefined && imm !== undefined && imm !== 0 && imm !== 1) {
      change({ ...item.operands, imm: 1 });
    }
  });
  return candidates;
}

/** Takes one simplification after the other. */
async function simplify(program: Program, runner: EngineRunner, seed: number): Promise<Program> {
  let current = program;
  for (let at = 0;;) {
    const candidates = simpler(current).slice(at, at + BATCH);
    if (candidates.length === 0) return current;
    const left = await failing(candidates, runner, seed);
    if (left.length === 0) at += BATCH;
    else {
      current = candidates[left[0]!]!;
      // Those before it did not fail; nearly all of them will not now.
      at = Math.max(0, at + left[0]! - 1);
    }
  }
}

/** The smallest program found that still fails as `program` does: not ending is no failure. */
export async function shrink(
  program: Program,
  runner: EngineRunner,
  seed: number,
): Promise<Program> {
  const few = await deleteItems(program, runner, seed);
  const plain = await simplify(few, runner, seed);
  // With less to start from, more may go.
  return await deleteItems(plain, runner, seed);
}

/** A program as text: its instructions, and the registers that it starts from other than zero. */
export function describeProgram(program: Program): string {
  const { code } = programCase(program);
  let at = 0;
  const lines = code.map((bits) => {
    const line = `  ${at.toString(16).padStart(4)}  ${disassemble(bits, at)}`;
    at += (bits & 3) === 3 ? 4 : 2;
    return line;
  });
  const text = lines.join("\n");
  const start: string[] = [];
  for (let index = 0; index < REGISTERS; index++) {
    const value = registerOf(program.registers, index);
    const name = registerNameAt(index);
    const named = index === 0 || new RegExp(`\\b${name}\\b`).test(text);
    if (value !== 0n && named) start.push(`${name}=0x${value.toString(16)}`);
  }
  return `${text}\n  starting from ${start.join(" ") || "zeros"}`;
}
