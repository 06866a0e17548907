import { FileSource } from "../../drivers/host/file_source.ts";
import { digestKernelSources } from "../../drivers/host/kernel_sources.ts";
import { type JournalHeader, refusal } from "../format/header.ts";
import { JournalReader } from "../read/reader.ts";
import { type BootConfiguration, configurationOf } from "./boot_configuration.ts";
import { CommandError } from "./command_error.ts";
import { Exit } from "./exit.ts";

/** A journal on disk that is one, open. */
export class JournalFile {
  readonly header: JournalHeader;
  readonly configuration: BootConfiguration;
  private readonly source: FileSource;
  private open = true;

  /**
   * Opens a journal.
   *
   * @throws {CommandError} with status 2 when it is none, or {HostError} when it cannot be read
   */
  constructor(readonly path: string) {
    this.source = FileSource.open(path);
    const reader = new JournalReader(this.source);
    const header = reader.header;
    const configuration = header === undefined ? undefined : configurationOf(header);
    if (header === undefined || configuration === undefined) {
      this.source.close();
      const why = reader.reason === "" ? "its configuration is unknown here" : reader.reason;
      const what = reader.state === "other-version" ? "cannot be read" : "is not a journal";
      throw new CommandError(Exit.Unreadable, `${path} ${what}: ${why}`);
    }
    this.header = header;
    this.configuration = configuration;
  }

  /** Bytes there are now. */
  get size(): number {
    return this.source.size;
  }

  /** A fresh reader from the first event on. Readers share the open file. */
  reader(): JournalReader {
    return new JournalReader(this.source);
  }

  /** Whether this program's kernel recorded it. */
  isOurs(): boolean {
    return refusal(this.header, digestKernelSources()) === undefined;
  }

  /** @throws {CommandError} when another kernel recorded it */
  holdOurs(): void {
    const line = refusal(this.header, digestKernelSources());
    if (line === undefined) return;
    this.close();
    throw new CommandError(Exit.Unreadable, `${this.path}: ${line}`);
  }

  /** May be called twice. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.source.close();
  }
}
