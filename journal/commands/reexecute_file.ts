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
import type { HostContents } from "../../drivers/host/host_contents.ts";
import { hexOf } from "../format/seek_index.ts";
import { machineConfigOf } from "./boot_configuration.ts";
import { CommandError } from "./command_error.ts";
import { uartConsole } from "./console_factory.ts";
import { Exit } from "./exit.ts";
import type { JournalFile } from "./journal_file.ts";
import { backingFrames, kernelLayout } from "./kernel_setup.ts";
import { DEFAULT_ENGINE } from "./run_plan.ts";
import { nameContents, RecordedContents } from "./recorded_contents.ts";
import { type Verdict, verdictOfEnd } from "./verdict.ts";

/** How to re-execute. */
export interface ReexecuteOptions {
  /** The last event; all by default. */
  readonly until?: number;
  /** Contents that a journal recorded with --no-embed lacks. */
  readonly contents?: HostContents;
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
  const contents = new RecordedContents(options.contents);
  const run = (): ReplayResult =>
    reexecute(reader, (sink, recorded) => {
      const log: InputLog = {
        at: (order) => recorded.at(order),
        blob: (digest, into) => contents.copy((d, to) => recorded.blob(d, to), digest, into),
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
    const { lacking, forged } = contents;
    if (lacking !== undefined && !forged && !configuration.embedded) {
      throw lacks(file, result, lacking);
    }
    if (lacking !== undefined && forged) return forgedContents(lacking, result);
    if (result.divergence !== undefined) return diverged(result.divergence, result);
    return verdictOfEnd(reader, result.events, result.hashes, options.until);
  } catch (error) {
    if (!(error instanceof MachineDefect)) throw error;
    return defectVerdict(error.order, error.message, reader);
  }
}

/** What a journal without contents wants before it can be re-executed. */
function lacks(file: JournalFile, result: ReplayResult, digest: Uint8Array): CommandError {
  const what = nameContents(file.reader(), result.events) || "contents";
  return new CommandError(
    Exit.Unreadable,
    `${file.path} was recorded with --no-embed: re-executing event ${result.events} wants ${what} ` +
      `with SHA-256 ${hexOf(digest)}: name the file, or a folder with it, with --contents; ` +
      `--fold can do without`,
  );
}

/** Bytes that do not have the digest under which they were recorded. */
function forgedContents(digest: Uint8Array, result: ReplayResult): Verdict {
  return {
    status: Exit.Failed,
    line: `diverged at event ${result.events}: its contents are not those it names`,
    details: [`  recorded: SHA-256 ${hexOf(digest)}`],
    events: result.events,
    hashes: result.hashes,
    last: result.events,
  };
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
