/** I13, I15, C1, C2, C3, P2, P17: page tables, the frames they name, and the regions they serve. */
import { PageTableLayout, Pte, RAM_BASE_PAGE, USER_END_PAGE } from "../../core/isa/riscv64.ts";
import type { State } from "../../core/kernel.ts";
import { FrameRole, Prot, RegionFlag } from "../../core/mem/tables.ts";
import { type Check, eachLive, type Group, ONLY, type Report, top } from "./checker.ts";

const ENTRIES = PageTableLayout.entries;
const ROOT_LEVEL = PageTableLayout.levels - 1;
const ACCESS = Pte.Read | Pte.Write | Pte.Execute;
/** Bits of a PTE's low word that are not the page number; 8 and 9 are software's, and unused. */
const FLAGS = 0x3ff;

/** The page a PTE names, less that of the start of RAM. */
const pfnOf = (lo: number, hi: number): number => hi * 2 ** 22 + (lo >>> 10) - RAM_BASE_PAGE;

/**
 * What all page tables say of each frame, kept up to date by comparing the tables' bytes with those
 * of the event before: so that a table no event touched costs a comparison, and nothing more.
 */
class Mappings {
  /** Leaf PTEs of each frame, and those of them that may write. */
  readonly leaves: Int32Array;
  readonly writers: Int32Array;
  /** Frames whose counts changed in this event. */
  readonly touched: Set<number> = new Set();
  readonly #entries: Uint32Array;
  readonly #frames: ReadonlyMap<number, number>;
  /** Highest table looked at so far: a model goes back to states that had fewer. */
  #highest = 0;

  constructor(private readonly s: State, frames: ReadonlyMap<number, number>) {
    this.#entries = new Uint32Array(s.pageTable.entries.length);
    this.leaves = new Int32Array(s.frame.$capacity);
    this.writers = new Int32Array(s.frame.$capacity);
    this.#frames = frames;
  }

  /** Takes in what changed; returns whether anything did in a table. */
  update(changed: (table: number) => void): void {
    this.touched.clear();
    const now = this.s.pageTable.entries;
    const was = this.#entries;
    this.#highest = Math.max(this.#highest, top(this.s.pageTable));
    for (let table = 1; table <= this.#highest; table++) {
      let differs = false;
      for (let at = table * ENTRIES * 2; at < (table + 1) * ENTRIES * 2; at += 2) {
        if (now[at] === was[at] && now[at + 1] === was[at + 1]) continue;
        differs = true;
        this.#count(was[at] ?? 0, was[at + 1] ?? 0, -1);
        this.#count(now[at] ?? 0, now[at + 1] ?? 0, 1);
        was[at] = now[at] ?? 0;
        was[at + 1] = now[at + 1] ?? 0;
      }
      if (differs) changed(table);
    }
  }

  #count(lo: number, hi: number, by: number): void {
    if ((lo & Pte.Valid) === 0 || (lo & ACCESS) === 0) return;
    const frame = this.#frames.get(pfnOf(lo, hi));
    if (frame === undefined) return;
    this.leaves[frame] = (this.leaves[frame] ?? 0) + by;
    if ((lo & Pte.Write) !== 0) this.writers[frame] = (this.writers[frame] ?? 0) + by;
    this.touched.add(frame);
  }
}

/** Checks the tables and regions of one space against each other. */
class SpaceCheck {
  #leaves = 0;
  #tables = 0;
  readonly #seen = new Set<number>();

  constructor(
    private readonly s: State,
    private readonly frames: ReadonlyMap<number, number>,
    private readonly report: Report,
    private readonly space: number,
  ) {}

  run(): void {
    const { s, space, report } = this;
    const a = s.addressSpace;
    const row = `addressSpace ${space}`;
    this.#regions();
    if (a.root[space] === 0) {
      if (a.dying[space] !== 1) report("C2", row, "without a root table, but not dying");
      return;
    }
    this.#table(s.frame.pageTable[a.root[space]], ROOT_LEVEL, 0);
    if (this.#leaves !== a.resident[space]) {
      report("C3", row, `${this.#leaves} leaf PTEs, resident says ${a.resident[space]}`);
    }
    if (this.#tables !== a.tables[space]) {
      report("C2", row, `${this.#tables} page-table pages, tables says ${a.tables[space]}`);
    }
  }

