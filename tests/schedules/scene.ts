/**
 * A kernel without a machine, for trying every order of events: harts whose threads run small
 * scripts, and what the effects ask for (steps, IPIs, timers, samples, host inputs) as choices. The
 * TLBs of harts forget only what an interrupt or the hart's own event makes them, as late as the
 * kernel's protocol allows.
 */
import { type SceneOptions, TABLES } from "./scene_options.ts";
import { encodeBoot } from "../../core/boot.ts";
import { EFFECT_ARITY, EffectKind } from "../../core/effect.ts";
import { AccessKind, EventKind, InputKind, SampleKind } from "../../core/event.ts";
import { Cause } from "../../core/isa/riscv64.ts";
import { registerSample, signalFrame } from "../../core/isa/signal_frame.ts";
import { ONE, type State } from "../../core/kernel.ts";
import { Auditor } from "../../core/ledger/auditor.ts";
import { FrameRole } from "../../core/mem/tables.ts";
import { ProcessState, ShutdownReason } from "../../core/proc/tables.ts";
import { layoutKernel, makeReducer, type Reducer } from "../../core/reducer.ts";
import { ThreadState } from "../../core/sched/tables.ts";
import { firstDeadline } from "../../core/sched/timer.ts";
import { Snapshot } from "../../core/state/snapshot.ts";
import { rowOf } from "../../core/syscall/rows.ts";
import { leftOver, NodeWatch, revocationsAfter } from "./delegation.ts";
import { bytesOf, isRead, isWord, LOCAL } from "./arguments.ts";
import { EventWriter } from "./event_writer.ts";
import {
  catchUp,
  fill,
  invalidate,
  lookUp,
  mayHold,
  staleFrame,
  tlbKey,
  touchInterrupted,
  walkTables,
} from "./late_tlbs.ts";
import {
  type Actor,
  copyModel,
  emptyModel,
  type Mark,
  type Model,
  type Scenario,
} from "./scene_state.ts";
import { lostWakeup, waitName } from "./wakeups.ts";
import { type Argument, CODE, FIRST_SP, type Op, OP_BYTES, type Word } from "./script.ts";
import { treeRecords, writeProgram } from "./program.ts";
import { hasWork } from "./has_work.ts";
import { retireAsids } from "./few_asids.ts";
import { unasked } from "./unasked.ts";

/** What a load from a frame finds that was given back and not cleared since. */
export const LEFT_BEHIND = 238;
/** Frames a model machine has, all of them with backing. */
export const MODEL_FRAMES = 400;
/** What an event takes, ns, unless a scene says otherwise. */
const EVENT_NS = 1000;
const PAGE_BYTES = 4096;

const encoder = new TextEncoder();

/** One boot of a scenario, and where it has come to. */
export class Scene {
  readonly kernel: Reducer;
  readonly s: State;
  readonly auditor: Auditor;
  /** What went wrong with the last event, or "". */
  fault = "";
  private m: Model;
  private readonly e = new EventWriter();
  private readonly hashWords = new Uint32Array(4);

  private readonly eventNs: number;
  private readonly nodes: NodeWatch;

  constructor(readonly scenario: Scenario, private readonly options: SceneOptions = {}) {
    const layout = layoutKernel(TABLES);
    const buffer = new ArrayBuffer(layout.bytes);
    this.kernel = options.kernel?.(layout, buffer) ?? makeReducer(layout, buffer, 0);
    this.eventNs = options.eventNs ?? EVENT_NS;
    this.s = this.kernel.state;
    this.nodes = new NodeWatch(this.s);
    this.auditor = new Auditor(this.s);
    this.m = emptyModel(scenario.harts, scenario.preemptions ?? 0);
    this.boot();
  }

  /** Events so far. */
  get events(): number {
    return this.m.order;
  }
  /** What the last event was. */
  get last(): string {
    return this.m.last;
  }
  /** Whether every actor has come to `go`. */
  get started(): boolean {
    return this.m.started;
  }
  /** Places where a thread has blocked, as `call:WaitKind`. */
  get sites(): readonly string[] {
    return this.m.sites;
  }
  /** All that the scene knows beside the arena. */
  get model(): Model {
    return this.m;
  }
  /** The last event that was sent. */
  get event(): EventWriter {
    return this.e;
  }

