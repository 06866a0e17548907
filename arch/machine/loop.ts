import { KernelDefect } from "../../core/assert.ts";
import { EffectKind } from "../../core/effect.ts";
import { EVENT_NAMES, EventKind } from "../../core/event.ts";
import { HART_TIME_NS } from "../../core/limits.ts";
import { EXIT } from "../ir/interpreter.ts";
import {
  type EventCosts,
  InterruptCause,
  KERNEL_HASH_EVENTS,
  MACHINE_HASH_INSTRUCTIONS,
  ShutdownCause,
  SLICE_FLOOR,
} from "./config.ts";
import {
  ARRIVING_REGISTERS,
  BOUNDARY_ARGUMENT,
  NO_MORE_INPUT,
  setArgument,
} from "./inputs/host_inputs.ts";
import type { RecordedEvent } from "../../core/event.ts";
import type { Actuate } from "./actuate.ts";
import type { Harts } from "./harts.ts";
import type { Cpu } from "./memory/cpu.ts";
import type { EventSink, MachineReducer } from "./ports.ts";
import type { Sense } from "./sense.ts";
import { HART, hartBlock } from "./memory/layout.ts";
import { MachineDefect } from "./machine_defect.ts";
import type { MachineParts } from "./machine_parts.ts";
import { ONE } from "./machine_state.ts";
import { emptyRounds } from "./time/schedule.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { trap: EXIT_TRAP } = EXIT;
const { SampleRegisters } = EffectKind;
const { Boot, Continue, External, Input, Ipi, Shutdown, Timer } = EventKind;
const {
  clockAtEntry: HART_CLOCK_AT_ENTRY,
  executed: HART_EXECUTED,
  reservationSize: HART_RESERVATION_SIZE,
} = HART;
const { External: ExternalCause, Software, Timer: TimerCause } = InterruptCause;
const { Deadlock, InitExit, Limit, PowerOff } = ShutdownCause;
const one = ONE;

/** The whole machine's loop: sense, append, reduce, actuate. */
export class Loop {
  private readonly hash = new Uint32Array(4);
  /** Order at which an idle machine could not go on, -1 otherwise. */
  private stuckAt = -1;

  /**
   * Last time an idle machine goes to, ticks: what is armed beyond it never comes. The eighth kept
   * back is far more than whatever runs after that can book.
   */
  private readonly lastTime: number;

  // What each event asks for, two steps nearer than through the parts and their tables.
  private readonly closed: Uint8Array;
  private readonly order: Float64Array;
  private readonly retired: Float64Array;
  private readonly programEnded: Uint8Array;
  private readonly sequence: Float64Array;
  private readonly clock: Float64Array;
  private readonly event: RecordedEvent;
  private readonly harts: Harts;
  private readonly cpu: Cpu;
  private readonly senses: Sense;
  private readonly u32: Uint32Array;
  private readonly reducer: MachineReducer;
  private readonly actuates: Actuate;
  private readonly sink: EventSink;
  private readonly tickNs: number;
  private readonly baseCosts: EventCosts["base"];
  private readonly unitCost: number;
  /** Index in words of each hart's block. */
  private readonly blocks: Int32Array;

  constructor(private readonly m: MachineParts) {
    const { harts, tickNs } = m.config;
    const { machine, state: { hartClock } } = m;
    this.closed = machine.closed;
    this.order = machine.order;
    this.retired = machine.retired;
    this.programEnded = machine.programEnded;
    this.sequence = hartClock.sequence;
    this.clock = hartClock.clock;
    this.event = m.event;
    this.harts = m.harts;
    this.cpu = m.cpu;
    this.senses = m.sense;
    this.u32 = m.u32;
    this.reducer = m.reducer;
    this.actuates = m.actuate;
    this.sink = m.sink;
    this.tickNs = tickNs;
    this.baseCosts = m.costs.base;
    this.unitCost = m.costs.unit;
    this.blocks = Int32Array.from({ length: harts }, (_, hart) => hartBlock(m.layout, hart) / 4);
    this.lastTime = Math.floor(HART_TIME_NS / 8 * 7 / (harts * tickNs));
  }