  #regions(): void {
    const { s, space, report } = this;
    const r = s.region;
    let end = 0;
    let count = 0;
    for (let at = s.addressSpace.firstRegion[space]; at !== 0; at = r.next[at]) {
      const row = `region ${at}`;
      if (r.$live[at] !== 1 || r.space[at] !== space) {
        return report("C3", row, `in the list of space ${space}, but not its own`);
      }
      if (r.start[at] < end || r.end[at] <= r.start[at] || r.end[at] > USER_END_PAGE) {
        report("C3", row, `pages ${r.start[at]} to ${r.end[at]} after one that ends at ${end}`);
      }
      if ((r.prot[at] & Prot.Write) !== 0 && (r.prot[at] & Prot.Execute) !== 0) {
        report("P2", row, "may be written and executed");
      }
      if ((r.prot[at] & ~r.maxProt[at]) !== 0) {
        report("P2", row, `protection ${r.prot[at]} beyond the ${r.maxProt[at]} it may have`);
      }
      if (s.memoryObject.$live[r.object[at]] !== 1 || s.memoryObject.dying[r.object[at]] === 1) {
        report("C3", row, `maps object ${r.object[at]}, which is free or dying`);
      }
      end = r.end[at];
      if (++count > r.$capacity) return;
    }
  }

  #table(table: number, level: number, page: number): void {
    const { s, report, space } = this;
    const row = `pageTable ${table}`;
    if (table === 0 || s.pageTable.$live[table] !== 1 || this.#seen.has(table)) {
      return report("C2", row, `linked into space ${space}, but free or linked twice`);
    }
    this.#seen.add(table);
    this.#tables++;
    const frame = s.pageTable.frame[table];
    if (
      s.frame.role[frame] !== FrameRole.PageTable || s.frame.pageTable[frame] !== table ||
      s.frame.refs[frame] !== 0
    ) report("C2", row, `frame ${frame} is not its own`);
    let used = 0;
    for (let i = 0; i < ENTRIES; i++) {
      const word = (table * ENTRIES + i) * 2;
      const lo = s.pageTable.entries[word];
      const hi = s.pageTable.entries[word + 1];
      const bit = (s.pageTable.present[table * 16 + (i >>> 5)] >>> (i & 31)) & 1;
      if (bit !== (lo & Pte.Valid)) report("C2", row, `PTE ${i}: its bit in present is ${bit}`);
      if ((lo & Pte.Valid) === 0) {
        if (lo !== 0 || hi !== 0) report("I13", row, `PTE ${i} is absent, but not zero`);
        continue;
      }
      used++;
      this.#entry(table, i, level, page + i * 512 ** level, lo, hi);
    }
    if (used !== s.pageTable.used[table]) {
      report("C2", row, `${used} valid PTEs, used says ${s.pageTable.used[table]}`);
    }
  }

  #entry(table: number, i: number, level: number, page: number, lo: number, hi: number): void {
    const { s, report } = this;
    const row = `pageTable ${table} PTE ${i}`;
    const frame = this.frames.get(pfnOf(lo, hi)) ?? 0;
    if (frame === 0 || frame > s.memory.backed[ONLY] || hi >>> 22 !== 0) {
      return report("I13", row, `names page ${pfnOf(lo, hi)}, which has no backing`);
    }
    if ((lo & 0x300) !== 0 || (lo & Pte.Global) !== 0) {
      report("I13", row, `has bits 0x${(lo & FLAGS).toString(16)}, some of them reserved`);
    }
    const leaf = (lo & ACCESS) !== 0;
    if (leaf !== (level === 0)) {
      return report("I13", row, `is ${leaf ? "a leaf" : "no leaf"} at level ${level}`);
    }
    if (!leaf) {
      if ((lo & (Pte.User | Pte.Accessed | Pte.Dirty)) !== 0) {
        report("I13", row, `names a table with bits 0x${(lo & FLAGS).toString(16)}`);
      }
      return this.#table(s.frame.pageTable[frame], level - 1, page);
    }
    this.#leaves++;
    this.#leaf(row, frame, page, lo);
  }

  #leaf(row: string, frame: number, page: number, lo: number): void {
    const { s, report, space } = this;
    const flags = `0x${(lo & FLAGS).toString(16)}`;
    if ((lo & Pte.Accessed) === 0 || ((lo & Pte.Write) !== 0) !== ((lo & Pte.Dirty) !== 0)) {
      report("I13", row, `bits ${flags}: accessed and dirty are not as the kernel presets them`);
    }
    if ((lo & Pte.Read) === 0 && (lo & Pte.Write) !== 0) {
      report("I13", row, `bits ${flags}: writable and not readable is reserved`);
    }
    if ((lo & Pte.Write) !== 0 && (lo & Pte.Execute) !== 0) {
      report("P2", row, `bits ${flags}: may be written and executed`);
    }
    if (page >= USER_END_PAGE) report("I13", row, `maps page ${page} of the kernel's half`);
    const role = s.frame.role[frame];
    if (role !== FrameRole.Anonymous && role !== FrameRole.Object) {
      report("C1", row, `maps frame ${frame} of role ${role}`);
    }
    // A long operation takes regions and pages in steps; what it has left is checked at its end.
    if (s.addressSpace.operation[space] !== 0 || s.addressSpace.dying[space] === 1) return;
    this.#region(row, frame, page, lo);
  }

  #region(row: string, frame: number, page: number, lo: number): void {
    const { s, report, space } = this;
    let region = s.addressSpace.firstRegion[space];
    while (region !== 0 && s.region.end[region] <= page) region = s.region.next[region];
    if (region === 0 || s.region.start[region] > page) {
      return report("C3", row, `page ${page} is mapped, but no region of space ${space} has it`);
    }
    const prot = s.region.prot[region];
    const user = (lo & Pte.User) !== 0;
    const reads = user && (lo & Pte.Read) !== 0 && (prot & (Prot.Read | Prot.Write)) === 0;
    const writes = (lo & Pte.Write) !== 0 && (prot & Prot.Write) === 0;
    const executes = (lo & Pte.Execute) !== 0 && (prot & Prot.Execute) === 0;
    if (reads || writes || executes || (user && prot === 0)) {
      report("P1", row, `allows 0x${(lo & FLAGS).toString(16)}, its region ${region} only ${prot}`);
    }
    const shared = (s.region.flags[region] & RegionFlag.Shared) !== 0;
    if ((lo & Pte.Write) === 0 || shared) return;
    if (s.frame.role[frame] !== FrameRole.Anonymous || s.frame.refs[frame] !== 1) {
      report("C1", row, `a private page may be written, but frame ${frame} is shared`);
    }
  }
}

