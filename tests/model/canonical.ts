/**
 * The key of a state: equal for states that differ only in what no later event can tell. Left out
 * are counters of the past, free lists and the books of flows; rows are named in the order a walk
 * from the roots meets them, later pids in the order they turn up, and times by their order among
 * those of their hart.
 */
import { Pte, RAM_BASE_PAGE } from "../../core/isa/riscv64.ts";
import { ONE } from "../../core/kernel.ts";
import { FrameRole } from "../../core/mem/tables.ts";
import { QUANTUM_NS } from "../../core/sched/fixed_priority.ts";
import { HEAP_CAPACITY, ThreadState } from "../../core/sched/tables.ts";
import { CallStage } from "../../core/sched/call_stage.ts";
import type { TableBase } from "../../core/state/table.ts";
import { LEFT_BEHIND, type Scene } from "../schedules/scene.ts";
import {
  BALANCES,
  checkLeftOut,
  elementOf,
  How,
  type Part,
  partsOf,
  PLACES,
  ROOTS,
  WAITED,
} from "./key_columns.ts";
import { arrivalsOf, lookedAt, receivedBy, Value, valueOf } from "./key_messages.ts";
import { KeyWords } from "./key_words.ts";

/** How times are told apart. */
export type Times =
  /** By their order: a deadline is before or after another. */
  | "order"
  /** By what is left of them. */
  | "exact";

/** Which states are taken for the same. */
export interface KeyOptions {
  readonly times: Times;
  /** Whether rows keep their own numbers: then free lists count, and nothing is renamed. */
  readonly plain: boolean;
  /** Whether the key is all of the words and not their hash. */
  readonly whole?: boolean;
  /** Whether what may name rows in no known way is left out: equal keys may then go on otherwise. */
  readonly loose?: boolean;
}

const RING_BYTES = 65_536;
/** Renamed pids begin here, far from those that keep their names. */
const LATER = 0x4000_0000;
const STALE = 0x3fff_ffff;

/** Words of a set of ASIDs. */
const ASID_WORDS = 64;

/** What is left of a turn: nothing, a part or all. */
const budgetClass = (ns: number): number => ns <= 0 ? 0 : ns === QUANTUM_NS ? 2 : 1;

/** Rows of a table lie below this in the order of names. */
const ROWS = 0x10_0000;

/** A row as the order of names has it. */
export const entryOf = (table: number, row: number): number => table * ROWS + row;
/** Its table. */
const tableOfEntry = (entry: number): number => Math.floor(entry / ROWS);
/** Its number. */
export const rowOfEntry = (entry: number): number => entry % ROWS;

/** Makes the keys of a scene's states. */
export class Canonical {
  private readonly words = new KeyWords();
  private readonly tables: { base: TableBase; parts: readonly Part[] }[] = [];
  private readonly index = new Map<string, number>();
  private readonly named: Uint32Array[] = [];
  private readonly queue: number[] = [];
  private readonly counts: number[] = [];
  private readonly pids = new Map<number, number>();
  private readonly sessions = new Map<number, number>();
  private readonly anchored: number;
  private keepsNumbers = false;
  private readonly frameOfPfn = new Map<number, number>();

  /** @param scene set up; pids given until now keep their names */
  constructor(private readonly scene: Scene, private readonly options: KeyOptions) {
    const { layout, state } = scene.kernel;
    this.anchored = state.kernel.nextPid[ONE];
    checkLeftOut(layout.tables);
    layout.tables.forEach((table, i) => this.index.set(table.key, i));
    for (const table of layout.tables) {
      const base = state[table.key as keyof typeof state] as unknown as TableBase;
      this.tables.push({ base, parts: partsOf(table, base, (key) => this.tableOf(key)) });
      this.named.push(new Uint32Array(table.capacity));
      this.counts.push(0);
    }
  }

  /** The key of the state the scene is in: 8 characters, or all of it. */
  key(): string {
    this.keepsNumbers = this.options.plain;
    this.begin();
    this.putRows();
    this.putArrivals();
    this.putTimes();
    this.putBooks();
    this.putModel();
    if (this.keepsNumbers && this.options.loose !== true) this.putNumbers();
    return this.options.whole === true ? this.words.whole() : this.words.hash();
  }

  /**
   * The rows of the state the last key was made of, in the order of their names: those of another
   * state with the same key stand for the same, one for one.
   */
  order(): Int32Array {
    return Int32Array.from(this.queue);
  }

