import type { MachineReducer, OutputPort } from "../../arch/machine/ports.ts";
import { type LiveInputOptions, LiveInputs } from "../../arch/machine/inputs/live_inputs.ts";
import { createMachine, type Outcome } from "../../arch/machine/machine.ts";
import { ONE } from "../../core/kernel.ts";
import { errnoOf } from "../../core/personality/linux/errno.ts";
import { makeReducer, type Reducer } from "../../core/reducer.ts";
import type { DenoHost } from "../../drivers/host/host.ts";
import { isOtherFile } from "../../drivers/host/other_file.ts";
import { MAGIC } from "../format/format.ts";
import type { EventSink } from "../machine_port.ts";
import { JournalWriteError, writeFailure } from "../write/byte_sink.ts";
import { NullSink } from "../write/null_sink.ts";
import type { RingSink } from "../write/ring_sink.ts";
import { startThreadedWriter } from "../write/threaded_writer.ts";
import { headerOf, machineConfigOf } from "./boot_configuration.ts";
import { CommandError } from "./command_error.ts";
import { uartConsole } from "./console_factory.ts";
import { RunExit } from "./exit.ts";
import { errnoName } from "./names.ts";
import { type Fault, watchFaults } from "./fault_watch.ts";
import { backingFrames, kernelLayout } from "./kernel_setup.ts";
import { RunInputs, WatchedOutput } from "./run_inputs.ts";
import type { RunPlan } from "./run_plan.ts";

const WORKER = new URL("./writer_worker.ts", import.meta.url);

/** How to record a boot. */
export interface RecordOptions {
  readonly plan: RunPlan;
  readonly host: DenoHost;
  /** Where the guest's output goes; the host by default. */
  readonly output?: OutputPort;
  /** Journal file, or undefined to keep none. */
  readonly journal: string | undefined;
  /** Digest of the kernel, for the journal's header. */
  readonly identity: string;
  /** Whether an idle machine with a terminal follows the wall clock. */
  readonly paced: boolean;
  /** Wall-clock seconds after which the boot ends. */
  readonly timeLimit: number | undefined;
  /** Stands between the machine and what it records into: for measurements. */
  readonly watch?: (sink: EventSink) => EventSink;
  /** Of a run: asked at each round boundary, with the events so far, whether to power off. */
  readonly stop?: (events: number) => boolean;
}

/** A boot that ended. */
export interface Recording {
  readonly outcome: Outcome;
  /** The fault that killed the first process, if one did. */
  readonly fault: Fault | undefined;
  /** Errno of the execve that did not start the first process; 0 when it started. */
  readonly startError: number;
  /** Whether the reader of standard output went away. */
  readonly outputClosed: boolean;
}

/**
 * Runs a machine live and records it. The journal is complete on disk when this returns or throws.
 *
 * @throws {CommandError} when the file tree does not fit
 * @throws {JournalWriteError} when the journal cannot be written
 * @throws {MachineDefect} for a defect, {OutputError} when the host takes no output
 */
export function record(options: RecordOptions): Recording {
  const { plan, host, identity } = options;
  const { configuration } = plan;
  const config = machineConfigOf(configuration);
  const layout = kernelLayout(backingFrames(configuration.memory));
  holdPlace(options.journal);
  const writer = options.journal === undefined ? undefined : startThreadedWriter({
    worker: WORKER,
    path: options.journal,
    header: headerOf(configuration, identity),
    harts: configuration.harts,
  });
  const terminal = config.terminalInput && host.openTerminal();
  const output = new WatchedOutput(options.output ?? host);
  const live: LiveInputOptions = {
    initial: plan.initial,
    terminal,
    paced: options.paced,
    timeLimit: options.timeLimit === undefined ? Infinity : options.timeLimit * 1000,
  };
  const sink = sinkOf(writer, configuration.embedded);
  let fault: Fault | undefined;
  let startError = 0;
  let kernel: Reducer | undefined;
  try {
    const machine = createMachine({
      config,
      reducerFactory: (buffer, base): MachineReducer => {
        const reducer = makeReducer(layout, buffer, base);
        kernel = reducer;
        if (configuration.mode === "boot") {
          return reducer;
        }
        const watched = watchFaults(reducer, config, buffer, {
          fault: (found) => fault = found,
          notStarted: (errno) => startError = errno,
        });
        return { effects: reducer.effects, reduce: watched, hash: reducer.hash };
      },
      sink: options.watch === undefined ? sink : options.watch(sink),
      inputs: configuration.mode === "boot"
        ? new LiveInputs(host, live)
        : new RunInputs(host, live, output, options.stop),
      output,
      console: uartConsole,
      engine: plan.engine,
    });
    const outcome = machine.run();
    const treeError = kernel?.state.fileSystem.importError[ONE] ?? 0;
    if (treeError !== 0) {
      const why = errnoName(-errnoOf(-treeError)).slice(1);
      throw new CommandError(
        RunExit.Daybook,
        `the file tree does not fit into the machine (${why}); give it fewer or smaller names`,
      );
    }
    return { outcome, fault, startError, outputClosed: output.closed };
  } finally {
    host.close();
    writer?.finish();
  }
}

/**
 * A journal may take the place of an older one; anything else of the user's stays.
 *
 * @throws {JournalWriteError}
 */
function holdPlace(path: string | undefined): void {
  if (path === undefined || !isOtherFile(path, MAGIC)) return;
  const why = "there is a file of another kind; name another one, or remove it";
  throw new JournalWriteError(writeFailure(path, new Error(why)));
}

/** Without embedding, contents do not reach the journal: events keep their digests. */
function sinkOf(writer: RingSink | undefined, embedded: boolean): EventSink {
  if (writer === undefined) return new NullSink();
  if (embedded) return writer;
  return {
    append: (e) => writer.append(e),
    kHash: (order, hash) => writer.kHash(order, hash),
    mHash: (order, round, hash) => writer.mHash(order, round, hash),
    blob: () => {},
    end: () => writer.end(),
  };
}