/** Counts of leaf PTEs, object pages and buffers against what each frame says. */
function checkFrames(s: State, report: Report, leaves: Int32Array, holds: Uint32Array): void {
  holds.fill(0);
  eachLive(s.objectPage, (page) => {
    const frame = s.objectPage.frame[page];
    holds[frame] = (holds[frame] ?? 0) + 1;
  });
  eachLive(s.pipe, (pipe) => {
    for (let i = 0; i < 16; i++) {
      const frame = s.pipe.frame[pipe * 16 + i];
      holds[frame] = (holds[frame] ?? 0) + 1;
    }
  });
  for (let row = 1; row < s.stream.$capacity; row++) {
    const frame = s.stream.object[row];
    holds[frame] = (holds[frame] ?? 0) + 1;
  }
  const roles = s.frame.role;
  for (let frame = 1; frame <= s.memory.backed[ONLY]; frame++) {
    const found = (leaves[frame] ?? 0) + (holds[frame] ?? 0);
    const role = roles[frame];
    if (found !== s.frame.refs[frame]) {
      report(
        "I15",
        `frame ${frame}`,
        `${found} PTEs and holders, refs says ${s.frame.refs[frame]}`,
      );
    }
    const counted = role !== FrameRole.Free && role !== FrameRole.Quarantine &&
      role !== FrameRole.PageTable;
    if (counted !== found > 0) {
      report("C1", `frame ${frame}`, `of role ${role}, with ${found} PTEs and holders`);
    }
  }
}

