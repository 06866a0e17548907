/**
 * The key of a state: equal for states that differ only in what no later event can tell. Left out
 * are counters of the past, free lists and the books of flows; rows are named in the order a walk
 * from the roots meets them, later pids in the order they turn up, and times by their order among
 * those of their hart.
 */
import { Pte, RAM_BASE_PAGE } from "../../core/isa/riscv64.ts";
import { ONE } from "../../core/kernel.ts";
import { CallStage } from "../../core/sched/call_stage.ts";
import type { Scene } from "../schedules/scene.ts";
import {
  BALANCES,
  checkLeftOut,
  elementOf,
  How,
  type Part,
  partsOf,
  PLACES,
  WAITED,
} from "./key_columns.ts";
import { arrivalsOf, Value, valueOf } from "./key_messages.ts";
import { putModel } from "./key_machine.ts";
import { KeyNames, type KeyOptions, rowOfEntry, STALE, tableOfEntry } from "./key_names.ts";
import { putTimes } from "./key_times.ts";

const RING_BYTES = 65_536;

/** Makes the keys of a scene's states. */
export class Canonical {
  private readonly names: KeyNames;
  private readonly parts: readonly (readonly Part[])[];
  private readonly frameOfPfn = new Map<number, number>();

  /** @param scene set up; pids given until now keep their names */
  constructor(private readonly scene: Scene, private readonly options: KeyOptions) {
    const { tables } = scene.kernel.layout;
    checkLeftOut(tables);
    this.names = new KeyNames(scene, options);
    this.parts = tables.map((table, i) =>
      partsOf(table, this.names.tables[i], (key) => this.names.tableOf(key))
    );
  }

  /** The key of the state the scene is in: 8 characters, or all of it. */
  key(): string {
    const { names, scene, options } = this;
    const { frame, memory } = scene.s;
    names.begin();
    for (let f = this.frameOfPfn.size + 1; f <= memory.backed[ONE]; f++) {
      this.frameOfPfn.set(frame.pfn[f], f);
    }
    this.putRows();
    this.putArrivals();
    putTimes(scene, names);
    this.putBooks();
    putModel(scene, names);
    if (names.keepsNumbers && options.loose !== true) this.putNumbers();
    return options.whole === true ? names.words.whole() : names.words.hash();
  }

  /**
   * The rows of the state the last key was made of, in the order of their names: those of another
   * state with the same key stand for the same, one for one.
   */
  order(): Int32Array {
    return Int32Array.from(this.names.queue);
  }

  private putRows(): void {
    for (let i = 0; i < this.names.queue.length; i++) {
      const table = tableOfEntry(this.names.queue[i]);
      const row = rowOfEntry(this.names.queue[i]);
      this.names.put(table);
      for (const part of this.parts[table]) {
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
        this.names.put(i - last);
        last = i;
        this.putValue(part, value, at);
      }
    }
    this.names.put(-1);
  }

