/**
 * Which registers a region must bring from memory, where, and which it must store when it is left.
 * Sets of registers are bit masks: bit n is register slot n, x0 and the sink never in them.
 */
import { REGISTER } from "../../machine/memory/layout.ts";
import { ops } from "../ops.ts";
import type { ControlFlow } from "./control_flow.ts";
import type { Block, RegionOp } from "./region.ts";

/** Arrays are indexed by the nodes of the control flow. */
export interface RegisterFlow {
  /** Registers that may differ from memory when a block begins. */
  readonly dirty: readonly bigint[];
  /** Registers that it writes. */
  readonly defines: readonly bigint[];
  /** Registers to load where a node begins. It is passed at most once in a run of the region. */
  readonly loads: readonly bigint[];
}

/** The registers an op writes. */
export function written(op: RegionOp): bigint {
  return ops[op.name].shape.includes("a") ? bit(op.a) : 0n;
}

/** The registers an op reads. */
export function read(op: RegionOp): bigint {
  const { shape } = ops[op.name];
  let mask = 0n;
  for (const operand of ["b", "c", "d"] as const) {
    if (shape.includes(operand)) mask |= bit(op[operand]);
  }
  return mask;
}

function bit(register: number): bigint {
  return register === REGISTER.x0 || register === REGISTER.sink ? 0n : 1n << BigInt(register);
}

/** The registers of a mask, lowest first. */
export function registersOf(mask: bigint): number[] {
  const registers: number[] = [];
  for (let register = 0; register < REGISTER.sink; register++) {
    if ((mask >> BigInt(register) & 1n) === 1n) registers.push(register);
  }
  return registers;
}

/** Follows registers through a region. Its blocks are the flow's first nodes. */
export function registerFlow(blocks: readonly Block[], flow: ControlFlow): RegisterFlow {
  const sequence = reversePostorder(flow);
  const defines = flow.nodes.map((_, n) => maskOf(blocks[n]?.ops ?? [], written));
  const dirty = forwards(flow, sequence, defines);
  // Every block may be left before its first op, and stores then what is dirty.
  const uses = flow.nodes.map((_, n) => n < blocks.length ? exposed(blocks[n]!) | dirty[n]! : 0n);
  const live = backwards(flow, sequence, defines, uses);
  const mentioned = flow.nodes.map((_, n) => defines[n]! | uses[n]!);
  return { dirty, defines, loads: placeLoads(flow, sequence, mentioned, live) };
}

function maskOf(list: readonly RegionOp[], of: (op: RegionOp) => bigint): bigint {
  return list.reduce((mask, op) => mask | of(op), 0n);
}

/** Registers that a block reads before it writes them. */
function exposed(block: Block): bigint {
  let reads = 0n, writes = 0n;
  for (const op of block.ops) {
    reads |= read(op) & ~writes;
    writes |= written(op);
  }
  return reads;
}

function reversePostorder(flow: ControlFlow): number[] {
  const nodes = flow.nodes.map((_, n) => n).filter((n) => flow.order[n]! >= 0);
  return nodes.sort((x, y) => flow.order[x]! - flow.order[y]!);
}

/** What may have been written before each node. */
function forwards(
  flow: ControlFlow,
  sequence: readonly number[],
  defines: readonly bigint[],
): bigint[] {
  const before = flow.nodes.map(() => 0n);
  for (let changed = true; changed;) {
    changed = false;
    for (const n of sequence) {
      const after = before[n]! | defines[n]!;
      for (const { to } of flow.nodes[n]!.edges) {
        if ((after & ~before[to]!) === 0n) continue;
        before[to]! |= after;
        changed = true;
      }
    }
  }
  return before;
}

/** What is read later, at the beginning of each node, before it is written. */
function backwards(
  flow: ControlFlow,
  sequence: readonly number[],
  defines: readonly bigint[],
  uses: readonly bigint[],
): bigint[] {
  const live = flow.nodes.map(() => 0n);
  const back = [...sequence].reverse();
  for (let changed = true; changed;) {
    changed = false;
    for (const n of back) {
      let after = 0n;
      for (const { to } of flow.nodes[n]!.edges) after |= live[to]!;
      const before = uses[n]! | (after & ~defines[n]!);
      if (before === live[n]) continue;
      live[n] = before;
      changed = true;
    }
  }
  return live;
}

/**
 * A register is loaded where everything that reads or writes it is still ahead, as late as that
 * goes, and outside all loops: memory has not changed by then, and will not be asked again.
 */
function placeLoads(
  flow: ControlFlow,
  sequence: readonly number[],
  mentioned: readonly bigint[],
  live: readonly bigint[],
): bigint[] {
  const above = new Int32Array(flow.nodes.length).fill(-1);
  flow.children.forEach((list, n) => list.forEach((child) => above[child] = n));
  const header = outermostHeaders(flow, sequence);
  const loads = flow.nodes.map(() => 0n);
  const all = mentioned.reduce((mask, each) => mask | each, 0n);
  for (const register of registersOf(all)) {
    const mask = 1n << BigInt(register);
    let place = -1;
    for (const n of sequence) {
      if ((mentioned[n]! & mask) !== 0n) place = place < 0 ? n : common(flow, above, place, n);
    }
    if (place < 0) continue;
    while (header[place] !== -1) place = above[header[place]!]!;
    loads[place]! |= live[place]! & mask;
  }
  return loads;
}

function common(flow: ControlFlow, above: Int32Array, x: number, y: number): number {
  while (x !== y) {
    while (flow.order[x]! > flow.order[y]!) x = above[x]!;
    while (flow.order[y]! > flow.order[x]!) y = above[y]!;
  }
  return x;
}

/** The header of the outermost loop that each node lies in, -1 outside of loops. */
function outermostHeaders(flow: ControlFlow, sequence: readonly number[]): Int32Array {
  const comesFrom: number[][] = flow.nodes.map(() => []);
  for (const n of sequence) for (const { to } of flow.nodes[n]!.edges) comesFrom[to]!.push(n);
  const headers = new Int32Array(flow.nodes.length).fill(-1);
  for (const header of sequence) {
    // An outer loop's header comes first.
    if (flow.isLoop[header] === 0 || headers[header] !== -1) continue;
    const waiting = comesFrom[header]!.filter((n) => flow.order[n]! >= flow.order[header]!);
    headers[header] = header;
    for (let n = waiting.pop(); n !== undefined; n = waiting.pop()) {
      if (headers[n] === header) continue;
      headers[n] = header;
      waiting.push(...comesFrom[n]!);
    }
  }
  return headers;
}
