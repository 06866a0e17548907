/**
 * What an instrumented kernel asks before it takes anything. It is copied to core/state/ of a copy
 * of the kernel (`instrumented_kernel.ts`) and imports nothing: whoever loaded that copy loads this
 * module from it, counts what a run takes, and makes one thing run out in one event.
 */

/** Something the kernel took, or asked for. */
export interface Taking {
  /** Order of the event. */
  readonly order: number;
  /** The table it is a row of, or `frames` or `asids`. */
  readonly resource: string;
  /** Function of the kernel that took it, behind its file: `fs/pipe_row.ts createPipe`. */
  readonly site: string;
  /** Whether it is one of those the kernel takes for itself and init before anybody else can. */
  readonly first: boolean;
}

/** One shortage: before the event begins there are just so many units of a resource left. */
export interface Shortage {
  readonly order: number;
  readonly resource: string;
  readonly left: number;
  /** The site that takes the first unit there is none left for, or that only looks. */
  readonly site: string;
  /** Whether the event only looks at what is left: then it may need nothing. */
  readonly looks: boolean;
}

/** Names of the instrumented functions: a site is who called the outermost of them. */
const INSTRUMENTED = new Set([
  "allocRow",
  "freeRow",
  "freeRows",
  "allocFrame",
  "takeAsid",
  "framesAvailable",
]);
const FRAME = /^\s*at (\w+) .*\/core\/([^:]+):\d+/;

/** This file, in the copy. */
const OWN = "state/scarcity.ts";

/** What fills empty tables: nothing can be short there but by configuration. */
const BEGINNINGS = /^\s*at (?:boot|mountRoot|startInit) /;

function stack(): string[] {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 16;
  const lines = (new Error().stack ?? "").split("\n").slice(1);
  Error.stackTraceLimit = limit;
  return lines;
}

/** The function that stands behind the instrumented ones on the stack, with its file. */
function siteOf(lines: readonly string[]): string {
  for (const line of lines) {
    const match = FRAME.exec(line);
    if (match !== null && match[2] !== OWN && !INSTRUMENTED.has(match[1])) {
      return `${match[2]} ${match[1]}`;
    }
  }
  return "unknown";
}

/** Functions on the stack, innermost first, `<` between them: who asked, and on whose behalf. */
function chainOf(lines: readonly string[]): string {
  const names: string[] = [];
  for (const line of lines) {
    const match = FRAME.exec(line);
    if (match !== null && match[2] !== OWN && !INSTRUMENTED.has(match[1])) names.push(match[1]);
  }
  return names.join("<");
}

/** Counts, and makes scarce. One for each instrumented kernel, which runs one boot at a time. */
export class Scarcity {
  /** Whether `takings` and `askings` are kept: it costs a stack trace each. */
  recording = false;
  /** Order of the event that is reduced; nothing is counted while it is -1. */
  order = -1;
  takings: Taking[] = [];
  /** Looks at what is left that were no takings. */
  askings: Taking[] = [];
  /** Functions that first met the shortage, innermost first, or "". */
  met = "";
  #shortage: Shortage | undefined;
  #left = 0;

  /** Begins a run. */
  begin(recording: boolean, shortage?: Shortage): void {
    this.recording = recording;
    this.order = -1;
    this.takings = [];
    this.askings = [];
    this.met = "";
    this.#shortage = shortage;
    this.#left = shortage?.left ?? 0;
  }

  #isShort(resource: string): boolean {
    const shortage = this.#shortage;
    return shortage !== undefined && this.order === shortage.order &&
      resource === shortage.resource;
  }

  #meet(): void {
    if (this.met === "") this.met = chainOf(stack());
  }

  #note(resource: string): Taking {
    const lines = stack();
    const first = lines.some((line) => BEGINNINGS.test(line));
    return { order: this.order, resource, site: siteOf(lines), first };
  }

  /** Whether a taking finds nothing left. */
  refuses(resource: string): boolean {
    if (!this.#isShort(resource) || this.#left > 0) return false;
    this.#meet();
    return true;
  }

  /** A unit was taken. */
  took(resource: string): void {
    if (this.#isShort(resource)) this.#left--;
    if (this.recording && this.order >= 0) {
      this.takings.push(this.#note(resource));
    }
  }

  /** A unit was given back. */
  gaveBack(resource: string): void {
    if (this.#isShort(resource)) this.#left++;
  }

  /** What there is to see of so many units left. */
  shown(resource: string, left: number): number {
    if (this.recording && this.order >= 0) {
      this.askings.push(this.#note(resource));
    }
    if (!this.#isShort(resource) || this.#left >= left) return left;
    this.#meet();
    return Math.max(0, this.#left);
  }
}

/** The one of this kernel. */
export const scarcity: Scarcity = new Scarcity();
