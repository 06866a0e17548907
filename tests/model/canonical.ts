/**
 * The key of a state: equal for states that differ only in what no later event can tell. Left out
 * are counters of the past, free lists and the books of flows; rows are named in the order a walk
 * from the roots meets them, later pids in the order they turn up, and times by their order among
 * those of their hart.
 */
import { Pte, RAM_BASE_PAGE } from "../../core/isa/riscv64.ts";
import { ONE } from "../../core/kernel.ts";
import { FrameRole } from "../../core/mem/tables.ts";
import { Account, resources } from "../../core/ledger/accounts.ts";
import { QUANTUM_NS } from "../../core/sched/fixed_priority.ts";
import { HEAP_CAPACITY, ThreadState, WaitKind } from "../../core/sched/tables.ts";
import { CallStage } from "../../core/fs/stage.ts";
import { beginHash, endHash, hashWords } from "../../core/state/hash.ts";
import type { TableBase } from "../../core/state/table.ts";
import { viewOf } from "../../core/state/view.ts";
import { LEFT_BEHIND, type Scene } from "../schedules/scene.ts";

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
  /** Whether what may name rows in no known way is left out: equal keys may then go on otherwise. */
  readonly loose?: boolean;
}

/** Columns that say nothing of what can still happen, or that the key tells in its own way. */
const LEFT_OUT: readonly string[] = [
  // Counters of the past.
  "kernel.lastOrder",
  "kernel.now",
  "kernel.timerSequence",
  "hart.lastSequence",
  "hart.lastTime",
  "hart.switches",
  "hart.asidEpoch",
  "thread.timerSequence",
  "thread.intervalSequence",
  "thread.userTime",
  "process.userTime",
  "process.childTime",
  "waiter.generation",
  "memory.shootdowns",
  "shootdown.sequence",
  "inode.accessed",
  "inode.modified",
  "inode.changed",
  "memory.asidEpoch",
  "memory.shootdowns",
  "shootdown.sequence",
  "process.receipts",
  "kernel.tidsGiven",
  "hart.given",
  "hart.longestWait",
  "thread.readySince",
  "addressSpace.asidEpoch",
  // Names for a row that nobody has given to a user.
  "addressSpace.asid",
  "inode.number",
  "pipe.number",
  "fileSystem.nextNumber",
  "kernel.nextPid",
  "frame.pfn",
  // What lies free, and the names that are left.
  "memory.freeHead",
  "memory.freeTail",
  "memory.freeFrames",
  "memory.backed",
  "memory.nextAsid",
  "memory.asidUsed",
  "memory.asidRetired",
  // Told below.
  "account.balance",
  "hart.heap",
  "hart.heapLength",
  "hart.timerProgrammed",
  "hart.stealAt",
  "thread.timerIndex",
  "thread.intervalIndex",
  "thread.timerDeadline",
  "thread.intervalDeadline",
  "thread.callDeadline",
  "thread.dispatchedAt",
  "thread.budget",
  "pipe.head",
  "pipe.tail",
];

/** Columns that hold pids, process groups and sessions. */
const PIDS: ReadonlySet<string> = new Set([
  "process.pid",
  "process.group",
  "process.session",
  "process.childPid",
  "process.senderPid",
  "thread.tid",
  "terminal.group",
  "terminal.session",
]);

/** Numbers an operation or a call carries; they may be those of rows. */
const CARRIED: ReadonlySet<string> = new Set(["thread.cursor", "thread.callArgument"]);

/** Tables whose rows are there from the start. */
const ROOTS = ["kernel", "hart", "memory", "fileSystem", "terminal", "stream"] as const;

/** The table of the object a waiter waits for. */
const WAITED: Readonly<Record<number, string>> = {
  [WaitKind.Child]: "process",
  [WaitKind.PipeRead]: "pipe",
  [WaitKind.PipeWrite]: "pipe",
  [WaitKind.Chunk]: "chunkRequest",
  [WaitKind.Terminal]: "terminal",
  [WaitKind.SpaceOperation]: "addressSpace",
  [WaitKind.FileOperation]: "inode",
  [WaitKind.Shootdown]: "shootdown",
  [WaitKind.Vfork]: "process",
  [WaitKind.Stream]: "stream",
  [WaitKind.MessageSend]: "channel",
  [WaitKind.MessageReceive]: "channel",
  [WaitKind.MessageReply]: "channel",
  [WaitKind.Notification]: "notification",
  [WaitKind.Futex]: "futex",
  [WaitKind.Threads]: "process",
  [WaitKind.Join]: "thread",
};