  private putValue(part: Part, value: number, at: number): void {
    switch (part.how) {
      case How.Plain:
        return this.names.put(value);
      case How.Long:
        return this.names.putLong(value);
      case How.Pid:
        return this.names.put(this.names.pid(value));
      case How.Row:
        return this.names.put(this.names.name(part.table, value));
      case How.Weak: {
        const base = this.names.tables[part.table];
        const current = base.$live[value] === 1 &&
          base.$generation[value] === part.generation?.[at];
        return this.names.put(
          value === 0 ? 0 : current ? this.names.name(part.table, value) : STALE,
        );
      }
      case How.Waited: {
        const table = WAITED[this.scene.s.waiter.kind[at]];
        if (table === undefined) {
          if (value !== 0) this.names.keepsNumbers = true;
          return this.names.put(this.options.loose === true ? 0 : value);
        }
        return this.names.put(this.names.name(this.names.tableOf(table), value));
      }
      case How.Kinds: {
        const told = part.byKind[part.kinds?.[at] ?? 0];
        return told === undefined ? this.names.put(value) : this.putValue(told, value, at);
      }
      case How.Place: {
        const { space, placeGeneration } = this.scene.s.futex;
        const table = this.names.tableOf(PLACES[space[at]]);
        const base = this.names.tables[table];
        const current = base.$live[value] === 1 && base.$generation[value] === placeGeneration[at];
        return this.names.put(current ? this.names.name(table, value) : STALE);
      }
      case How.Session:
        return this.names.put(this.names.session(value, this.sessionHi(part)[at]));
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
    if (part.count === 6 && s.thread.operation[t] === 0) return this.names.putLong(0);
    const stage = s.thread.callStage[t];
    const bytes = stage === CallStage.PipeRead || stage === CallStage.PipeWrite;
    if (part.count === 6 || !bytes) {
      this.names.keepsNumbers = true;
      if (this.options.loose === true) return;
    }
    this.names.putLong(value);
  }

  /** The second words of sessions beside a column with the first. */
  private sessionHi(part: Part): Uint32Array {
    const { message, pulse, connection, ringEntry } = this.scene.s;
    if (part.u32 === message.sessionLo) return message.sessionHi;
    if (part.u32 === ringEntry.sessionLo) return ringEntry.sessionHi;
    return part.u32 === pulse.sessionLo ? pulse.sessionHi : connection.sessionHi;
  }

  private putPulseValue(pulse: number): void {
    const { s } = this.scene;
    const value = s.pulse.valueHi[pulse] * 2 ** 32 + s.pulse.valueLo[pulse];
    switch (valueOf(s, pulse)) {
      case Value.Receipt:
        return this.names.putReceipt(value);
      case Value.Session:
        return this.names.put(this.names.session(value % 4096, Math.floor(value / 4096)));
      case Value.Thread:
        return this.names.put(this.names.pid(value));
      default:
        return this.names.putLong(value);
    }
  }

  /** How what waits at each channel came. */
  private putArrivals(): void {
    const channels = this.names.tableOf("channel");
    for (const entry of this.names.queue) {
      if (tableOfEntry(entry) !== channels) continue;
      this.names.put(-5);
      for (const kind of arrivalsOf(this.scene.s, rowOfEntry(entry))) this.names.put(kind);
    }
  }

  private putEntries(row: number): void {
    const { entries } = this.scene.s.pageTable;
    const frames = this.names.tableOf("frame");
    const base = row * 1024;
    for (let i = 0; i < 1024; i += 2) {
      const lo = entries[base + i];
      if (lo === 0) continue;
      this.names.put(i);
      this.names.put(lo & 0x3ff);
      if ((lo & Pte.Valid) === 0) {
        this.names.put(lo);
        continue;
      }
      const page = ((entries[base + i + 1] << 22) | (lo >>> 10)) - RAM_BASE_PAGE;
      this.names.put(this.names.name(frames, this.frameOfPfn.get(page) ?? 0));
    }
    this.names.put(-1);
  }

  private putBooks(): void {
    const { balance } = this.scene.s.account;
    for (const account of BALANCES) this.names.putLong(balance[account]);
    const { pipe } = this.scene.s;
    const pipes = this.names.tableOf("pipe");
    const held: [number, number, number][] = [];
    for (let row = 1; row <= (pipe.$header[0] ?? 0); row++) {
      if (pipe.$live[row] === 0) continue;
      held.push([
        this.names.name(pipes, row),
        pipe.head[row] - pipe.tail[row],
        pipe.tail[row] % RING_BYTES,
      ]);
    }
    held.sort((a, b) => a[0] - b[0]);
    for (const words of held) for (const word of words) this.names.put(word);
  }

  /** The rows' own numbers, in the order of their names, and what lies free. */
  private putNumbers(): void {
    for (const entry of this.names.queue) this.names.put(entry);
    for (const base of this.names.tables) {
      for (let i = 0; i < 5; i++) this.names.put(base.$header[i]);
      for (let row = base.$header[1]; row !== 0; row = base.$nextFree[row]) this.names.put(row);
    }
    const { memory, frame } = this.scene.s;
    for (let f = memory.freeHead[ONE]; f !== 0; f = frame.next[f]) this.names.put(f);
  }
}
