/** An order of events as a journal that `replay --fold` and `dump` open. */
import { FileSink } from "../../drivers/host/file_sink.ts";
import { digestKernelSources } from "../../drivers/host/kernel_sources.ts";
import { headerOf } from "../../journal/commands/boot_configuration.ts";
import type { JournalHeader } from "../../journal/format/header.ts";
import type { ByteSink } from "../../journal/write/byte_sink.ts";
import { JournalWriter } from "../../journal/write/writer.ts";
import { MODEL_FRAMES, Scene } from "../schedules/scene.ts";
import type { Configuration } from "./configuration.ts";
import { setUp } from "./search.ts";

/** The header of a model's journal: the machine it would need, and how the order came about. */
function header(configuration: Configuration, path: readonly string[]): JournalHeader {
  const plain = headerOf({
    mode: "run",
    harts: configuration.harts,
    memory: MODEL_FRAMES * 4096,
    seed: 0,
    roundTicks: 1,
    tickNs: 1,
    start: 0,
    terminals: configuration.terminal === true ? 7 : 0,
    columns: 80,
    rows: 24,
    instructionLimit: 0,
    image: "",
    entropy: "seed",
    embedded: false,
    program: "/file",
    argv: [],
    env: [],
  }, digestKernelSources());
  return {
    ...plain,
    configuration: { ...plain.configuration, model: configuration.name, order: path.join(" ") },
  };
}

/**
 * Writes the events of an order, the one that breaks a rule included.
 *
 * @returns events written
 */
export function writeJournal(
  configuration: Configuration,
  path: readonly string[],
  sink: ByteSink,
): number {
  const writer = new JournalWriter(sink, header(configuration, path));
  const scene = new Scene(configuration, { eventNs: 0, record: (e) => writer.append(e) });
  setUp(scene);
  for (const choice of path) {
    if (scene.fault !== "") break;
    scene.take(choice);
    scene.settle();
  }
  writer.stop();
  return writer.events;
}

/** As writeJournal, into a file. */
export function writeJournalFile(
  configuration: Configuration,
  path: readonly string[],
  file: string,
): number {
  return writeJournal(configuration, path, new FileSink(file));
}
