import { createMachine } from "../../arch/machine/machine.ts";
import { MachineDefect } from "../../arch/machine/machine_defect.ts";
import type { Engine } from "../../arch/machine/memory/cpu.ts";
import type { OutputPort } from "../../arch/machine/ports.ts";
import {
  type InputLog,
  RecordedInputs,
  RecordingEnds,
} from "../../arch/machine/inputs/recorded_inputs.ts";
import { makeReducer } from "../../core/reducer.ts";
import { rowOf } from "../../core/syscall/rows.ts";
import { RecordedEvent } from "../../core/event.ts";
import { formatEvent } from "../format_event.ts";
import type { JournalReader } from "../read/reader.ts";
import { type Divergence, reexecute, type ReplayResult } from "../replay/replay.ts";
import { machineConfigOf } from "./boot_configuration.ts";
import { CommandError } from "./command_error.ts";
import { uartConsole } from "./console_factory.ts";
import { Exit } from "./exit.ts";
import type { JournalFile } from "./journal_file.ts";
import { backingFrames, kernelLayout } from "./kernel_setup.ts";
import { DEFAULT_ENGINE } from "./run_plan.ts";
import { type Verdict, verdictOfEnd } from "./verdict.ts";

/** How to re-execute. */
export interface ReexecuteOptions {
  /** The last event; all by default. */
  readonly until?: number;
  /** Where the guest's output goes; nowhere by default. */
  readonly output?: OutputPort;
  /** What executes guest code. */
  readonly engine?: Engine;
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
  let lacking: Uint8Array | undefined;
  const run = (): ReplayResult =>
    reexecute(reader, (sink, recorded) => {
      const log: InputLog = {
        at: (order) => recorded.at(order),
        blob(digest, into): number {
          const length = recorded.blob(digest, into);
          if (length < 0) lacking = digest.slice();
          return length;
        },
      };
      const machine = createMachine({
        config,
        reducerFactory: (buffer, base) => makeReducer(layout, buffer, base),
        sink,
        inputs: new RecordedInputs(log, config.terminalInput),
        output: options.output ?? SILENT,
        console: uartConsole,
        engine: options.engine ?? DEFAULT_ENGINE,
      });
      return {
        run: (): void => {
          try {
            machine.run();
          } catch (error) {
            // How far it came is for the comparison to say.
            if (!(error instanceof RecordingEnds)) throw error;
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
    if (lacking !== undefined && !configuration.embedded) throw lacks(file, result, lacking);
    if (result.divergence !== undefined) return diverged(result.divergence, result);
    return verdictOfEnd(reader, result.events, result.hashes, options.until);
  } catch (error) {
    if (!(error instanceof MachineDefect)) throw error;
    return defectVerdict(error.order, error.message, reader);
  }
}

/** What a journal without contents wants before it can be re-executed. */
function lacks(file: JournalFile, result: ReplayResult, digest: Uint8Array): CommandError {
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return new CommandError(
    Exit.Unreadable,
    `${file.path} was recorded with --no-embed: re-executing event ${result.events} wants the ` +
      `contents with SHA-256 ${hex}; --fold can do without`,
  );
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

/**
 * A boot that died of a defect dies of it again: as far as the journal goes all is equal.
 *
 * @param reader at the event that met the defect
 */
export function defectVerdict(
  order: number,
  line: string,
  reader: JournalReader,
): Verdict {
  const again = reader.lastOrder <= order && !reader.next(new RecordedEvent());
  return {
    status: again ? Exit.Partial : Exit.Failed,
    line: again
      ? `equal up to event ${order}, of which the boot died: ${line}`
      : `diverged at event ${order}: ${line}`,
    details: [],
    events: order,
    hashes: 0,
    last: order,
    defect: true,
  };
}
