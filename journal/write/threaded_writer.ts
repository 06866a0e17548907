import type { JournalHeader } from "../format/header.ts";
import { defaultRingBytes, makeRing } from "./ring.ts";
import { RingSink } from "./ring_sink.ts";
import { WriterStatus } from "./writer_status.ts";

/** What the worker is told. */
export interface WriterOrder {
  readonly rings: readonly SharedArrayBuffer[];
  readonly status: SharedArrayBuffer;
  readonly path: string;
  readonly header: JournalHeader;
}

/** Choices of a threaded writer. */
export interface ThreadedWriterOptions {
  /** The worker's module, journal/commands/writer_worker.ts: it knows the host's files. */
  readonly worker: URL;
  readonly path: string;
  readonly header: JournalHeader;
  readonly harts: number;
  /** Bytes of each hart's ring, a power of two from 256 KiB on; by default 8 MiB for one hart. */
  readonly ringBytes?: number;
}

/**
 * Starts a writer in a worker and returns its sink at once; recording may begin before the worker
 * runs. The caller's event loop is not needed again: failure to open or write the file comes out
 * of the sink. Call `finish` on the sink before the process ends.
 */
export function startThreadedWriter(options: ThreadedWriterOptions): RingSink {
  const rings: SharedArrayBuffer[] = [];
  const bytes = options.ringBytes ?? defaultRingBytes(options.harts);
  for (let i = 0; i < options.harts; i++) rings.push(makeRing(bytes));
  const status = new WriterStatus();
  const worker = new Worker(options.worker, { type: "module" });
  const { path, header } = options;
  const order: WriterOrder = { rings, status: status.buffer, path, header };
  worker.postMessage(order);
  return new RingSink(rings, status);
}
