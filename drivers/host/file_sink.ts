/** Writes to a file, which is made or emptied: what a journal is written to. */
export class FileSink {
  private readonly file: Deno.FsFile;

  /** @throws {Deno.errors.NotFound} and the like when the file cannot be opened */
  constructor(readonly name: string) {
    this.file = Deno.openSync(name, { write: true, create: true, truncate: true });
  }

  /** Writes all of `bytes`. @throws {Error} as the host says it */
  write(bytes: Uint8Array): void {
    let done = 0;
    while (done < bytes.length) {
      const count = this.file.writeSync(bytes.subarray(done));
      if (count <= 0) throw new Error("the host takes no more bytes");
      done += count;
    }
  }

  /** Closes the file. */
  close(): void {
    this.file.close();
  }
}