  private tableOf(key: string): number {
    const found = this.index.get(key);
    if (found === undefined) throw new Error(`no table ${key}`);
    return found;
  }

  private put(value: number): void {
    this.words.put(value);
  }

  private putLong(value: number): void {
    this.words.putLong(value);
  }

  private putText(text: string): void {
    this.words.putText(text);
  }

  private begin(): void {
    const { s } = this.scene;
    this.words.clear();
    for (let i = 0; i < this.named.length; i++) {
      this.named[i].fill(0, 0, (this.tables[i].base.$header[0] ?? 0) + 1);
      this.counts[i] = 0;
    }
    this.queue.length = 0;
    this.pids.clear();
    this.sessions.clear();
    for (let f = this.frameOfPfn.size + 1; f <= s.memory.backed[ONE]; f++) {
      this.frameOfPfn.set(s.frame.pfn[f], f);
    }
    for (const key of ROOTS) {
      const at = this.tableOf(key);
      const top = this.tables[at].base.$header[0] ?? 0;
      for (let row = 1; row <= top; row++) this.name(at, row);
    }
  }

  /** The name of a row: the number of its table's rows met before it, plus one. */
  private name(table: number, row: number): number {
    if (row === 0) return 0;
    const known = this.named[table][row];
    if (known !== undefined && known !== 0) return known;
    const name = ++this.counts[table];
    this.named[table][row] = name;
    this.queue.push(entryOf(table, row));
    return name;
  }

  private putRows(): void {
    for (let i = 0; i < this.queue.length; i++) {
      const table = tableOfEntry(this.queue[i]);
      const row = rowOfEntry(this.queue[i]);
      this.put(table);
      for (const part of this.tables[table].parts) {
        if (part.how === How.Entries) this.putEntries(row);
        else if (part.count === 1) this.putValue(part, elementOf(part, row), row);
        else this.putWide(part, row);
      }
    }
  }

  /** A column of many elements a row: those that are not zero, with their places. */
  private putWide(part: Part, row: number): void {
    const { words, wordsOfRow, count } = part;
    const base = row * wordsOfRow;
    // Elements a word has; of longer ones each word is looked at, and the element told once.
    const each = Math.max(1, count / wordsOfRow);
    const step = Math.max(1, wordsOfRow / count);
    let last = 0;
    for (let w = 0; w < wordsOfRow; w += step) {
      if (words[base + w] === 0 && (step === 1 || words[base + w + 1] === 0)) continue;
      const from = step === 1 ? w * each : w / step;
      for (let i = from; i < from + each; i++) {
        const at = row * count + i;
        const value = elementOf(part, at);
        if (value === 0) continue;
        this.put(i - last);
        last = i;
        this.putValue(part, value, at);
      }
    }
    this.put(-1);
  }

  private putValue(part: Part, value: number, at: number): void {
    switch (part.how) {
      case How.Plain:
        return this.put(value);
      case How.Long:
        return this.putLong(value);
      case How.Pid:
        return this.put(this.pid(value));
      case How.Row:
        return this.put(this.name(part.table, value));
      case How.Weak: {
        const { base } = this.tables[part.table];
        const current = base.$live[value] === 1 &&
          base.$generation[value] === part.generation?.[at];
        return this.put(value === 0 ? 0 : current ? this.name(part.table, value) : STALE);
      }
      case How.Waited: {
        const table = WAITED[this.scene.s.waiter.kind[at]];
        if (table === undefined) {
          if (value !== 0) this.keepsNumbers = true;
          return this.put(this.options.loose === true ? 0 : value);
        }
        return this.put(this.name(this.tableOf(table), value));
      }
      case How.Kinds: {
        const told = part.byKind[part.kinds?.[at] ?? 0];
        return told === undefined ? this.put(value) : this.putValue(told, value, at);
      }
      case How.Place: {
        const { space, placeGeneration } = this.scene.s.futex;
        const table = this.tableOf(PLACES[space[at]]);
        const { base } = this.tables[table];
        const current = base.$live[value] === 1 && base.$generation[value] === placeGeneration[at];
        return this.put(current ? this.name(table, value) : STALE);
      }
      case How.Session:
        return this.put(this.session(value, this.sessionHi(part)[at]));
      case How.Value:
        return this.putPulseValue(at);
      case How.Carried:
        return this.putCarried(part, value, at);
    }
  }