/** Tables whose rows name others in ways the schema does not tell: while one has any, none is renamed. */
const NAMING: readonly string[] = [
  "futex",
  "notification",
  "namePage",
  "connection",
  "message",
  "pulse",
];

/** Account balances that rows explain: a wrong one makes a state of its own, which is recounted. */
const BALANCES: readonly number[] = resources.flatMap(({ name, kind, accounts, permanent }) =>
  kind === "flow"
    ? accounts.filter((account) => account.endsWith("Pending")).map((a) => Account[a])
    : permanent !== undefined && name !== "frames by role"
    ? []
    : accounts.slice(name === "frames by role" ? 2 : 1).map((a) => Account[a])
);

/** How one column is put into the key. */
interface Part {
  readonly view: ArrayLike<number>;
  readonly count: number;
  readonly how:
    | "plain"
    | "long"
    | "pid"
    | "row"
    | "weak"
    | "carried"
    | "object"
    | "entries"
    | "kinds";
  /** The table it points into, by number. */
  readonly table: number;
  readonly generation?: ArrayLike<number>;
  /** How each element is told, by its kind, where the row says of what kind it is. */
  readonly byKind?: { readonly kinds: ArrayLike<number>; readonly parts: readonly Part[] };
}

const RING_BYTES = 65_536;
/** Renamed pids begin here, far from those that keep their names. */
const LATER = 0x4000_0000;
const STALE = 0x3fff_ffff;

/** What is left of a turn: nothing, a part or all. */
const budgetClass = (ns: number): number => ns <= 0 ? 0 : ns === QUANTUM_NS ? 2 : 1;

/** Makes the keys of a scene's states. */
export class Canonical {
  private out = new Int32Array(1 << 14);
  private length = 0;
  private readonly tables: { base: TableBase; parts: readonly Part[] }[] = [];
  private readonly index = new Map<string, number>();
  private readonly named: Uint32Array[] = [];
  private readonly queue: number[] = [];
  private readonly counts: number[] = [];
  private readonly pids = new Map<number, number>();
  private readonly anchored: number;
  private keepsNumbers = false;
  private readonly frameOfPfn = new Map<number, number>();
  private readonly lanes = new Int32Array(4);
  private readonly hash = new Uint32Array(4);
  private readonly scratch = new Float64Array(1);
  private readonly words = new Int32Array(this.scratch.buffer);

  /** @param scene set up; pids given until now keep their names */
  constructor(private readonly scene: Scene, private readonly options: KeyOptions) {
    const { layout, state } = scene.kernel;
    this.anchored = state.kernel.nextPid[ONE];
    layout.tables.forEach((table, i) => this.index.set(table.key, i));
    const leftOut = new Set(LEFT_OUT);
    for (const table of layout.tables) {
      const base = state[table.key as keyof typeof state] as unknown as TableBase;
      const parts: Part[] = [];
      for (const { name, column } of table.columns) {
        const full = `${table.key}.${name}`;
        if (name.startsWith("$") || column.role === "derived") continue;
        if (leftOut.delete(full)) continue;
        const { count, handle } = column;
        const part = { view: viewOf(base, name), count, table: -1 };
        if (full === "waiter.object") parts.push({ ...part, how: "object" });
        else if (full === "pageTable.entries") parts.push({ ...part, how: "entries" });
        else if (PIDS.has(full)) parts.push({ ...part, how: "pid" });
        else if (CARRIED.has(full)) parts.push({ ...part, how: "carried" });
        else if (handle?.byKind !== undefined) {
          const { column: kinds, targets } = handle.byKind;
          const each: Part[] = [];
          for (const [kind, to] of Object.entries(targets)) {
            const weak = to.kind === "weak" ? viewOf(base, `${name}Generation`) : undefined;
            const how = weak === undefined ? "row" : "weak";
            each[Number(kind)] = {
              ...part,
              how,
              table: this.tableOf(to.table),
              ...(weak === undefined ? {} : { generation: weak }),
            };
          }
          parts.push({
            ...part,
            how: "kinds",
            byKind: { kinds: viewOf(base, kinds), parts: each },
          });
        } else if (handle?.kind === "weak") {
          const generation = viewOf(base, `${name}Generation`);
          parts.push({ ...part, how: "weak", table: this.tableOf(handle.table), generation });
        } else if (handle !== undefined) {
          parts.push({ ...part, how: "row", table: this.tableOf(handle.table) });
        } else if (!this.isGeneration(table.columns.map((c) => c.name), name)) {
          parts.push({ ...part, how: column.type === "f64" ? "long" : "plain" });
        }
      }
      this.tables.push({ base, parts });
      this.named.push(new Uint32Array(table.capacity));
      this.counts.push(0);
    }
    for (const name of leftOut) throw new Error(`the key leaves out ${name}, which there is not`);
  }