  /** Puts the scene where a model of it was; the caller puts the arena there. */
  resume(model: Model): void {
    this.m = model;
    this.fault = "";
  }

  /** Runs on to where the next thing to happen may be seen by more than one thread. */
  settle(): void {
    while (this.m.sample !== null && this.fault === "") this.reply();
    if (this.m.ended) return;
    for (let hart = 0; hart < this.scenario.harts; hart++) {
      while (this.fault === "" && !this.m.continues[hart] && this.isLocal(hart)) this.guest(hart);
    }
  }

  private isLocal(hart: number): boolean {
    const actor = this.current(hart);
    const op = actor === undefined ? undefined : this.op(actor);
    return op !== undefined && LOCAL.has(op.kind) && this.canStep(hart);
  }

  /** Keeps where the scene has come to. */
  mark(): Mark {
    const arena = new Snapshot(this.kernel.layout);
    arena.take(this.arena());
    return { arena, model: copyModel(this.m) };
  }

  /** Goes back to a mark; it can be gone back to again. */
  back(mark: Mark): void {
    mark.arena.restore(this.arena());
    this.m = copyModel(mark.model);
    this.fault = "";
  }

  /** A text that is equal for equal states. */
  key(): string {
    this.kernel.hash(this.hashWords);
    const m = this.m;
    const parts = [
      this.hashWords.join(),
      m.actors.map((a) => a === undefined ? "" : `${a.at},${a.sp},${a.a0},${a.calling}|${a.log}`)
        .join(";"),
      m.time,
      m.timer,
      m.continues,
      m.ipi,
      m.inputs,
      m.arrived,
      m.preemptions,
      JSON.stringify(m.sample),
      [...m.cells].sort().join(";"),
      tlbKey(m.tlbs),
    ];
    return parts.join("#");
  }

  /** What can happen next: letters for the kind and a hart's number, or an input's. */
  choices(): string[] {
    const m = this.m;
    if (m.ended || this.fault !== "") return [];
    if (m.sample !== null) return ["s"];
    const found: string[] = [];
    for (let hart = 0; hart < this.scenario.harts; hart++) {
      if (m.continues[hart]) found.push(`c${hart}`);
      else if (this.canStep(hart)) found.push(`g${hart}`);
      if (m.ipi[hart]) found.push(`i${hart}`);
      if (this.timerIsDeadline(hart) || (m.timer[hart] > 0 && m.preemptions > 0)) {
        found.push(`t${hart}`);
      }
    }
    for (let i = 0; i < m.inputs.length; i++) found.push(`n${i}`);
    if (m.started && m.arrived < (this.scenario.arrivals?.length ?? 0)) found.push("a");
    if (found.length > 0) return found;
    // Whoever runs has nothing more to do: only the end of its turn lets others go on.
    for (let hart = 0; hart < this.scenario.harts; hart++) {
      if (m.timer[hart] > 0 && hasWork(this.s, this.m, this.scenario, hart)) return [`t${hart}`];
    }
    return [];
  }

  /** Lets a choice happen; `fault` says what it broke. */
  take(choice: string): void {
    const n = Number(choice.slice(1));
    this.options.touch?.("end", false);
    switch (choice[0]) {
      case "s":
        return this.reply();
      case "g":
        return this.guest(n);
      case "i":
        this.m.ipi[n] = false;
        if (this.options.touch !== undefined) {
          touchInterrupted(this.m.tlbs, this.s, n, this.options.touch);
        }
        catchUp(this.m.tlbs, n);
        return this.plain(EventKind.Ipi, n, "ipi");
      case "c":
        this.m.continues[n] = false;
        return this.plain(EventKind.Continue, n, "continue");
      case "t": {
        if (!this.timerIsDeadline(n) && this.m.preemptions > 0) {
          this.m.preemptions--;
          this.options.touch?.("preemptions", true);
        }
        this.m.time[n] = Math.max(this.m.time[n] + this.eventNs, this.m.timer[n]) - this.eventNs;
        this.m.timer[n] = 0;
        return this.plain(EventKind.Timer, n, "timer");
      }
      case "n":
        return this.answer(this.m.inputs.splice(n, 1)[0]);
      case "a":
        return this.arrive();
    }
  }