  /**
   * Runs a boot to the end of its books.
   *
   * @returns false when the recorded inputs ended before
   * @throws {MachineDefect} for a defect; whatever the sink or the host throws passes through
   */
  run(): boolean {
    const { harts, machine } = this.m;
    this.boot();
    while (machine.closed[one] === 0) {
      this.boundary();
      if (!harts.allIdle()) this.round();
      else if (machine.closed[one] === 0 && !this.passIdle()) return false;
    }
    this.finish();
    return true;
  }

  /** One round: each hart that has something to do reaches the round's end. */
  private round(): void {
    const { harts, machine, config } = this.m;
    const end = machine.time[one] + config.roundTicks;
    harts.beginRound(end);
    for (let hart = harts.next(); hart >= 0; hart = harts.next()) {
      this.slice(hart, end);
      if (machine.closed[one] !== 0) return;
      harts.enter(hart);
    }
    this.endRounds(end);
  }

  /** One slice of a hart, in a round that ends at `end`. */
  private slice(hart: number, end: number): void {
    const { harts, clocks, schedule, state: { hartClock } } = this.m;
    harts.running = hart;
    // Interrupts come first, so that the slice is measured from its first instruction.
    while (clocks.at(hart) < end && this.senseDue(hart)) this.handle();
    const left = end - clocks.at(hart);
    if (left > 0 && harts.hasGuest(hart)) {
      const ticks = schedule.slice(left, hartClock.shortSlice[hart + 1] === 1);
      hartClock.shortSlice[hart + 1] = ticks < SLICE_FLOOR ? 1 : 0;
      const until = clocks.at(hart) + ticks;
      while (this.sense(hart, until)) this.handle();
    }
    harts.running = -1;
  }

  /** An event has been sensed: the other three verbs, and again for what must follow at once. */
  private handle(): void {
    do {
      this.append();
      this.reduce();
      this.actuate();
    } while (this.senseReply());
  }

  /** Runs guest code until something happens before the slice ends; false when nothing did. */
  private sense(hart: number, until: number): boolean {
    const { harts, u32, cpu } = this;
    const block = this.blocks[hart];
    for (;;) {
      const clock = this.clock[hart + 1];
      if (clock >= until) return false;
      if (this.senseDue(hart)) return true;
      if (!harts.hasGuest(hart)) return false;
      u32[block + HART_CLOCK_AT_ENTRY / 4] = clock;
      u32[block + HART_CLOCK_AT_ENTRY / 4 + 1] = clock / 2 ** 32;
      const exit = cpu.run(hart, Math.min(until - clock, harts.untilInterrupt(hart)));
      u32[block + HART_RESERVATION_SIZE / 4] = 0;
      const executed = u32[block + HART_EXECUTED / 4];
      this.m.clocks.ran(hart, executed);
      this.retired[one] += executed;
      if (exit === EXIT_TRAP) {
        this.senses.trap(hart, this.clock[hart + 1]);
        return true;
      }
    }
  }

  private append(): void {
    const { event } = this;
    const row = event.hart + 1;
    event.order = this.order[one]++;
    event.sequence = this.sequence[row]++;
    event.time = this.clock[row] * this.tickNs;
    this.sink.append(event);
  }

  private reduce(): void {
    const { event, reducer, sink } = this;
    let refusal = 0;
    try {
      refusal = reducer.reduce(event);
    } catch (error) {
      throw new MachineDefect(defectLine(event.order, event.kind, error), event.order, {
        cause: error,
      });
    }
    // What the machine makes is never refused: something is wrong on one of the two sides.
    if (refusal !== 0) {
      const what = defectLine(event.order, event.kind, `the kernel refused it (${refusal})`);
      throw new MachineDefect(what, event.order);
    }
    // A power of two: a remainder of doubles costs more than all the rest of this function.
    if (((event.order + 1) & (KERNEL_HASH_EVENTS - 1)) === 0) {
      reducer.hash(this.hash);
      sink.kHash(event.order, this.hash);
    }
  }

