/** The words of a key, and the names that rows, pids and sessions have in it. */
import { ONE } from "../../core/kernel.ts";
import type { TableBase } from "../../core/state/table.ts";
import type { Scene } from "../schedules/scene.ts";
import { ROOTS } from "./key_columns.ts";
import { receivedBy } from "./key_messages.ts";
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

/** Renamed pids begin here, far from those that keep their names. */
const LATER = 0x4000_0000;
/** What is told of a name whose row is gone. */
export const STALE = 0x3fff_ffff;

/** Rows of a table lie below this in the order of names. */
const ROWS = 0x10_0000;

/** A row as the order of names has it. */
export const entryOf = (table: number, row: number): number => table * ROWS + row;
/** Its table. */
export const tableOfEntry = (entry: number): number => Math.floor(entry / ROWS);
/** Its number. */
export const rowOfEntry = (entry: number): number => entry % ROWS;

/** A key in the making. */
export class KeyNames {
  readonly words = new KeyWords();
  /** Rows in the order of their names. */
  readonly queue: number[] = [];
  /** By table and row: the row's name, 0 while it was not met. */
  readonly named: Uint32Array[] = [];
  readonly tables: readonly TableBase[];
  /** Whether something was met that may name rows in a way nobody knows: then all keep their own. */
  keepsNumbers = false;
  private readonly index = new Map<string, number>();
  private readonly counts: number[] = [];
  private readonly pids = new Map<number, number>();
  private readonly sessions = new Map<number, number>();
  private readonly anchored: number;

  /** @param scene set up; pids given until now keep their names */
  constructor(private readonly scene: Scene, readonly options: KeyOptions) {
    const { layout, state } = scene.kernel;
    this.anchored = state.kernel.nextPid[ONE];
    this.tables = layout.tables.map(({ key, capacity }, i) => {
      this.index.set(key, i);
      this.named.push(new Uint32Array(capacity));
      this.counts.push(0);
      return state[key as keyof typeof state] as unknown as TableBase;
    });
  }

  /** Begins with the rows that are there from the start. */
  begin(): void {
    this.keepsNumbers = this.options.plain;
    this.words.clear();
    for (let i = 0; i < this.named.length; i++) {
      this.named[i].fill(0, 0, (this.tables[i].$header[0] ?? 0) + 1);
      this.counts[i] = 0;
    }
    this.queue.length = 0;
    this.pids.clear();
    this.sessions.clear();
    for (const key of ROOTS) {
      const at = this.tableOf(key);
      const top = this.tables[at].$header[0] ?? 0;
      for (let row = 1; row <= top; row++) this.name(at, row);
    }
  }

  /** The number of a table. */
  tableOf(key: string): number {
    const found = this.index.get(key);
    if (found === undefined) throw new Error(`no table ${key}`);
    return found;
  }

  /** Adds a word to the key. */
  put(value: number): void {
    this.words.put(value);
  }

  /** Adds a number beyond 32 bits, or a fraction. */
  putLong(value: number): void {
    this.words.putLong(value);
  }

  /** Adds a text. */
  putText(text: string): void {
    this.words.putText(text);
  }

  /** The name of a row: the number of its table's rows met before it, plus one. */
  name(table: number, row: number): number {
    if (row === 0) return 0;
    const known = this.named[table][row];
    if (known !== undefined && known !== 0) return known;
    const name = ++this.counts[table];
    this.named[table][row] = name;
    this.queue.push(entryOf(table, row));
    return name;
  }

  /** The name of a pid: those given before the scene was set up keep theirs. */
  pid(value: number): number {
    if (value < this.anchored || this.options.plain) return value;
    let name = this.pids.get(value);
    if (name === undefined) {
      name = LATER + this.pids.size;
      this.pids.set(value, name);
    }
    return name;
  }

  /** The name of a session, of which a server knows no more than whether two are the same. */
  session(lo: number, hi: number): number {
    if (lo === 0) return 0;
    const session = hi * 4096 + lo;
    let name = this.sessions.get(session);
    if (name === undefined) {
      name = this.sessions.size + 1;
      this.sessions.set(session, name);
    }
    return name;
  }

  /** A receipt: the message it stands for, or that it stands for none any more. */
  putReceipt(receipt: number): void {
    const message = receivedBy(this.scene.s, receipt);
    const name = message === 0 ? STALE : this.name(this.tableOf("message"), message);
    this.put(receipt === 0 ? 0 : this.options.plain ? receipt : name);
  }

  /** A number a script keeps: names beginning so tell what of. */
  putKept(what: string, value: number): void {
    if (what.startsWith("receipt")) this.putReceipt(value);
    else this.putLong(what.startsWith("pid") ? this.pid(value) : value);
  }
}
