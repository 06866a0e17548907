/** How many bytes of a journal an event takes. */
import { FileSource } from "../../drivers/host/file_source.ts";
import { FrameKind, PREAMBLE_BYTES } from "../../journal/format/format.ts";
import { FrameReader, FrameStatus } from "../../journal/read/frame_reader.ts";

/** Sizes of a closed journal. */
export interface JournalSize {
  readonly events: number;
  readonly bytes: number;
  /** Of these, in frames that hold contents of files. */
  readonly blobBytes: number;
  /** (bytes − blob bytes) ÷ events. */
  readonly bytesPerEvent: number;
}

/** @throws when the journal is damaged */
export function measureJournal(path: string, events: number): JournalSize {
  const source = FileSource.open(path);
  try {
    const frames = new FrameReader(source);
    let blobBytes = 0;
    for (let at = PREAMBLE_BYTES;; at += frames.frameBytes) {
      const status = frames.read(at);
      if (status === FrameStatus.End) break;
      if (status !== FrameStatus.Ok) throw new Error(`${path} is damaged at byte ${at}`);
      // What follows the last frame is the index's trailer, which is no frame.
      if (frames.kind === FrameKind.Blob) blobBytes += frames.frameBytes;
      if (frames.kind === FrameKind.Index) break;
    }
    const bytes = source.size;
    return { events, bytes, blobBytes, bytesPerEvent: (bytes - blobBytes) / events };
  } finally {
    source.close();
  }
}
