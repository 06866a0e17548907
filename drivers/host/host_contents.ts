import { FILE_CHUNK_BYTES, STREAM_BLOCK_BYTES } from "../../core/limits.ts";
import { sha256 } from "./digest.ts";
import { FileSource } from "./file_source.ts";
import { HostError, reasonOf } from "./host_error.ts";

const DIGEST_BYTES = 32;

/** Where contents with a digest are. */
interface Place {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/**
 * Contents of host files by their digests: every 64 KiB chunk of each file, and every block of 4,096
 * bytes of one that was named itself, as it may have been a standard input.
 */
export class HostContents {
  private readonly places = new Map<string, Place>();

  /**
   * Reads files, and all files below folders.
   *
   * @throws {HostError} naming the path that cannot be read
   */
  constructor(paths: readonly string[]) {
    for (const path of paths) this.add(path, true);
  }

  /**
   * Copies contents to the start of `into`.
   *
   * @returns their length, or -1 when none has this digest (any more)
   */
  copy(digest: Uint8Array, into: Uint8Array): number {
    const place = this.places.get(keyOf(digest));
    if (place === undefined || place.length > into.length) return -1;
    const file = FileSource.open(place.path);
    const bytes = readAt(file, place.offset, place.length);
    file.close();
    const now = new Uint8Array(DIGEST_BYTES);
    sha256(bytes, 0, bytes.length, now);
    if (keyOf(now) !== keyOf(digest)) return -1;
    into.set(bytes);
    return bytes.length;
  }

  private add(path: string, named: boolean): void {
    try {
      // Links of a tree lead to what is in it anyway, or out of it.
      const info = named ? Deno.statSync(path) : Deno.lstatSync(path);
      if (info.isDirectory) {
        for (const entry of Deno.readDirSync(path)) this.add(`${path}/${entry.name}`, false);
      } else if (info.isFile) {
        const file = FileSource.open(path);
        this.enter(path, file, info.size, FILE_CHUNK_BYTES);
        if (named) this.enter(path, file, info.size, STREAM_BLOCK_BYTES);
        file.close();
      }
    } catch (error) {
      if (error instanceof HostError) throw error;
      const { kind, reason } = reasonOf(error);
      throw new HostError(kind, `cannot read ${path}: ${reason}`);
    }
  }

  private enter(path: string, file: FileSource, size: number, step: number): void {
    const digest = new Uint8Array(DIGEST_BYTES);
    for (let offset = 0; offset < size; offset += step) {
      const length = Math.min(step, size - offset);
      sha256(readAt(file, offset, length), 0, length, digest);
      this.places.set(keyOf(digest), { path, offset, length });
    }
  }
}

/** The bytes of a part of a file; fewer when it has become shorter. */
function readAt(file: FileSource, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  return bytes.subarray(0, file.read(offset, bytes));
}

function keyOf(digest: Uint8Array): string {
  return digest.subarray(0, DIGEST_BYTES).join();
}
