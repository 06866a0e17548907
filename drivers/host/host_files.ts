import { FILE_CHUNK_BYTES } from "../../core/limits.ts";

/** A part of a host file that a guest may see as a file of its own. */
interface Extent {
  readonly path: string;
  readonly offset: number;
  readonly size: number;
  /** What the whole host file looked like when it was listed. */
  readonly fileSize: number;
  readonly modified: number;
}

/** Files kept open at one time; a tree may have more than a process may open. */
const OPEN_LIMIT = 64;

/**
 * The host files a run may ask for, by number. A file that is not any more what it was when it was
 * listed is refused rather than mixed: a guest never sees half of one version and half of another.
 */
export class HostFiles {
  private readonly extents: Extent[] = [];
  private readonly open = new Map<string, Deno.FsFile>();

  /**
   * Adds a file, or a part of one.
   *
   * @param info the whole host file as it is now
   * @returns its number: 0, 1, 2 and so on
   */
  add(path: string, info: Deno.FileInfo, offset = 0, size = info.size): number {
    const modified = info.mtime?.getTime() ?? 0;
    return this.extents.push({ path, offset, size, fileSize: info.size, modified }) - 1;
  }

  /** Size of a file in bytes. */
  size(file: number): number {
    return this.extents[file]?.size ?? 0;
  }

  /** Reads a chunk as HostPort.readFileChunk does. */
  readChunk(file: number, chunk: number, into: Uint8Array, at: number): number {
    const extent = this.extents[file];
    if (extent === undefined) return -1;
    const start = chunk * FILE_CHUNK_BYTES;
    const length = Math.min(FILE_CHUNK_BYTES, extent.size - start);
    if (length <= 0) return -1;
    try {
      const handle = this.handle(extent);
      if (handle === undefined) return -1;
      handle.seekSync(extent.offset + start, Deno.SeekMode.Start);
      let done = 0;
      while (done < length) {
        const n = handle.readSync(into.subarray(at + done, at + length));
        if (n === null || n === 0) return -1;
        done += n;
      }
      return length;
    } catch {
      return -1;
    }
  }

  /** Closes what is open. Files are opened again when asked for. */
  close(): void {
    for (const handle of this.open.values()) handle.close();
    this.open.clear();
  }

  private handle(extent: Extent): Deno.FsFile | undefined {
    let handle = this.open.get(extent.path);
    if (handle !== undefined) {
      // Inserted anew, it is the youngest: the map's order is the order of use.
      this.open.delete(extent.path);
      this.open.set(extent.path, handle);
    } else {
      handle = Deno.openSync(extent.path, { read: true });
      if (this.open.size >= OPEN_LIMIT) {
        for (const [path, oldest] of this.open) {
          oldest.close();
          this.open.delete(path);
          break;
        }
      }
      this.open.set(extent.path, handle);
    }
    const info = handle.statSync();
    const same = info.size === extent.fileSize &&
      (info.mtime?.getTime() ?? 0) === extent.modified;
    return same ? handle : undefined;
  }
}
