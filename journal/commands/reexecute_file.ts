import { createMachine } from "../../arch/machine/machine.ts";
import { MachineDefect } from "../../arch/machine/machine_defect.ts";
import type { OutputPort } from "../../arch/machine/ports.ts";
import { RecordedInputs, RecordingEnds } from "../../arch/machine/recorded_inputs.ts";
import { makeReducer } from "../../core/reducer.ts";
import { rowOf } from "../../core/syscall/rows.ts";
import { formatEvent } from "../format_event.ts";
import { type Divergence, reexecute, type ReplayResult } from "../replay.ts";
import { machineConfigOf } from "./boot_configuration.ts";
import { CommandError } from "./command_error.ts";
import { uartConsole } from "./console_factory.ts";
import { Exit } from "./exit.ts";
import type { JournalFile } from "./journal_file.ts";
import { JournalLog } from "./journal_log.ts";
import { backingFrames, kernelLayout, reduceOrThrow } from "./kernel_setup.ts";
import { type Verdict, verdictOfEnd } from "./verdict.ts";

/** How to re-execute. */
export interface ReexecuteOptions {
  /** The last event; all by default. */
  readonly until?: number;
  /** Where the guest's output goes; nowhere by default. */
  readonly output?: OutputPort;
  /** Told how many events came out equal, now and then. */
  readonly progress?: (events: number) => void;
}

const SILENT: OutputPort = { writeStream: () => 0 };
const PROGRESS_EVENTS = 4096;

/** Runs the machine of a journal again and compares everything it records. */
export function reexecuteFile(file: JournalFile, options: ReexecuteOptions = {}): Verdict {
  file.holdOurs();
  const { configuration } = file;
  const config = machineConfigOf(configuration);
  const layout = kernelLayout(backingFrames(configuration.memory));
  const reader = file.reader();
  const log = new JournalLog(file.reader());
  let lacking = "";
  const run = (): ReplayResult =>
    reexecute(reader, (sink) => {
      const machine = createMachine({
        config,
        reducerFactory: (buffer, base) => {
          const reducer = makeReducer(layout, buffer, base);
          const { effects, hash } = reducer;
          return { effects, hash, reduce: (e) => reduceOrThrow(reducer, e) };
        },
        sink,
        inputs: new RecordedInputs(log, config.terminalInput),
        output: options.output ?? SILENT,
        console: uartConsole,
      });
      return {
        run: (): void => {
          try {
            machine.run();
          } catch (error) {
            if (!(error instanceof RecordingEnds)) throw error;
            lacking = error.message;
          }
        },
      };
    }, {
      format: (e) => formatEvent(e, rowOf),
      ...(options.until === undefined ? {} : { until: options.until }),
      after: (e) => {
        if (e.order % PROGRESS_EVENTS === 0) options.progress?.(e.order);
      },
    });
  try {
    const result = run();
    if (result.divergence !== undefined) return diverged(result.divergence, result);
    if (lacking !== "" && !configuration.embedded) {
      throw new CommandError(
        Exit.Unreadable,
        `${file.path} was recorded with --no-embed and lacks the contents that the run read after ` +
          `event ${reader.lastOrder}: ${wanted(log)}`,
      );
    }
    return verdictOfEnd("replay", reader, result.events, result.hashes, options.until);
  } catch (error) {
    if (!(error instanceof MachineDefect)) throw error;
    return defectVerdict("replay", error.order, error.message, reader.lastOrder);
  }
}

function wanted(log: JournalLog): string {
  const digest = log.peek()?.payload.slice(0, 32) ?? new Uint8Array(0);
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `SHA-256 ${hex}`;
}

function diverged(d: Divergence, result: ReplayResult): Verdict {
  const side = (name: string, text: string): string[] => text === "" ? [] : [`  ${name}: ${text}`];
  return {
    status: Exit.Failed,
    line: `diverged at event ${d.order} on hart ${d.hart}: ${d.what} differs`,
    details: [...side("recorded", d.recorded), ...side("replayed", d.replayed)],
    events: result.events,
    hashes: result.hashes,
    last: d.order,
  };
}

/** A boot that died of a defect dies of it again: as far as the journal goes all is equal. */
export function defectVerdict(what: string, order: number, line: string, last: number): Verdict {
  const again = order >= last;
  return {
    status: again ? Exit.Partial : Exit.Failed,
    line: again
      ? `${what}: equal up to event ${order}, of which the boot died: ${line}`
      : `diverged at event ${order}: ${line}`,
    details: [],
    events: order,
    hashes: 0,
    last: order,
  };
}
