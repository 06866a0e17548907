/** How much of everything is left while a program runs, and the books at chosen moments. */
import { EventKind, type RecordedEvent } from "../../core/event.ts";
import { ONE, type State } from "../../core/kernel.ts";
import { Auditor } from "../../core/ledger/auditor.ts";
import { formatClosingTable } from "../../core/ledger/closing.ts";
import { framesAvailable } from "../../core/mem/frame.ts";
import { freeRows, type TableBase } from "../../core/state/table.ts";
import { linuxRows } from "../../core/syscall/table.ts";
import type { LiveKernel, Watch } from "../kernel/harness.ts";

const WRITE = linuxRows.find((row) => row.name === "write")?.number;
/** The highest ASID: so many are there in all. */
const ASIDS = 2047;

/** A resource whose level can be watched: a table, or what is no table. */
export type Watched = keyof State | "frames" | "asids";

/** Units of a resource that can still be taken. */
export function leftOf(s: State, resource: Watched): number {
  if (resource === "frames") return framesAvailable(s);
  if (resource !== "asids") return freeRows(s[resource] as TableBase);
  // What a dead space had waits for the next epoch, which begins when nothing else is left.
  let live = 0;
  const words = s.memory.$spec.columns.asidUsed.count;
  for (let word = ONE * words; word < (ONE + 1) * words; word++) {
    for (let w = s.memory.asidUsed[word] & ~s.memory.asidRetired[word]; w !== 0; w &= w - 1) live++;
  }
  return ASIDS - live;
}

/** What is left of a resource, watched through a run; totals are held after every event. */
export class Levels {
  /** Least there was. */
  least = Infinity;
  /** What is left at each line printed, in order: one when all is taken, one when it is released. */
  readonly atLines: number[] = [];
  /** Most processes alive after an event. */
  mostAlive = 0;
  /** Most regions one space had. */
  mostRegions = 0;
  #recounts = 0;

  /**
   * @param resource what is watched
   * @param recountAt asked after every event whether the books are counted again now
   */
  constructor(
    private readonly resource: Watched,
    private readonly recountAt: (levels: Levels, s: State, e: RecordedEvent) => boolean = prints,
  ) {}

  /** How often the books were counted again. */
  get recounts(): number {
    return this.#recounts;
  }

  /** Hooks for a run. */
  readonly watch = ({ state }: LiveKernel): Watch => {
    const auditor = new Auditor(state);
    const recount = (when: string) => {
      this.#recounts++;
      const found = auditor.recount().map((finding) => finding.text);
      if (found.length > 0) throw new Error(`${when}: ${found.slice(0, 6).join("; ")}`);
    };
    return {
      after: (e) => {
        if (e.kind === EventKind.Boot) auditor.begin();
        const wrong = auditor.checkTotals();
        if (wrong !== "") throw new Error(`after event ${e.order}: ${wrong}`);
        const left = leftOf(state, this.resource);
        this.least = Math.min(this.least, left);
        this.mostAlive = Math.max(this.mostAlive, state.kernel.alive[ONE]);
        if (prints(this, state, e)) {
          this.atLines.push(left);
          for (const regions of state.addressSpace.regions) {
            this.mostRegions = Math.max(this.mostRegions, regions);
          }
        }
        if (this.recountAt(this, state, e)) recount(`after event ${e.order}`);
      },
      end: () => {
        recount("at the end");
        const table = auditor.close();
        if (!table.balanced) throw new Error(formatClosingTable(table));
      },
    };
  };
}

/** Whether an event is a `write` to standard output. */
export function prints(_levels: Levels, _s: State, e: RecordedEvent): boolean {
  return e.kind === EventKind.Syscall && e.cause === WRITE && e.argument(0) === 1;
}