  /** Runs the setting up, in one order, until every actor has come to `go`. */
  setUp(): void {
    for (let n = 0; !this.allWaitToGo(); n++) {
      const choices = this.choices();
      if (choices.length === 0 || n > 5000) {
        throw new Error(`${this.scenario.name}: setting up stops after ${this.last} ${this.fault}`);
      }
      const order = "scinatg";
      choices.sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0]));
      this.take(choices[0]);
    }
    if (this.scenario.asids !== undefined) retireAsids(this.s, this.scenario.asids);
    this.m.started = true;
    this.m.preemptions = this.scenario.preemptions ?? 0;
    for (const actor of this.m.actors) if (actor !== undefined) actor.log = [];
    this.m.sites = [];
  }

  /** What every actor has said, and how those ended that did: the result a user sees. */
  outcome(): string {
    const texts = this.m.actors.filter((a) => a !== undefined).map((a) => {
      const words = [...a.log];
      if (a.calling.length > 0 && !a.gone) words.push("blocked");
      return `${a.name}: ${words.join(" ")}`.trim();
    });
    return texts.sort().join(" | ");
  }

  /** Recount and totals of the state as it is; "" when they agree. */
  books(): string {
    const totals = this.auditor.checkTotals();
    return totals !== "" ? totals : this.auditor.recount().map((f) => f.text).join("; ");
  }

  private arena() {
    return { layout: this.kernel.layout, buffer: this.s.kernel.$header.buffer, base: 0 };
  }

  private allWaitToGo(): boolean {
    const waiting = this.m.actors.filter((a) => a !== undefined && this.op(a)?.kind === "go");
    return waiting.length === this.scenario.actors && this.choices().length === 0;
  }

  private op(actor: Actor): Op | undefined {
    return this.scenario.script.ops[actor.at];
  }

  private current(hart: number): Actor | undefined {
    const thread = this.s.hart.current[hart + 1];
    if (thread === 0 || this.s.thread.state[thread] !== ThreadState.Running) return undefined;
    return this.m.actors[thread];
  }

  /** Whether the thread a hart runs would do something. */
  private canStep(hart: number): boolean {
    if (this.s.kernel.shutdown[ONE] !== 0) return false;
    const actor = this.current(hart);
    if (actor === undefined) return false;
    const kind = this.op(actor)?.kind;
    return kind !== "halt" && (kind !== "go" || this.m.started);
  }

  private timerIsDeadline(hart: number): boolean {
    const timer = this.m.timer[hart];
    return timer > 0 && firstDeadline(this.s, hart) === timer;
  }

  private boot(): void {
    const { e } = this;
    e.kind = EventKind.Boot;
    e.payloadLength = encodeBoot({
      harts: this.scenario.harts,
      totalFrames: MODEL_FRAMES,
      backingSlots: MODEL_FRAMES,
      runMode: 1,
      streamKinds: this.scenario.terminal === true ? 7 : 0,
      columns: 80,
      rows: 24,
      startTime: 0,
    }, e.payload);
    this.send(0, "boot");
    for (const payload of treeRecords()) this.input(InputKind.Tree, () => this.e.put(payload));
    this.input(InputKind.Entropy, () => this.e.put(new Uint8Array(32).fill(7)));
    this.input(InputKind.Start, () => {
      this.e.copyIn(encoder.encode("/file"));
      this.e.copyIn(new Uint8Array([0, 0, 0, 0]));
      this.e.copyIn(new Uint8Array([0, 0, 0, 0]));
    });
  }

  private input(cause: number, fill: () => void): void {
    this.e.begin(EventKind.Input, cause);
    fill();
    this.send(0, `input ${cause}`);
  }

  private plain(kind: number, hart: number, what: string, cause = 0): void {
    this.e.begin(kind, cause);
    this.send(hart, what);
  }

  private answer(asked: string): void {
    const [what, a, b] = asked.split(" ");
    if (what === "chunk") {
      this.input(InputKind.Chunk, () => {
        this.e.valueLo = Number(a);
        this.e.registerCount = 2;
        this.e.registers[0] = Number(b);
        this.e.registers[2] = Math.min(65_536, 300_000 - Number(b) * 65_536);
        this.e.payloadLength = 32;
      });
      return;
    }
    this.input(InputKind.Stream, () => {
      this.e.valueLo = Number(a);
      this.e.registerCount = 1;
      this.e.registers[0] = 7;
      this.e.payloadLength = 32;
    });
  }

  private arrive(): void {
    const arrival = this.scenario.arrivals?.[this.m.arrived++];
    if (arrival === undefined) return;
    this.input(arrival.input, () => {
      this.e.valueLo = 1;
      this.e.registerCount = 3;
      this.e.put(encoder.encode(arrival.bytes));
    });
  }

  private reply(): void {
    const sample = this.m.sample;
    if (sample === null) return;
    this.m.sample = null;
    const { e } = this;
    e.kind = EventKind.Sample;
    e.cause = sample.kind;
    e.payloadLength = sample.length;
    e.payload.fill(0, 0, sample.length);
    const actor = this.m.actors[this.s.hart.current[sample.hart + 1]];
    const { program } = this.scenario;
    if (sample.kind === SampleKind.Frame && program !== undefined) {
      writeProgram(e.payload, CODE + OP_BYTES * this.labelAt(program));
    }
    if (sample.kind === SampleKind.Registers && actor !== undefined) {
      this.options.touch?.(`registers ${this.s.hart.current[sample.hart + 1]}`, false);
      e.long(registerSample.x(2), actor.sp);
      e.long(registerSample.x(10), actor.a0);
      e.long(registerSample.pc, CODE + OP_BYTES * actor.at);
    }
    this.send(sample.hart, "sample");
  }

  private guest(hart: number): void {
    const thread = this.s.hart.current[hart + 1];
    const actor = this.m.actors[thread];
    if (actor === undefined) throw new Error(`no script for thread ${thread}`);
    const op = this.op(actor);
    this.options.touch?.(`registers ${thread}`, true);
    switch (op?.kind) {
      case undefined:
        throw new Error(`${actor.name} ran beyond its script`);
      case "call":
        return this.call(hart, actor, op.number, op.args);
      case "load":
      case "store":
        return this.access(hart, thread, actor, op.page, op.kind === "store" ? op.value : -1);
      case "say":
        actor.log.push(op.text);
        break;
      case "keep":
        actor.kept = { ...actor.kept, [op.name]: actor.a0 };
        break;
      case "ifZero":
        if (actor.a0 === 0) {
          actor.at = this.labelAt(op.to);
          actor.name = op.to;
          return;
        }
    }
    actor.at++;
  }

  private labelAt(name: string): number {
    const at = this.scenario.script.labels.get(name);
    if (at === undefined) throw new Error(`no label ${name}`);
    return at;
  }

  /** The frame a thread would read at a page, or 0. */
  private frameAt(thread: number, page: number): number {
    return this.walk(thread, page, AccessKind.Read);
  }

  private wordAt(thread: number, page: number): Uint8Array {
    const bytes = new Uint8Array(4);
    const frame = this.frameAt(thread, page);
    this.options.touch?.(`cell ${frame}`, false);
    const word = this.m.cells.get(frame) ?? 0;
    new DataView(bytes.buffer).setUint32(0, word, true);
    return bytes;
  }

  /** A call whose word lies in a page that is not there yet. */
  private callFault(hart: number, number: number, page: number): void {
    this.e.begin(EventKind.SyscallFault, number);
    this.e.valueLo = page * PAGE_BYTES;
    this.e.access = AccessKind.Read;
    this.send(hart, `fault of ${rowOf(number)?.name ?? number}`);
  }

  private givenOf(thread: number, actor: Actor, argument: Argument): number | Uint8Array | null {
    if (argument === null || typeof argument === "number") return argument;
    if (isWord(argument)) return this.wordAt(thread, argument.word);
    if (typeof argument === "object" && "held" in argument) {
      const { held, of } = argument;
      const whose = of === undefined ? actor : this.m.actors.find((a) => a?.name === of);
      this.options.touch?.(`registers ${this.m.actors.indexOf(whose)}`, false);
      return whose?.kept[held] ?? 0;
    }
    return bytesOf(argument, (name) => this.labelAt(name));
  }

  private call(hart: number, actor: Actor, number: number, args: readonly Argument[]): void {
    const { e } = this;
    e.begin(EventKind.Syscall, number);
    e.valueLo = this.m.time[hart];
    const thread = this.s.hart.current[hart + 1];
    const absent = args.findIndex((a, i) =>
      isWord(a) && isRead(number, args, i) && this.frameAt(thread, a.word) === 0
    );
    if (!actor.calling.includes(actor.at)) actor.calling.push(actor.at);
    if (absent >= 0) return this.callFault(hart, number, (args[absent] as Word).word);
    const given = args.map((a) => this.givenOf(thread, actor, a));
    const frame = this.m.frames.get(`${thread} ${actor.sp}`) ?? null;
    e.arguments(number, given, frame);
    args.forEach((a, i) => {
      if (isWord(a)) e.register(i, a.word * PAGE_BYTES);
    });
    actor.args = Array.from({ length: e.registerCount }, (_, i) => e.registers[2 * i] | 0);
    this.send(hart, rowOf(number)?.name ?? `call ${number}`);
  }

  /** A load or store: through what the hart's TLB holds, else by a walk that may fault. */
  private access(hart: number, thread: number, actor: Actor, page: number, value: number): void {
    const space = this.s.process.space[this.s.thread.process[thread]];
    const asid = this.s.addressSpace.asid[space];
    const access = value < 0 ? AccessKind.Read : AccessKind.Write;
    const held = lookUp(this.m.tlbs, hart, asid, page);
    const walked = this.walk(thread, page, access);
    this.options.touch?.(`tlb ${hart} ${asid}`, true);
    let frame = walked;
    if (held !== undefined && (value < 0 || held.writable)) {
      frame = held.frame;
      if (frame !== walked && !this.m.ipi[hart]) {
        this.fault = `${actor.name} reached frame ${frame} by a translation that was shot down`;
        return;
      }
    }
    if (frame === 0) {
      this.e.kind = EventKind.PageFault;
      this.e.cause = value < 0 ? Cause.LoadPage : Cause.StorePage;
      this.e.valueLo = (page * PAGE_BYTES) >>> 0;
      this.e.valueHi = Math.floor(page * PAGE_BYTES / 2 ** 32);
      this.e.payloadLength = 0;
      return this.send(hart, value < 0 ? "load fault" : "store fault");
    }
    const writable = this.walk(thread, page, AccessKind.Write) === frame;
    this.options.touch?.(`cell ${frame}`, value >= 0);
    // A store that walked anew left its own hart with what it found.
    const kept = held !== undefined && (value < 0 || held.writable) ? held : undefined;
    fill(this.m.tlbs, hart, kept ?? { frame, writable, asid, page });
    if (value < 0) actor.log.push(`load=${this.m.cells.get(frame) ?? 0}`);
    else this.m.cells.set(frame, value);
    actor.at++;
  }

  private walk(thread: number, page: number, access: number): number {
    const look = (s: State | undefined): number => walkTables(s ?? this.s, thread, page, access);
    return this.options.peek?.(look) ?? look(this.s);
  }

  private send(hart: number, what: string): void {
    const { e, m } = this;
    m.time[hart] += this.eventNs;
    e.hart = hart;
    e.sequence = m.sequence[hart]++;
    e.order = m.order;
    e.time = m.time[hart];
    m.last = `event ${m.order} (hart ${hart}, ${what})`;
    this.options.record?.(e);
    this.nodes.before(hart);
    try {
      const refusal = this.kernel.reduce(e);
      if (refusal !== 0) this.fault = `the kernel refused it: ${refusal}`;
    } catch (error) {
      this.fault = `rule broken: ${error instanceof Error ? error.message : error}`;
    }
    if (this.fault !== "") return;
    if (e.kind === EventKind.Boot) this.auditor.begin();
    m.order++;
    this.fault = this.nodes.after(m.revocations);
    if (this.fault === "") this.obey(hart);
    m.revocations = revocationsAfter(this.s, m.revocations);
    if (this.fault === "") this.inspect();
  }

  /**
   * Ends the boot and closes the books, in one order.
   *
   * @returns "" or what is not as it was at the beginning
   */
  close(): string {
    while (this.m.sample !== null && this.fault === "") this.reply();
    if (this.s.kernel.shutdown[ONE] === 0 && this.fault === "") {
      this.plain(EventKind.Shutdown, 0, "shutdown", ShutdownReason.PowerOff);
    }
    while (this.fault === "" && this.s.kernel.closed[ONE] === 0) {
      const { sample, continues, ipi } = this.m;
      const [step, interrupt] = [continues.indexOf(true), ipi.indexOf(true)];
      if (sample !== null) this.reply();
      else if (step >= 0) this.take(`c${step}`);
      else if (interrupt >= 0) this.take(`i${interrupt}`);
      else return "the shutdown stops before the books are closed";
    }
    if (this.fault !== "") return this.fault;
    const wrong = this.auditor.close().rows.find((row) => row.wrong !== undefined);
    return wrong === undefined ? "" : `at closing, ${wrong.account}: ${wrong.wrong}`;
  }

  /** The checks after every event. */
  private inspect(): void {
    for (const frame of this.m.cells.keys()) {
      if (this.s.frame.role[frame] === FrameRole.Free) this.m.cells.set(frame, LEFT_BEHIND);
    }
    const ends = this.s.kernel.shutdown[ONE] !== 0;
    this.fault = this.auditor.checkTotals() ||
      (ends ? "" : lostWakeup(this.s, (thread) => this.m.actors[thread]?.args ?? [])) ||
      staleFrame(this.m.tlbs, this.s) || unasked(this.s, this.m);
    for (let t = 1; t <= this.s.thread.$header[0]; t++) {
      const actor = this.m.actors[t];
      if (actor === undefined) continue;
      const p = this.s.thread.process[t];
      const ends = this.s.process.state[p] >= ProcessState.Dying;
      const dead = this.s.thread.$live[t] === 0 || this.s.thread.state[t] === ThreadState.Dead;
      if (!actor.gone && !ends && dead) {
        actor.gone = true;
        actor.log.push("ended");
      } else if (!actor.gone && ends) {
        actor.gone = true;
        const status = this.s.process.exitStatus[p];
        actor.log.push((status & 0x7f) === 0 ? `exit=${status >>> 8}` : `killed=${status & 0x7f}`);
      }
      if (this.s.thread.state[t] !== ThreadState.Blocked) continue;
      const kind = this.s.waiter.kind[this.s.thread.waiter[t]];
      const op = this.op(actor);
      const name = op?.kind === "call" ? rowOf(op.number)?.name ?? "" : op?.kind ?? "";
      const site = `${name}:${waitName(kind)}`;
      if (kind !== 0 && !this.m.sites.includes(site)) this.m.sites.push(site);
    }
  }

  private returned(thread: number, actor: Actor, at: number, value: number): void {
    const op = this.scenario.script.ops[at];
    if (op?.kind !== "call") return;
    const i = actor.calling.indexOf(at);
    if (i < 0) {
      this.fault = `thread ${thread} got a second answer to ${op.name}`;
      return;
    }
    actor.calling.splice(i, 1);
    const revocation = this.m.revocations.find((r) => r.thread === thread);
    if (revocation !== undefined && value === 0) {
      this.fault ||= leftOver(this.s, this.m.tlbs, revocation);
    }
    if (op.name !== "") actor.log.push(`${op.name}=${value}`);
  }

  private actorOf(thread: number): Actor {
    let actor = this.m.actors[thread];
    if (actor === undefined || actor.gone) {
      actor = {
        name: "A",
        at: 0,
        sp: FIRST_SP,
        a0: 0,
        calling: [],
        args: [],
        kept: {},
        log: [],
        gone: false,
      };
      this.m.actors[thread] = actor;
    }
    return actor;
  }

  private obey(hart: number): void {
    const { words, bytes, length } = this.kernel.effects;
    const m = this.m;
    for (let at = 0; at < length; at += 1 + EFFECT_ARITY[words[at]]) {
      const a = words[at + 1], b = words[at + 2], c = words[at + 3], d = words[at + 4];
      switch (words[at]) {
        case EffectKind.Switch:
          m.told[a] = [b, c, d];
          break;
        case EffectKind.Continue:
          m.continues[a] = true;
          break;
        case EffectKind.Ipi:
          m.ipi[a] = true;
          break;
        case EffectKind.SetTimer:
          m.timer[a] = c * 2 ** 32 + (b >>> 0);
          break;
        case EffectKind.SampleRegisters:
          m.sample = {
            kind: SampleKind.Registers,
            hart: this.e.hart,
            length: registerSample.bytes,
          };
          break;
        case EffectKind.SampleFrame:
          m.sample = { kind: SampleKind.Frame, hart: this.e.hart, length: c };
          break;
        case EffectKind.RequestChunk:
          m.inputs.push(`chunk ${a} ${b}`);
          break;
        case EffectKind.RequestStream:
          m.inputs.push(`stream ${a}`);
          break;
        case EffectKind.Return: {
          // What a thread that has been told to go gets is nobody's to see.
          if (m.actors[a]?.gone === true) break;
          this.options.touch?.(`registers ${a}`, true);
          const actor = this.actorOf(a);
          actor.a0 = c * 2 ** 32 + (b >>> 0);
          this.returned(a, actor, actor.at, actor.a0);
          actor.at++;
          break;
        }
        case EffectKind.ClearRegisters: {
          // A new program: the call that loaded it never answers.
          this.options.touch?.(`registers ${a}`, true);
          const actor = this.actorOf(a);
          actor.calling = [];
          actor.kept = {};
          break;
        }
        case EffectKind.CopyRegisters: {
          this.options.touch?.(`registers ${a}`, false);
          this.options.touch?.(`registers ${b}`, true);
          const from = this.actorOf(a);
          m.actors[b] = { ...from, calling: [...from.calling], log: [], gone: false };
          break;
        }
        case EffectKind.SetRegister:
          if (m.actors[a]?.gone === true) break;
          this.setRegister(a, b, d * 2 ** 32 + (c >>> 0));
          break;
        case EffectKind.LoadRegisters:
          this.loadRegisters(a, new DataView(bytes.buffer, b));
          break;
        case EffectKind.Zero:
          this.options.touch?.(`cell ${a}`, true);
          if (b === 0) m.cells.delete(a);
          break;
        case EffectKind.LoadInput:
          this.options.touch?.(`cell ${b}`, true);
          if (c === 0) m.cells.delete(b);
          break;
        case EffectKind.Copy:
          this.options.touch?.(`cell ${a}`, false);
          this.options.touch?.(`cell ${c}`, true);
          if (b === 0 && d === 0) m.cells.set(c, m.cells.get(a) ?? 0);
          break;
        case EffectKind.Write:
          this.options.touch?.(`cell ${a}`, true);
          if (b === 0 && d === 4) {
            m.cells.set(a, new DataView(bytes.buffer).getUint32(c, true));
          }
          break;
        case EffectKind.InvalidatePage:
          invalidate(m.tlbs, hart, a, b, (h) => this.isTold(h, a));
          break;
        case EffectKind.InvalidateAsid:
          invalidate(m.tlbs, hart, a, -1, (h) => this.isTold(h, a));
          break;
        case EffectKind.InvalidateAll:
          this.options.touch?.("end", true);
          invalidate(m.tlbs, hart, -1, -1, () => true);
          break;
        case EffectKind.ProgramEnded:
          this.options.touch?.("end", true);
          m.ended = true;
      }
    }
  }

  /** Whether an invalidation of a space has to do with a hart. */
  private isTold(hart: number, asid: number): boolean {
    const may = mayHold(this.m.tlbs, this.s, hart, asid);
    if (may) this.options.touch?.(`tlb ${hart} ${asid}`, true);
    return may;
  }

  private setRegister(thread: number, slot: number, value: number): void {
    this.options.touch?.(`registers ${thread}`, true);
    const actor = this.actorOf(thread);
    if (slot === 2) actor.sp = value;
    else if (slot === 10) actor.a0 = value;
    else if (
      slot === 65 && value >= CODE && value < CODE + OP_BYTES * this.scenario.script.ops.length
    ) {
      // The delivery of a signal sends a running thread elsewhere: its frame came first.
      if (this.e.kind === EventKind.Sample) {
        this.m.frames.set(
          `${thread} ${actor.sp}`,
          this.kernel.effects.bytes.slice(0, signalFrame.bytes),
        );
      }
      actor.at = (value - CODE) / OP_BYTES;
    }
  }

  private loadRegisters(thread: number, view: DataView): void {
    this.options.touch?.(`registers ${thread}`, true);
    const actor = this.actorOf(thread);
    const long = (at: number): number =>
      view.getInt32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
    // The return from the handler is itself a call that never answers.
    actor.calling = actor.calling.filter((i) => i !== actor.at);
    actor.sp = long(registerSample.x(2));
    actor.a0 = long(registerSample.x(10));
    actor.at = (long(registerSample.pc) - CODE) / OP_BYTES;
    if (actor.calling.includes(actor.at - 1)) {
      this.returned(thread, actor, actor.at - 1, actor.a0);
    }
  }
}