  /** What a call or an operation under way carries may name rows: then all keep their numbers. */
  private putCarried(part: Part, value: number, at: number): void {
    const { s } = this.scene;
    const t = Math.floor(at / part.count);
    if (part.count === 6 && s.thread.operation[t] === 0) return this.putLong(0);
    const stage = s.thread.callStage[t];
    const bytes = stage === CallStage.PipeRead || stage === CallStage.PipeWrite;
    if (part.count === 6 || !bytes) {
      this.keepsNumbers = true;
      if (this.options.loose === true) return;
    }
    this.putLong(value);
  }

  /** The second words of sessions beside a column with the first. */
  private sessionHi(part: Part): Uint32Array {
    const { message, pulse, connection, ringEntry } = this.scene.s;
    if (part.u32 === message.sessionLo) return message.sessionHi;
    if (part.u32 === ringEntry.sessionLo) return ringEntry.sessionHi;
    return part.u32 === pulse.sessionLo ? pulse.sessionHi : connection.sessionHi;
  }

  /** The name of a session, of which a server knows no more than whether two are the same. */
  private session(lo: number, hi: number): number {
    if (lo === 0) return 0;
    const session = hi * 4096 + lo;
    let name = this.sessions.get(session);
    if (name === undefined) {
      name = this.sessions.size + 1;
      this.sessions.set(session, name);
    }
    return name;
  }

  private putPulseValue(pulse: number): void {
    const { s } = this.scene;
    const value = s.pulse.valueHi[pulse] * 2 ** 32 + s.pulse.valueLo[pulse];
    switch (valueOf(s, pulse)) {
      case Value.Receipt:
        return this.putReceipt(value);
      case Value.Session:
        return this.put(this.session(value % 4096, Math.floor(value / 4096)));
      case Value.Thread:
        return this.put(this.pid(value));
      default:
        return this.putLong(value);
    }
  }

  /** A number a script keeps: names beginning so tell what of. */
  private putKept(what: string, value: number): void {
    if (what.startsWith("receipt")) this.putReceipt(value);
    else this.putLong(what.startsWith("pid") ? this.pid(value) : value);
  }

  /** A receipt: the message it stands for, or that it stands for none any more. */
  private putReceipt(receipt: number): void {
    const message = receivedBy(this.scene.s, receipt);
    const name = message === 0 ? STALE : this.name(this.tableOf("message"), message);
    this.put(receipt === 0 ? 0 : this.options.plain ? receipt : name);
  }

  /** How what waits at each channel came. */
  private putArrivals(): void {
    const channels = this.tableOf("channel");
    for (const entry of this.queue) {
      if (tableOfEntry(entry) !== channels) continue;
      this.put(-5);
      for (const kind of arrivalsOf(this.scene.s, rowOfEntry(entry))) this.put(kind);
    }
  }

  private pid(value: number): number {
    if (value < this.anchored || this.options.plain) return value;
    let name = this.pids.get(value);
    if (name === undefined) {
      name = LATER + this.pids.size;
      this.pids.set(value, name);
    }
    return name;
  }

  private putEntries(row: number): void {
    const { entries } = this.scene.s.pageTable;
    const frames = this.tableOf("frame");
    const base = row * 1024;
    for (let i = 0; i < 1024; i += 2) {
      const lo = entries[base + i];
      if (lo === 0) continue;
      this.put(i);
      this.put(lo & 0x3ff);
      if ((lo & Pte.Valid) === 0) {
        this.put(lo);
        continue;
      }
      const page = ((entries[base + i + 1] << 22) | (lo >>> 10)) - RAM_BASE_PAGE;
      this.put(this.name(frames, this.frameOfPfn.get(page) ?? 0));
    }
    this.put(-1);
  }

  /** Times, hart by hart: each as its place among those of its hart, its clock among them. */
  private putTimes(): void {
    for (let hart = 0; hart < this.scene.scenario.harts; hart++) {
      const found = [...this.hartTimes(hart), ...this.threadTimes(hart)];
      const now = this.scene.model.time[hart];
      const places = this.options.times === "order"
        ? new Map([...new Set(found.map(([, t]) => t))].sort((a, b) => a - b).map((t, i) => [t, i]))
        : undefined;
      for (const [what, time] of found) {
        this.put(what);
        this.putLong(places?.get(time) ?? time - now);
      }
      this.put(-3);
    }
  }

