import { INTERRUPT_CONTROLLER } from "../../core/effect.ts";
import type { MachineControl } from "./actuate.ts";
import { Aclint } from "./devices/aclint.ts";
import type { InputLatencies } from "./config.ts";
import type { Demands } from "./inputs/demands.ts";
import type { HartClocks } from "./time/hart_clocks.ts";
import { type MachineState, ONE } from "./machine_state.ts";
import { Plic, PlicOffset } from "./devices/plic.ts";
import type { ConsoleDevice } from "./ports.ts";
import type { Schedule } from "./time/schedule.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const one = ONE;

/** Kinds of nudge: what an effect left for a hart. */
const Nudge = { Software: 1, Continue: 2 } as const;

/** Hart whose context gets device interrupts. */
const DEVICE_HART = 0;

/**
 * What waits for each hart, and who may run. Effects reach it as MachineControl; what they left for
 * other harts takes effect once the event's cost is booked, so that a woken hart resumes no earlier
 * than its waker.
 */
export class Harts implements MachineControl {
  /** The hart whose slice is running, -1 between slices. */
  running = -1;
  /** The hart whose event is being applied. */
  private eventHart = 0;
  /** End of the round under way, ticks; the next one's start between rounds. */
  private roundEnd = 0;
  private readonly nudges: Uint8Array;
  private nudged = 0;
  /** Timer compare of each hart in whole ticks, Infinity while off; derived from the ACLINT. */
  private readonly timerTicks: Float64Array;
  private readonly table: MachineState["hartClock"];
  private readonly shutdown: Uint8Array;
  private readonly thread: Uint32Array;
  private readonly continues: Uint8Array;
  private readonly external: Uint8Array;

  constructor(
    private readonly state: MachineState,
    private readonly count: number,
    private readonly clocks: HartClocks,
    private readonly schedule: Schedule,
    private readonly demands: Demands,
    private readonly aclint: Aclint,
    private readonly plic: Plic,
    private readonly console: ConsoleDevice,
    private readonly tickNs: number,
    private readonly latencies: InputLatencies,
  ) {
    this.table = state.hartClock;
    this.shutdown = state.machine.shutdown;
    this.thread = state.hartClock.thread;
    this.continues = state.hartClock.continues;
    this.external = state.hartClock.external;
    this.nudges = new Uint8Array(count);
    this.timerTicks = new Float64Array(count);
    for (let hart = 0; hart < count; hart++) this.readTimer(hart);
  }

  /** Starts a round: those that can run enter it. */
  beginRound(end: number): void {
    this.roundEnd = end;
    this.schedule.clear();
    for (let hart = 0; hart < this.count; hart++) this.enter(hart);
  }

  /** Lets a hart run in the round under way if it can and has not reached its end. */
  enter(hart: number): void {
    if (this.clocks.at(hart) < this.roundEnd && this.canRun(hart)) this.schedule.add(hart);
  }

  /**
   * Takes the hart to run next: one of the round, else the idle one that wakes first in it.
   *
   * @returns the hart, or -1 when the round is over
   */
  next(): number {
    const hart = this.schedule.take();
    if (hart >= 0) return hart;
    let best = -1;
    let earliest = this.roundEnd;
    for (let h = 0; h < this.count; h++) {
      const at = this.wakesAt(h);
      if (at < earliest) {
        earliest = at;
        best = h;
      }
    }
    if (best >= 0) this.clocks.idleTo(best, earliest);
    return best;
  }

  /** Whether no hart has anything to do before a timer or an input. */
  allIdle(): boolean {
    for (let hart = 0; hart < this.count; hart++) if (this.canRun(hart)) return false;
    return true;
  }

  /** Earliest time at which an idle hart takes an interrupt, ticks, or Infinity. */
  firstWake(): number {
    let earliest = Infinity;
    for (let hart = 0; hart < this.count; hart++) {
      earliest = Math.min(earliest, this.wakesAt(hart));
    }
    return earliest;
  }

  /** Whether a hart has something to do at its own clock. */
  canRun(hart: number): boolean {
    if (this.continues[hart + 1] !== 0 || this.softwareDue(hart)) return true;
    return !this.isShutDown() &&
      (this.thread[hart + 1] !== 0 || this.external[hart + 1] !== 0 ||
        this.timerTicks[hart] <= this.clocks.at(hart));
  }

  /** Whether a hart may execute guest code. */
  hasGuest(hart: number): boolean {
    return this.thread[hart + 1] !== 0 && !this.isShutDown();
  }

  isShutDown(): boolean {
    return this.shutdown[one] !== 0;
  }

  /** Ticks until a hart takes its next interrupt, Infinity when none is in sight. */
  untilInterrupt(hart: number): number {
    return this.interruptAt(hart) - this.clocks.at(hart);
  }

  takeSoftware(hart: number): boolean {
    if (!this.softwareDue(hart)) return false;
    this.aclint.setSoftware(hart, 0);
    return true;
  }

  /** Claims the device that interrupts: its PLIC source, or 0 when none is due. */
  takeExternal(hart: number): number {
    if (this.external[hart + 1] === 0 || this.isShutDown()) return 0;
    this.external[hart + 1] = 0;
    return this.plic.claim(Plic.supervisorContext(hart));
  }