  private actuate(): void {
    const { event, actuates, harts } = this;
    harts.beginEvent(event.hart);
    actuates.apply();
    if (event.kind === External) harts.completeExternal(event.hart, event.valueLo);
    this.m.output.flush();
    harts.endEvent(Math.max(1, this.baseCosts[event.kind] + actuates.units * this.unitCost));
  }

  /** What must be the very next event: a sample's reply, or the end of the first process. */
  private senseReply(): boolean {
    const { actuates, event, senses } = this;
    if (this.closed[one] !== 0) return false;
    if (actuates.sampleAt >= 0) {
      const w = this.reducer.effects.words;
      const at = actuates.sampleAt;
      if (w[at] === SampleRegisters) senses.sampleRegisters(event.hart, w[at + 1]);
      else senses.sampleFrame(event.hart, w[at + 1], w[at + 2], w[at + 3]);
      return true;
    }
    if (this.programEnded[one] === 0 || this.harts.isShutDown()) return false;
    this.harts.resume(0, this.clock[event.hart + 1]);
    this.senseShutdown(InitExit);
    return true;
  }

  /** What is due at a hart before its next instruction: interrupts in order, then continuations. */
  private senseDue(hart: number): boolean {
    const { harts, senses } = this;
    if (this.closed[one] !== 0) return false;
    if (harts.takeSoftware(hart)) {
      senses.plain(hart, Ipi, Software);
      return true;
    }
    const source = harts.takeExternal(hart);
    if (source !== 0) {
      this.senseExternal(hart, source);
      return true;
    }
    if (harts.takeTimer(hart)) {
      senses.plain(hart, Timer, TimerCause);
      return true;
    }
    if (!harts.takeContinue(hart)) return false;
    senses.plain(hart, Continue, 0);
    return true;
  }

  private senseExternal(hart: number, source: number): void {
    const { sense, console, event, consoleSource } = this.m;
    sense.plain(hart, External, ExternalCause);
    event.valueLo = source;
    if (source === consoleSource) event.payloadLength = console.sampleInterrupt(event.payload, 0);
  }

  private senseShutdown(cause: number): void {
    this.m.machine.shutdown[one] = cause;
    this.m.demands.clear();
    this.m.sense.outside(Shutdown, cause);
  }

  private boot(): void {
    const { sense, event, config, inputs, machine } = this.m;
    sense.outside(Boot, 0);
    event.payload.set(config.boot);
    event.payloadLength = config.boot.length;
    this.handle();
    for (;;) {
      sense.outside(Input, 0);
      if (!inputs.initial(event, machine.order[one])) return;
      this.handle();
    }
  }

  /** Between two rounds: hashes and limits, then what comes from outside, then devices. */
  private boundary(): void {
    const { machine, config, inputs, harts } = this.m;
    if (machine.retired[one] >= machine.nextHash[one]) this.hashMachine();
    const now = machine.time[one] * config.tickNs;
    if (!harts.isShutDown()) {
      if (machine.retired[one] >= config.instructionLimit) {
        this.senseShutdown(Limit);
        this.handle();
      } else if (inputs.powerOff(now, machine.order[one])) {
        this.senseShutdown(PowerOff);
        this.stampBoundary(now);
        this.handle();
      } else this.takeInputs(now);
    }
    harts.latchExternal();
  }