  /** A hart's clock, its timer, and the timers of its heap in the order they come due. */
  private hartTimes(hart: number): [number, number][] {
    const { s, model: m } = this.scene;
    const found: [number, number][] = [[-1, m.time[hart]]];
    if (m.timer[hart] > 0) found.push([-2, m.timer[hart]]);
    if (s.hart.stealAt[hart + 1] > 0) found.push([-4, s.hart.stealAt[hart + 1]]);
    const base = (hart + 1) * HEAP_CAPACITY;
    const threads = this.tableOf("thread");
    const armed: { name: number; deadline: number; sequence: number }[] = [];
    for (let at = base; at < base + s.hart.heapLength[hart + 1]; at++) {
      const t = s.hart.heap[at] >>> 1;
      const sleep = (s.hart.heap[at] & 1) === 0;
      armed.push({
        name: 2 * this.name(threads, t) + (sleep ? 0 : 1),
        deadline: sleep ? s.thread.timerDeadline[t] : s.thread.intervalDeadline[t],
        sequence: sleep ? s.thread.timerSequence[t] : s.thread.intervalSequence[t],
      });
    }
    armed.sort((a, b) => a.deadline - b.deadline || a.sequence - b.sequence);
    for (const { name, deadline } of armed) found.push([name, deadline]);
    return found;
  }

  /** Deadlines of calls and ends of turns; the threads' budgets go into the key at once. */
  private threadTimes(hart: number): [number, number][] {
    const { s } = this.scene;
    const threads = this.tableOf("thread");
    const found: [number, number][] = [];
    const budgets: [number, number][] = [];
    for (let t = 1; t <= (s.thread.$header[0] ?? 0); t++) {
      if (s.thread.$live[t] === 0 || s.thread.hart[t] !== hart) continue;
      if (s.thread.state[t] === ThreadState.Dead) continue;
      const name = this.name(threads, t);
      if (s.thread.callDeadline[t] > 0) found.push([0x1000 + name, s.thread.callDeadline[t]]);
      const budget = s.thread.budget[t];
      if (s.hart.current[hart + 1] === t) {
        found.push([0x2000 + name, s.thread.dispatchedAt[t] + budget]);
      } else budgets.push([name, this.options.times === "exact" ? budget : budgetClass(budget)]);
    }
    budgets.sort((a, b) => a[0] - b[0]);
    for (const [name, budget] of budgets) {
      this.put(name);
      this.put(budget);
    }
    return found.sort((a, b) => a[0] - b[0]);
  }

  private putBooks(): void {
    const { balance } = this.scene.s.account;
    for (const account of BALANCES) this.putLong(balance[account]);
    const { pipe } = this.scene.s;
    const pipes = this.tableOf("pipe");
    const held: [number, number, number][] = [];
    for (let row = 1; row <= (pipe.$header[0] ?? 0); row++) {
      if (pipe.$live[row] === 0) continue;
      held.push([
        this.name(pipes, row),
        pipe.head[row] - pipe.tail[row],
        pipe.tail[row] % RING_BYTES,
      ]);
    }
    held.sort((a, b) => a[0] - b[0]);
    for (const words of held) for (const word of words) this.put(word);
  }

  /** The machine and the threads' scripts. */
  private putModel(): void {
    const { s, model: m } = this.scene;
    const threads = this.tableOf("thread");
    const past: string[] = [];
    const alive: [number, number][] = [];
    m.actors.forEach((actor, t) => {
      if (actor === undefined) return;
      if (actor.gone || s.thread.$live[t] === 0) past.push(`${actor.name} ${actor.log.join(" ")}`);
      else alive.push([this.name(threads, t), t]);
    });
    this.putText(past.sort().join("|"));
    alive.sort((a, b) => a[0] - b[0]);
    for (const [name, t] of alive) {
      const actor = m.actors[t];
      if (actor === undefined) continue;
      for (const word of [name, actor.at, actor.calling.length, ...actor.calling]) this.put(word);
      this.putLong(actor.sp);
      const looked = lookedAt(this.scene.scenario.script.ops, actor.at);
      this.putKept(looked, looked === "" ? 0 : actor.a0);
      for (const [what, value] of Object.entries(actor.kept)) {
        this.putText(what);
        this.putKept(what, value);
      }
      this.putText(`${actor.name} ${actor.log.join(" ")}`);
      this.putFrames(t, actor.sp);
    }
    this.putMachine();
  }

  /** Signal frames a handler may still return to. */
  private putFrames(thread: number, sp: number): void {
    for (const [where, bytes] of this.scene.model.frames) {
      const [owner, at] = where.split(" ").map(Number);
      if (owner !== thread || at < sp) continue;
      this.putLong(at);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      for (let i = 0; i + 4 <= bytes.length; i += 4) this.put(view.getInt32(i, true));
    }
  }

