import { EventKind, type RecordedEvent } from "../../core/event.ts";
import type { State } from "../../core/kernel.ts";
import { liveRows, processName } from "../../journal/commands/show/names.ts";

const PROGRAM = "chanstorm";
const GATE = "chanstorm: gate ";
const MARK = "progress: chanstorm";
/** Marks in a window: each must hold an IPI of those who talk beside the storm. */
const WINDOW = 32;

/** The first process of the storm: its parent is another program. */
function findRoot(s: State): number {
  for (const process of liveRows(s.process)) {
    const parent = s.process.parent[process];
    if (processName(s, process) !== PROGRAM) continue;
    if (parent === 0 || processName(s, parent) !== PROGRAM) return process;
  }
  return 0;
}

/**
 * Looks at the kernel's channels when the storm says that it has destroyed all of its own, while
 * those who made them are still there: what then stands, beside the one channel of the server that
 * the storm runs beside, has leaked.
 */
export class ChannelGate {
  /** How often the storm said it was done. */
  looks = 0;
  /** One line for each thing that does not hold. */
  readonly problems: string[] = [];
  private marks = 0;
  private ipis = 0;
  private readonly decoder = new TextDecoder();

  /** To be told of every event of a fold, after it. */
  after(s: State, e: RecordedEvent): void {
    if (e.kind === EventKind.Ipi) this.ipis++;
    if (e.kind !== EventKind.Syscall || e.glanceLength === 0) return;
    const begin = this.decoder.decode(e.glance.subarray(0, e.glanceLength));
    if (begin.startsWith(MARK)) this.countMark();
    if (begin.startsWith(GATE)) this.look(s);
  }

  private countMark(): void {
    if (++this.marks % WINDOW !== 0) return;
    if (this.ipis === 0) this.problems.push(`no IPI up to mark ${this.marks} since the one before`);
    this.ipis = 0;
  }

  private look(s: State): void {
    this.looks++;
    const root = findRoot(s);
    if (root === 0) {
      this.problems.push("the storm of channels has no process");
      return;
    }
    const children = [...liveRows(s.process)].filter((row) => s.process.parent[row] === root);
    // The server was the first to be forked.
    const server = children.reduce(
      (a, b) => s.process.pid[a] < s.process.pid[b] ? a : b,
      children[0],
    );
    if (children.length < 2) this.problems.push("the storm of channels has no children to look at");
    for (const channel of liveRows(s.channel)) {
      const owner = s.channel.process[channel];
      if (owner === server || !children.includes(owner)) continue;
      const pid = s.process.pid[owner];
      this.problems.push(`channel ${s.channel.id[channel]} of process ${pid} was not destroyed`);
    }
  }
}