/** Whether the regions of spaces changed, told by comparing the rows with those of the event before. */
class RegionShadow {
  readonly #views: readonly ArrayLike<number>[];
  readonly #was: readonly Float64Array[];

  constructor(private readonly s: State) {
    const r = s.region;
    this.#views = [r.space, r.start, r.end, r.prot, r.flags, r.object, r.next];
    this.#was = this.#views.map((view) => new Float64Array(view.length));
  }

  update(changed: (space: number) => void): void {
    for (let row = 1; row <= top(this.s.region); row++) {
      let differs = false;
      this.#views.forEach((view, i) => {
        const was = this.#was[i];
        if (was === undefined || was[row] === view[row]) return;
        if (i === 0) changed(was[row] ?? 0);
        was[row] = view[row] ?? 0;
        differs = true;
      });
      if (differs) changed(this.s.region.space[row]);
    }
  }
}

/** A hart that runs a space is one of those a shootdown of it is sent to. */
function checkRanOn(s: State, report: Report): void {
  for (let hart = 0; hart < s.kernel.harts[ONLY]; hart++) {
    const space = s.hart.runningSpace[hart + 1];
    if (space === 0) continue;
    if (s.addressSpace.$live[space] !== 1 || s.addressSpace.root[space] === 0) {
      report("P17", `hart ${hart}`, `its satp names space ${space}, which is gone`);
    }
    const word = hart < 32 ? s.addressSpace.ranOnLo[space] : s.addressSpace.ranOnHi[space];
    if (((word >>> (hart & 31)) & 1) === 0) {
      report("P17", `hart ${hart}`, `runs space ${space}, but no shootdown would be sent to it`);
    }
  }
}

/** Page tables, frames and regions. */
export const paging: Group = {
  name: "paging",
  ids: ["I13", "I15", "C1", "C2", "C3", "P1", "P2", "P17"],
  make: ({ state: s }): Check => {
    const frames = new Map<number, number>();
    const mappings = new Mappings(s, frames);
    const regions = new RegionShadow(s);
    const holds = new Uint32Array(s.frame.$capacity);
    /** Spaces to look at: each holds the tables it had when it was looked at last. */
    const dirty = new Set<number>();
    const operated = new Set<number>();
    return (_e, report) => {
      for (let f = frames.size + 1; f <= s.memory.backed[ONLY]; f++) frames.set(s.frame.pfn[f], f);
      let tables = false;
      mappings.update(() => tables = true);
      regions.update((space) => dirty.add(space));
      eachLive(s.addressSpace, (space) => {
        // The end of a long operation is when a space must be whole again.
        const busy = s.addressSpace.operation[space] !== 0;
        if (busy !== operated.has(space)) dirty.add(space);
        if (busy) operated.add(space);
        else operated.delete(space);
        if (tables || dirty.has(space)) {
          new SpaceCheck(s, frames, report, space).run();
        }
      });
      dirty.clear();
      checkFrames(s, report, mappings.leaves, holds);
      for (const frame of mappings.touched) {
        const writers = mappings.writers[frame] ?? 0;
        if (writers === 0 || s.frame.role[frame] !== FrameRole.Anonymous) continue;
        if (s.frame.refs[frame] !== 1 && !isShared(s, frame)) {
          report("C1", `frame ${frame}`, `written by ${writers} of ${s.frame.refs[frame]} PTEs`);
        }
      }
      checkRanOn(s, report);
    };
  },
};

/** Pages a truncated shared object left to its mappings are anonymous, and still shared. */
function isShared(s: State, frame: number): boolean {
  let shared = false;
  eachLive(s.region, (r) => {
    if ((s.region.flags[r] & RegionFlag.Shared) !== 0) shared = true;
  });
  return shared && s.frame.refs[frame] > 0;
}