  private takeInputs(now: number): void {
    const { machine, demands, inputs, sense, event, state, staging, sink, digest, harts } = this.m;
    while (!harts.isShutDown() && demands.due() <= machine.time[one]) {
      const row = demands.first();
      const { kind, unit, chunk } = state.demand;
      sense.outside(Input, 0);
      const staged = inputs.demanded(
        event,
        kind[row],
        unit[row],
        chunk[row],
        staging,
        machine.order[one],
      );
      demands.remove();
      if (staged > 0) {
        for (let i = 0; i < digest.length; i++) digest[i] = event.payload[i];
        sink.blob(digest, staging, staged);
      }
      this.handle();
    }
    while (!harts.isShutDown() && machine.inputHeld[one] === 0) {
      sense.outside(Input, 0);
      if (!inputs.arriving(event, now, machine.order[one])) return;
      this.stampBoundary(now);
      this.handle();
    }
  }

  private stampBoundary(now: number): void {
    const { event } = this.m;
    for (let i = event.registerCount; i < ARRIVING_REGISTERS; i++) setArgument(event, i, 0);
    event.registerCount = ARRIVING_REGISTERS;
    setArgument(event, BOUNDARY_ARGUMENT, now);
  }

  /** Every hart is idle: goes to the next thing that is due. False when a recording ended. */
  private passIdle(): boolean {
    const { machine, harts, demands, config, inputs } = this.m;
    const order = machine.order[one];
    const time = machine.time[one];
    const timer = harts.firstWake();
    const wake = timer <= this.lastTime ? timer : Infinity;
    const empty = emptyRounds(time, config.roundTicks, wake, demands.due());
    if (empty === 0) {
      this.round();
      return true;
    }
    if (empty === Infinity && harts.isShutDown()) {
      throw new MachineDefect("defect: the shutdown stopped before the books closed", order - 1);
    }
    const held = machine.inputHeld[one] === 1;
    if (empty === Infinity && held && inputs.mayArrive()) {
      // Nothing will ever read what is held back: it may as well come in, and be lost or be a ^C.
      machine.inputHeld[one] = 0;
      return true;
    }
    if (empty === Infinity && !inputs.mayArrive()) {
      this.senseShutdown(Deadlock);
      this.handle();
      return true;
    }
    const roundNs = config.roundTicks * config.tickNs;
    const now = time * config.tickNs;
    const until = now + empty * roundNs;
    const go = harts.isShutDown() || held ? until : inputs.idleUntil(now, until, order);
    if (go === NO_MORE_INPUT) return false;
    const passed = Math.min(empty, Math.ceil((go - now) / roundNs));
    // Going on at the same time once lets an input be taken; twice would be for ever.
    if (passed === 0 && this.stuckAt === order) return false;
    this.stuckAt = passed === 0 ? order : -1;
    this.endRounds(time + passed * config.roundTicks);
    return true;
  }

  /** All harts have come to a time: idle ones book the rest, and the books of time must balance. */
  private endRounds(end: number): void {
    const { machine, clocks, config } = this.m;
    for (let hart = 0; hart < config.harts; hart++) clocks.idleTo(hart, end);
    machine.time[one] = end;
    const wrong = clocks.check(end);
    if (wrong !== "") throw new MachineDefect(`defect: ${wrong}`, machine.order[one] - 1);
  }

  private hashMachine(): void {
    const { machine, machineHash, sink, config } = this.m;
    const round = Math.floor(machine.time[one] / config.roundTicks);
    while (machine.nextHash[one] <= machine.retired[one]) {
      machine.nextHash[one] += MACHINE_HASH_INSTRUCTIONS;
    }
    machineHash.take(this.hash);
    sink.mHash(machine.order[one] - 1, round, this.hash);
  }

  /** After the last event: the round is booked to its end, and both hashes close the journal. */
  private finish(): void {
    const { machine, config, reducer, sink } = this.m;
    this.endRounds(machine.time[one] + config.roundTicks);
    reducer.hash(this.hash);
    sink.kHash(machine.order[one] - 1, this.hash);
    this.hashMachine();
    sink.end();
  }
}

function defectLine(order: number, kind: number, error: unknown): string {
  const what = error instanceof Error ? error.message : String(error);
  const rule = error instanceof KernelDefect ? `rule broken: ${what}` : what;
  return `defect at event ${order} (${EVENT_NAMES[kind]}): ${rule}`;
}
