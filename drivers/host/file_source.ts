import { HostError, reasonOf } from "./host_error.ts";

/** A file on the host, read at random; what a journal is read from. It may grow meanwhile. */
export class FileSource {
  private constructor(private readonly file: Deno.FsFile, private readonly path: string) {}

  /**
   * Opens a file.
   *
   * @throws {HostError} naming the path
   */
  static open(path: string): FileSource {
    try {
      // Before it is opened: opening a pipe would wait for a writer.
      const { isDirectory, isFile } = Deno.statSync(path);
      if (isFile) return new FileSource(Deno.openSync(path, { read: true }), path);
      const what = isDirectory ? "it is a directory" : "it is not a regular file";
      throw new HostError("wrong-kind", `cannot read ${path}: ${what}`);
    } catch (error) {
      throw failure(path, error);
    }
  }

  /** Bytes there are now. */
  get size(): number {
    return this.file.statSync().size;
  }

  /**
   * Fills `into` from `offset` on.
   *
   * @returns bytes read; fewer than asked only at the end
   * @throws {HostError} naming the path when the host cannot read
   */
  read(offset: number, into: Uint8Array): number {
    let done = 0;
    try {
      this.file.seekSync(offset, Deno.SeekMode.Start);
      while (done < into.length) {
        const count = this.file.readSync(into.subarray(done));
        if (count === null) break;
        done += count;
      }
    } catch (error) {
      throw failure(this.path, error);
    }
    return done;
  }

  close(): void {
    this.file.close();
  }
}

function failure(path: string, error: unknown): HostError {
  if (error instanceof HostError) return error;
  const { kind, reason } = reasonOf(error);
  return new HostError(kind, `cannot read ${path}: ${reason}`);
}