  /** The key of the state the scene is in, 8 characters. */
  key(): string {
    this.length = 0;
    this.keepsNumbers = this.options.plain;
    this.begin();
    for (const key of NAMING) {
      const { $header } = this.tables[this.tableOf(key)].base;
      if (($header[3] ?? 0) > 0) this.keepsNumbers = true;
    }
    this.putRows();
    this.putTimes();
    this.putBooks();
    this.putModel();
    if (this.keepsNumbers && this.options.loose !== true) this.putNumbers();
    beginHash(this.lanes);
    hashWords(this.lanes, this.out, 0, this.length);
    endHash(this.lanes, this.length, this.hash);
    let text = "";
    for (const word of this.hash) text += String.fromCharCode(word >>> 16, word & 0xffff);
    return text;
  }

  private tableOf(key: string): number {
    const found = this.index.get(key);
    if (found === undefined) throw new Error(`no table ${key}`);
    return found;
  }

  /** Whether a column is the generation that belongs to a weak handle: told with it. */
  private isGeneration(names: readonly string[], name: string): boolean {
    return name.endsWith("Generation") && names.includes(name.slice(0, -"Generation".length));
  }

  private put(value: number): void {
    if (this.length === this.out.length) {
      const larger = new Int32Array(2 * this.out.length);
      larger.set(this.out);
      this.out = larger;
    }
    this.out[this.length++] = value;
  }

  private putLong(value: number): void {
    this.scratch[0] = value;
    this.put(this.words[0]);
    this.put(this.words[1]);
  }

  private putText(text: string): void {
    this.put(text.length);
    for (let i = 0; i < text.length; i++) this.put(text.charCodeAt(i));
  }

  private begin(): void {
    const { s } = this.scene;
    for (let i = 0; i < this.named.length; i++) {
      this.named[i].fill(0, 0, (this.tables[i].base.$header[0] ?? 0) + 1);
      this.counts[i] = 0;
    }
    this.queue.length = 0;
    this.pids.clear();
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
    this.queue.push(table * 0x10_0000 + row);
    return name;
  }

  private putRows(): void {
    for (let i = 0; i < this.queue.length; i++) {
      const table = Math.floor(this.queue[i] / 0x10_0000);
      const row = this.queue[i] % 0x10_0000;
      this.put(table);
      for (const part of this.tables[table].parts) this.putPart(part, row);
    }
  }

  private putPart(part: Part, row: number): void {
    const { view, count, how } = part;
    if (how === "entries") return this.putEntries(row);
    if (count === 1) return this.putValue(part, view[row], row);
    let last = 0;
    for (let i = 0; i < count; i++) {
      const value = view[row * count + i];
      if (value === 0) continue;
      this.put(i - last);
      last = i;
      this.putValue(part, value, row * count + i);
    }
    this.put(-1);
  }

  private putValue(part: Part, value: number, at: number): void {
    switch (part.how) {
      case "plain":
        return this.put(value);
      case "long":
        return this.putLong(value);
      case "pid":
        return this.put(this.pid(value));
      case "row":
        return this.put(this.name(part.table, value));
      case "weak": {
        const { base } = this.tables[part.table];
        const current = base.$live[value] === 1 &&
          base.$generation[value] === part.generation?.[at];
        return this.put(value === 0 ? 0 : current ? this.name(part.table, value) : STALE);
      }
      case "object": {
        const table = WAITED[this.scene.s.waiter.kind[at]];
        if (table === undefined) {
          if (value !== 0) this.keepsNumbers = true;
          return this.put(this.options.loose === true ? 0 : value);
        }
        return this.put(this.name(this.tableOf(table), value));
      }
      case "kinds": {
        const { kinds, parts } = part.byKind ?? { kinds: [], parts: [] };
        const told = parts[kinds[at] ?? 0];
        return told === undefined ? this.put(value) : this.putValue(told, value, at);
      }
      case "carried":
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
      this.putLong(actor.a0);
      for (const [what, value] of Object.entries(actor.kept)) {
        this.putText(what);
        this.putLong(what.startsWith("pid") ? this.pid(value) : value);
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