  completeExternal(hart: number, source: number): void {
    this.plic.complete(Plic.supervisorContext(hart), source);
  }

  /** Takes a timer interrupt that is due. The compare is off until it is set again. */
  takeTimer(hart: number): boolean {
    if (this.timerTicks[hart] > this.clocks.at(hart) || this.isShutDown()) return false;
    this.setTimer(hart, 0);
    return true;
  }

  takeContinue(hart: number): boolean {
    if (this.continues[hart + 1] === 0) return false;
    this.continues[hart + 1] = 0;
    return true;
  }

  /** Between rounds: what devices ask for now is due in the next one. */
  latchExternal(): void {
    const up = this.plic.notified(Plic.supervisorContext(DEVICE_HART));
    this.external[DEVICE_HART + 1] = up ? 1 : 0;
  }

  /** Before the effects of an event of a hart are applied. */
  beginEvent(hart: number): void {
    this.eventHart = hart;
  }

  /** Books the cost of the event applied, then lets those run that it left something for. */
  endEvent(cost: number): void {
    this.clocks.worked(this.eventHart, cost);
    for (let hart = 0; this.nudged !== 0 && hart < this.count; hart++) {
      const nudge = this.nudges[hart];
      if (nudge === 0) continue;
      this.nudges[hart] = 0;
      this.nudged--;
      if ((nudge & Nudge.Software) !== 0) this.raise(hart);
      if ((nudge & Nudge.Continue) !== 0) {
        if (hart !== this.eventHart) this.resume(hart, this.clocks.at(this.eventHart));
        this.continues[hart + 1] = 1;
      }
      if (hart !== this.running) this.enter(hart);
    }
    // An event may have given another hart's slot a thread; the hart itself is listed by its slice.
    if (this.eventHart !== this.running) this.enter(this.eventHart);
  }

  /** Lets an idle hart's clock come up to the time of an event that concerns it. */
  resume(hart: number, time: number): void {
    if (!this.canRun(hart)) this.clocks.idleTo(hart, time);
  }

  /**
   * Raises a software interrupt. An idle hart takes it no earlier than it was sent; if its timer
   * fires before that, it takes the timer first, at its time.
   */
  private raise(hart: number): void {
    let from = 0;
    if (hart !== this.eventHart && !this.canRun(hart)) {
      from = this.clocks.at(this.eventHart);
      if (this.aclint.softwarePending(hart)) {
        from = Math.min(from, this.table.softwareFrom[hart + 1]);
      }
    }
    this.aclint.setSoftware(hart, 1);
    this.table.softwareFrom[hart + 1] = from;
    if (from > 0 && this.nextTimer(hart) > from) this.clocks.idleTo(hart, from);
  }

  /** Ticks at which a hart's timer fires, Infinity while it is off or no longer taken. */
  private nextTimer(hart: number): number {
    return this.isShutDown() ? Infinity : this.timerTicks[hart];
  }

  private softwareDue(hart: number): boolean {
    return this.aclint.softwarePending(hart) &&
      this.table.softwareFrom[hart + 1] <= this.clocks.at(hart);
  }

  ipi(hart: number): void {
    this.nudge(hart, Nudge.Software);
  }

  continueOn(hart: number): void {
    this.nudge(hart, Nudge.Continue);
  }

  setTimer(hart: number, ns: number): void {
    this.aclint.setTimer(hart, ns);
    this.readTimer(hart);
  }

  requestChunk(file: number, chunk: number): void {
    if (this.isShutDown()) return;
    const due = this.clocks.at(this.eventHart) + this.latencies.chunk;
    this.demands.askChunk(file, chunk, due);
  }

  requestStream(stream: number): void {
    if (this.isShutDown()) return;
    this.demands.askStream(stream, this.clocks.at(this.eventHart) + this.latencies.stream);
  }

  deviceWrite(device: number, register: number, value: number): void {
    if (device !== INTERRUPT_CONTROLLER) return this.console.write(register, value);
    this.plic.write(PlicOffset.Priority + 4 * register, value);
  }

  terminalFlow(open: number): void {
    this.state.machine.inputHeld[one] = open ^ 1;
  }

  programEnded(waitStatus: number): void {
    this.state.machine.programEnded[one] = 1;
    this.state.machine.waitStatus[one] = waitStatus;
  }

  closed(): void {
    this.state.machine.closed[one] = 1;
  }

  private nudge(hart: number, kind: number): void {
    if (this.nudges[hart] === 0) this.nudged++;
    this.nudges[hart] |= kind;
  }

  /** When an idle hart wakes, ticks; never before its own clock. */
  private wakesAt(hart: number): number {
    return Math.max(this.interruptAt(hart), this.clocks.at(hart));
  }

  private interruptAt(hart: number): number {
    const timer = this.nextTimer(hart);
    if (!this.aclint.softwarePending(hart)) return timer;
    return Math.min(timer, this.table.softwareFrom[hart + 1]);
  }

  private readTimer(hart: number): void {
    this.timerTicks[hart] = Math.ceil(this.aclint.timer(hart) / this.tickNs);
  }
}