  private putMachine(): void {
    const { s, model: m } = this.scene;
    const frames = this.tableOf("frame");
    const spaces = this.tableOf("addressSpace");
    const spaceOf = new Map<number, number>();
    for (let row = 1; row <= (s.addressSpace.$header[0] ?? 0); row++) {
      if (s.addressSpace.$live[row] === 1) {
        spaceOf.set(s.addressSpace.asid[row], this.name(spaces, row));
      }
    }
    if (this.scene.scenario.asids !== undefined) this.putAsids(spaceOf);
    for (const { spans } of m.revocations) {
      for (const { space, start, end } of spans) {
        this.putText(`${spaceOf.get(s.addressSpace.asid[space])} ${start} ${end}`);
      }
    }
    for (const list of [m.continues, m.ipi]) for (const flag of list) this.put(flag ? 1 : 0);
    this.put(m.arrived);
    this.put(m.preemptions);
    this.put(m.ended ? 1 : 0);
    this.putText([...m.inputs].sort().join("|"));
    const cells: [number, number][] = [];
    for (const [frame, value] of m.cells) {
      const name = this.named[frames][frame];
      const role = s.frame.role[frame];
      // A table's page holds no bytes of a user's, and a buffer none before it is filled.
      const blank = role === FrameRole.PageTable ||
        (role === FrameRole.Buffer && value === LEFT_BEHIND);
      if (value !== 0 && !blank && name !== undefined && name !== 0) cells.push([name, value]);
    }
    cells.sort((a, b) => a[0] - b[0]);
    for (const [name, value] of cells) this.put(name * 256 + value);
    const loose = this.options.loose === true;
    m.tlbs.held.forEach((held, hart) => {
      const lines: string[] = [];
      for (const { asid, page, frame, writable } of held.values()) {
        const space = spaceOf.get(asid);
        if (space === undefined) continue;
        const name = this.named[frames][frame] ?? 0;
        if (name === 0) this.keepsNumbers = true;
        lines.push(`${space} ${page} ${name === 0 && !loose ? -frame : name} ${writable}`);
      }
      this.putText(lines.sort().join("|"));
      const late = m.tlbs.late[hart].map((asid) => spaceOf.get(asid) ?? 0).filter((n) => n > 0);
      this.putText([...new Set(late)].sort((a, b) => a - b).join());
    });
  }

  /**
   * Where ASIDs are used again: which are taken, by which spaces, and what the harts hold of spaces
   * that are gone.
   */
  private putAsids(spaceOf: ReadonlyMap<number, number>): void {
    const { s, model: m } = this.scene;
    const { asidUsed, asidRetired, nextAsid } = s.memory;
    this.put(nextAsid[ONE]);
    for (let at = ASID_WORDS; at < 2 * ASID_WORDS; at++) {
      this.put(asidUsed[at]);
      this.put(asidRetired[at]);
    }
    for (const [asid, space] of [...spaceOf].sort((a, b) => a[1] - b[1])) {
      this.put(asid);
      this.put(space);
    }
    const frames = this.named[this.tableOf("frame")];
    m.tlbs.held.forEach((held, hart) => {
      const lines: string[] = [];
      for (const { asid, page, frame, writable } of held.values()) {
        if (spaceOf.has(asid)) continue;
        const name = frames[frame] ?? 0;
        if (name === 0) this.keepsNumbers = true;
        // Which frame it was and who has that now is a matter of what lay free.
        const told = this.options.loose === true ? 0 : name === 0 ? -frame : name;
        lines.push(`${asid} ${page} ${told} ${writable}`);
      }
      this.putText(lines.sort().join("|"));
      this.putText([...new Set(m.tlbs.late[hart])].filter((a) => !spaceOf.has(a)).sort().join());
    });
  }

  /** The rows' own numbers, in the order of their names, and what lies free. */
  private putNumbers(): void {
    for (const entry of this.queue) this.put(entry);
    for (const { base } of this.tables) {
      for (let i = 0; i < 5; i++) this.put(base.$header[i]);
      for (let row = base.$header[1]; row !== 0; row = base.$nextFree[row]) this.put(row);
    }
    const { memory, frame } = this.scene.s;
    for (let f = memory.freeHead[ONE]; f !== 0; f = frame.next[f]) this.put(f);
  }
}
