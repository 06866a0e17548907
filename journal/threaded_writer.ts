import type { JournalHeader } from "./header.ts";
import { makeRing, RING_DEFAULT } from "./ring.ts";
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
  /** Bytes of each hart's ring, a power of two from 256 KiB on; 1 MiB by default. */
  readonly ringBytes?: number;
}

/**
 * Starts a writer in a worker and returns its sink at once; recording may begin before the worker
 * runs. The caller's event loop is not needed again: failure to open or write the file comes out
 * of the sink. Call `finish` on the sink before the process ends.
 */
export function startThreadedWriter(options: ThreadedWriterOptions): RingSink {
  const rings: SharedArrayBuffer[] = [];
  for (let i = 0; i < options.harts; i++) rings.push(makeRing(options.ringBytes ?? RING_DEFAULT));
  const status = new WriterStatus();
  const worker = new Worker(options.worker, { type: "module" });
  const { path, header } = options;
  const order: WriterOrder = { rings, status: status.buffer, path, header };
  worker.postMessage(order);
  return new RingSink(rings, status);
}
