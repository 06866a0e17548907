import { HostError, reasonOf } from "./host_error.ts";

/** A file on the host, read at random; what a journal is read from. It may grow meanwhile. */
export class FileSource {
  private constructor(private readonly file: Deno.FsFile) {}

  /**
   * Opens a file.
   *
   * @throws {HostError} naming the path
   */
  static open(path: string): FileSource {
    try {
      const file = Deno.openSync(path, { read: true });
      if (!file.statSync().isDirectory) return new FileSource(file);
      file.close();
    } catch (error) {
      const { kind, reason } = reasonOf(error);
      throw new HostError(kind, `cannot read ${path}: ${reason}`);
    }
    throw new HostError("wrong-kind", `cannot read ${path}: it is a directory`);
  }

  /** Bytes there are now. */
  get size(): number {
    return this.file.statSync().size;
  }

  /**
   * Fills `into` from `offset` on.
   *
   * @returns bytes read; fewer than asked only at the end
   */
  read(offset: number, into: Uint8Array): number {
    this.file.seekSync(offset, Deno.SeekMode.Start);
    let done = 0;
    while (done < into.length) {
      const count = this.file.readSync(into.subarray(done));
      if (count === null) break;
      done += count;
    }
    return done;
  }

  close(): void {
    this.file.close();
  }
}
