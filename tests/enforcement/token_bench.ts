/** A kernel without a machine in which one process makes calls that are to be refused. */
import assert from "node:assert/strict";
import { EFFECT_ARITY } from "../../core/effect.ts";
import { Bench, type Given } from "../../core/proc/testing.ts";
import { compareArenas, differenceText, Snapshot } from "../../core/state/snapshot.ts";
import { IRQ_SOURCES } from "../../core/sched/tables.ts";
import { syscallRows } from "../../core/syscall/rows.ts";
import { ALLOWED_EFFECTS, copyPassing } from "./state_watch.ts";

const NR = new Map(syscallRows.map(({ name, number }) => [name, number]));

/** Number of a call by name. */
export function numberOf(name: string): number {
  const number = NR.get(name);
  assert.ok(number !== undefined, `there is a call ${name}`);
  return number;
}

/** Where a call leaves what its own arguments say, whatever comes of it. */
const ARGUMENTS = [
  "sendParts",
  "replyParts",
  "partAddress",
  "partLength",
  "sendLength",
  "replyLength",
]
  .map((column) => ["message", column] as const);

/** Init on hart 0 and its child on hart 1. */
export class TokenBench extends Bench {
  readonly #before = new Snapshot(this.world.layout);
  readonly child: number;

  constructor() {
    super();
    this.child = this.processOf(this.fork());
  }

  /** A call by name that must answer a value. */
  make(hart: number, name: string, ...args: Given[]): number {
    const value = this.call(hart, numberOf(name), ...args);
    assert.ok(value !== undefined && value >= 0, `${name}: ${value}`);
    return value;
  }

  /** Interrupt sources nobody has bound. */
  freeSources(): number[] {
    const bound = this.s.kernel.irqOfSource.subarray(IRQ_SOURCES, 2 * IRQ_SOURCES);
    return [...bound.keys()].filter((source) => source > 0 && bound[source] === 0);
  }

  /** The other hart sends a message, and this one receives it: the number of its receipt. */
  receipt(hart: number): number {
    const chid = this.make(hart, "channel_create", 0);
    const pid = this.s.process.pid[this.processOf(this.on(hart))];
    const coid = this.make(1 - hart, "connect_attach", pid, chid);
    assert.equal(this.call(1 - hart, numberOf("msg_send"), coid, 8), undefined);
    return this.make(hart, "msg_receive", chid, 0, 0, 0);
  }

  /** A call of init, one event, that must be refused and change nothing; its answer. */
  refused(hart: number, number: number, args: readonly Given[], what: string): number {
    const arena = {
      layout: this.world.layout,
      buffer: this.s.process.pid.buffer,
      base: 0,
    };
    this.#before.take(arena);
    const thread = this.on(hart);
    this.enter(hart, number, ...args);
    const answer = this.results.get(thread);
    assert.ok(answer !== undefined && answer < 0, `${what}: ${answer}, it is refused`);
    const { words, length } = this.world.fx;
    for (let at = 0; at < length; at += 1 + EFFECT_ARITY[words[at]]) {
      assert.ok(ALLOWED_EFFECTS.includes(words[at]), `${what}: effect ${words[at]}`);
    }
    copyPassing(arena, this.#before, ARGUMENTS);
    const difference = compareArenas(this.#before, arena);
    assert.equal(difference === null ? "" : differenceText(difference), "", what);
    return answer;
  }
}
