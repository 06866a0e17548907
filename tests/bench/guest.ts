/** Runs of the guest in this process, each on a fresh machine, recorded to a file. */
import type { OutputPort } from "../../arch/machine/ports.ts";
import { OutputResult } from "../../arch/machine/ports.ts";
import { DenoHost } from "../../drivers/host/host.ts";
import { digestKernelSources } from "../../drivers/host/kernel_sources.ts";
import { parseMachineOptions } from "../../journal/commands/options.ts";
import { record } from "../../journal/commands/record.ts";
import { planBoot, planRun, type RunPlan } from "../../journal/commands/run_plan.ts";
import { repository } from "../daybook.ts";

/** A run that ended. */
export interface GuestRun {
  /** Guest instructions retired. */
  readonly instructions: number;
  readonly events: number;
  /** From the machine's start to the closed journal on disk, host seconds. */
  readonly seconds: number;
  /** What it wrote to its standard streams or its console. */
  readonly output: string;
}

const PROGRAMS = `${repository}userland/bench/bin`;

/** Absolute path of a benchmark program. */
export function programPath(name: string): string {
  return `${PROGRAMS}/${name}`;
}

/**
 * Runs one program as the first process.
 *
 * @param journal file to record into; overwritten
 * @throws when it does not end with status 0
 */
export function runGuest(
  name: string,
  args: readonly (string | number)[],
  journal: string,
  harts = 1,
): GuestRun {
  // Named as it is in the guest, so that a program which executes itself finds itself.
  const words = ["--harts", String(harts), "--root", ".", `./${name}`, ...args.map(String)];
  return recordPlan(
    (host) => planRun(parseMachineOptions("run", words), host, PROGRAMS),
    journal,
    `${name} ${args.join(" ")}`,
  );
}

/** Boots the built-in image on 8 harts. */
export function bootGuest(journal: string): GuestRun {
  return recordPlan(
    (host) => planBoot(parseMachineOptions("boot", []), host, repository),
    journal,
    "the boot",
  );
}

function recordPlan(
  makePlan: (host: DenoHost) => RunPlan,
  journal: string,
  what: string,
): GuestRun {
  const host = new DenoHost();
  const clock = { start: 0 };
  const output = new TextOutput();
  const { outcome } = record({
    plan: announced(makePlan(host), () => clock.start = performance.now()),
    host,
    output,
    journal,
    identity: digestKernelSources(),
    paced: false,
    timeLimit: undefined,
  });
  const seconds = (performance.now() - clock.start) / 1000;
  if (outcome.waitStatus !== 0 || clock.start === 0) {
    throw new Error(`${what} ended with wait status ${outcome.waitStatus}: ${output.text()}`);
  }
  const { instructions, events } = outcome.stats;
  return { instructions, events, seconds, output: output.text() };
}

/** The plan, which says when the machine asks for its first input: that is its second event. */
function announced(plan: RunPlan, started: () => void): RunPlan {
  const [first, ...rest] = plan.initial;
  const told = {
    kind: first.kind,
    get payload() {
      started();
      return first.payload;
    },
  };
  return { ...plan, initial: [told, ...rest] };
}

/** Keeps what the guest writes. */
class TextOutput implements OutputPort {
  private readonly decoder = new TextDecoder();
  private kept = "";

  writeStream(_stream: number, bytes: Uint8Array, from: number, length: number): number {
    this.kept += this.decoder.decode(bytes.slice(from, from + length), { stream: true });
    return OutputResult.Done;
  }

  text(): string {
    return this.kept;
  }
}
