import { Event } from "../../core/event.ts";
import { Coverage } from "./coverage.ts";
import { playEvent, type TapedEvent, tapeLine } from "./event_tape.ts";
import { describeEvent, Failure } from "./judge.ts";
import { type Diet, Life } from "./life.ts";
import { shrink } from "./shrink.ts";
import type { Start, Stock } from "./starts.ts";

/** What a campaign is to do. */
export interface CampaignOptions {
  readonly seed: number;
  /** Events to make, those of the shutdowns not counted. */
  readonly events: number;
  readonly diet: Diet;
  /** Number of the first life. */
  readonly from?: number;
  /** Most lives; as many as the events take unless given. */
  readonly lives?: number;
  /** Called after every life. */
  readonly progress?: (sums: CampaignSums) => void;
}

/** What a campaign did. */
export interface CampaignSums {
  lives: number;
  events: number;
  handled: number;
  /** Events of shutdowns. */
  closing: number;
  /** Lives folded a second time. */
  folded: number;
}

/** A life that failed, made small. */
export interface CampaignFailure {
  readonly life: number;
  readonly start: Start;
  readonly failure: Failure;
  /** The fewest events that still fail. */
  readonly tape: readonly TapedEvent[];
  /** The line that runs it again. */
  readonly line: string;
}

/** How a campaign ended. */
export interface CampaignResult {
  readonly sums: CampaignSums;
  readonly coverage: Coverage;
  readonly failure?: CampaignFailure;
}

/** Runs lives one after the other until the events are used up or one fails. */
export function runCampaign(stock: Stock, options: CampaignOptions): CampaignResult {
  const { seed, diet } = options;
  const sums: CampaignSums = { lives: 0, events: 0, handled: 0, closing: 0, folded: 0 };
  const coverage = new Coverage();
  const first = options.from ?? 0;
  const last = first + (options.lives ?? Infinity);
  for (let number = first; number < last && sums.events < options.events; number++) {
    try {
      const life = new Life(stock, seed, number, diet).run(coverage);
      sums.lives++;
      sums.events += life.events;
      sums.handled += life.handled;
      sums.closing += life.closing;
      sums.folded += life.folded;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { sums, coverage, failure: examine(stock, options, number, error) };
    }
    options.progress?.(sums);
  }
  return { sums, coverage };
}

/** Runs a failed life again with a tape, and makes it small. */
function examine(
  stock: Stock,
  { seed, diet }: CampaignOptions,
  number: number,
  failure: Failure,
): CampaignFailure {
  const tape: TapedEvent[] = [];
  const life = new Life(stock, seed, number, diet);
  try {
    life.run(undefined, tape);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
  const small = shrink(stock, life.start, tape) ?? { tape, failure };
  const only = diet === "both" ? "" : ` --only ${diet}`;
  const line = `deno task fuzz --seed ${seed} --from ${number} --lives 1${only}`;
  return { life: number, start: life.start, ...small, line };
}

/** A failure as text: the line that runs it again, what is wrong, the fewest events that show it. */
export function failureText(failure: CampaignFailure): string {
  const e = new Event();
  const events = failure.tape.map((taped) => {
    playEvent(taped, e);
    return `  ${describeEvent(e)}`;
  });
  return [
    failure.line,
    `${failure.failure.what}: ${failure.failure.message}`,
    `from "${failure.start.name}", ${events.length} events:`,
    ...events.slice(-40),
  ].join("\n");
}

/** A failure as a file: the start's name, then an event a line. */
export function failureFile(failure: CampaignFailure): string {
  const events = failure.tape.map(tapeLine);
  return [JSON.stringify({ start: failure.start.name, run: failure.line }), ...events, ""].join(
    "\n",
  );
}
