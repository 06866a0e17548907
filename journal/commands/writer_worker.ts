import { FileSink } from "../../drivers/host/file_sink.ts";
import { type ByteSink, JournalWriteError, writeFailure } from "../write/byte_sink.ts";
import { drainToEnd } from "../write/drain.ts";
import type { WriterOrder } from "../write/threaded_writer.ts";
import { JournalWriter } from "../write/writer.ts";
import { WriterStatus } from "../write/writer_status.ts";

/** The writer's thread: takes one order, drains until the end, and is done. */
function open(path: string): ByteSink {
  try {
    return new FileSink(path);
  } catch (error) {
    throw new JournalWriteError(writeFailure(path, error), { cause: error });
  }
}

addEventListener("message", (message: Event) => {
  const { rings, status, path, header } = (message as MessageEvent<WriterOrder>).data;
  drainToEnd(rings, new WriterStatus(status), () => new JournalWriter(open(path), header));
  close();
});
