/**
 * Instructions that user mode does not have: each runs once, and its SIGILL names it. The words are
 * generated: every CSR number in all six forms, and the privileged instructions with their operands.
 */
import assert from "node:assert/strict";
import { CSR } from "../../arch/riscv64/csr.ts";
import { runChild } from "../child.ts";
import { runKernel } from "../kernel/harness.ts";
import { CRIMES } from "./crimes.ts";

const repository = new URL("../../", import.meta.url).pathname;
const ILL = 4, TRAP = 5;
const T1 = 6;

interface Word {
  readonly bits: number;
  readonly name: string;
  /** The signal it must raise; 0 where it runs. */
  readonly signal: number;
}

const SYSTEM = 0x73;
const COUNTERS: readonly number[] = [CSR.cycle, CSR.time, CSR.instret];
const ALLOWED: readonly number[] = Object.values(CSR);

/** The form of a CSR instruction and whether it writes. */
const FORMS = [
  { name: "csrrw t1, CSR, t1", funct3: 1, source: T1, writes: true },
  { name: "csrrs t1, CSR, zero", funct3: 2, source: 0, writes: false },
  { name: "csrrs t1, CSR, t1", funct3: 2, source: T1, writes: true },
  { name: "csrrc t1, CSR, t1", funct3: 3, source: T1, writes: true },
  { name: "csrrwi t1, CSR, 0", funct3: 5, source: 0, writes: true },
  { name: "csrrci t1, CSR, 0", funct3: 7, source: 0, writes: false },
] as const;

function csrWords(): Word[] {
  const words: Word[] = [];
  for (let csr = 0; csr < 4096; csr++) {
    for (const form of FORMS) {
      const fine = ALLOWED.includes(csr) && !(form.writes && COUNTERS.includes(csr));
      words.push({
        bits: (csr << 20 | form.source << 15 | form.funct3 << 12 | T1 << 7 | SYSTEM) >>> 0,
        name: form.name.replace("CSR", `0x${csr.toString(16)}`),
        signal: fine ? 0 : ILL,
      });
    }
  }
  return words;
}

const word = (name: string, bits: number, signal: number = ILL): Word => ({ name, bits, signal });

function privilegedWords(): Word[] {
  const words = [
    word("sret", 0x10200073),
    word("mret", 0x30200073),
    word("uret", 0x00200073),
    word("mnret", 0x70200073),
    word("dret", 0x7b200073),
    word("wfi", 0x10500073),
    word("sfence.w.inval", 0x18000073),
    word("sfence.inval.ir", 0x18100073),
    word("ebreak", 0x00100073, TRAP),
    word("c.ebreak", 0x00019002, TRAP),
    word("all ones", 0xffffffff),
    word("all zeros", 0),
    word("c.unimp", 0x00010000),
    word("ecall with rd", 0x000000f3),
    word("ecall with rs1", 0x00008073),
    word("ebreak with rd", 0x001000f3),
  ];
  for (const [name, funct7] of [["sfence.vma", 9], ["sinval.vma", 11]] as const) {
    for (const [rs1, rs2] of [[0, 0], [T1, 0], [0, T1], [T1, T1]]) {
      words.push(word(`${name} x${rs1}, x${rs2}`, funct7 << 25 | rs2 << 20 | rs1 << 15 | SYSTEM));
    }
  }
  for (const [name, funct7] of [["hfence.vvma", 17], ["hfence.gvma", 49]] as const) {
    words.push(word(name, (funct7 << 25 | SYSTEM) >>> 0));
  }
  // hlv.b, hlv.w, hsv.b, hsv.d: loads and stores as a guest of a hypervisor.
  for (
    const [name, funct7] of [["hlv.b", 48], ["hlv.w", 52], ["hsv.b", 49], ["hsv.d", 55]] as const
  ) {
    words.push(word(name, (funct7 << 25 | T1 << 15 | 4 << 12 | SYSTEM) >>> 0));
  }
  return words;
}

const WORDS: readonly Word[] = [...privilegedWords(), ...csrWords()];

const input = new Uint8Array(Uint32Array.from(WORDS, (w) => w.bits).buffer);

Deno.test(`words: ${WORDS.length} instructions raise SIGILL at themselves, or are user mode's`, () => {
  const run = runKernel({ program: CRIMES, args: ["words"], input });
  assert.equal(run.status, 0);
  assert.equal(run.stdout.length, WORDS.length);
  WORDS.forEach((w, i) => assert.equal(run.stdout.charCodeAt(i), w.signal, w.name));
});

/** CSR numbers that qemu gives user mode and we do not have. */
function onlyQemu(bits: number): string | undefined {
  if ((bits & 0x7f) !== SYSTEM || (bits >>> 12 & 7) === 0) return undefined;
  const csr = bits >>> 20;
  if (csr >= 0xc03 && csr <= 0xc1f) return "hardware performance counters, all zero";
  return undefined;
}

Deno.test("words: qemu-riscv64 raises the same signals", async () => {
  let theirs: Uint8Array;
  try {
    const args = ["-cpu", "rv64,v=false", repository + CRIMES, "words"];
    const { stdout, status } = await runChild("qemu-riscv64", args, { stdin: input });
    assert.equal(status, 0);
    theirs = stdout;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return console.log("skipped: qemu-riscv64 is not installed");
  }
  WORDS.forEach((w, i) => {
    if (onlyQemu(w.bits) === undefined) assert.equal(theirs[i], w.signal, w.name);
  });
});
