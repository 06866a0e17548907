import { PAYLOAD_LIMIT } from "../../core/event.ts";
import { PATH_LIMIT } from "../../core/limits.ts";
import { STRING_COUNT_LIMIT } from "../../core/proc/exec_arguments.ts";
import { STRINGS_LIMIT } from "../../core/syscall/row.ts";

const encoder = new TextEncoder();

/** Strings with their NULs. */
function joined(strings: readonly string[]): Uint8Array {
  return encoder.encode(strings.map((s) => `${s}\0`).join(""));
}

/**
 * Encodes what process 1 runs as the payload of a Start input: path, argv and envp as execve copies
 * them in.
 *
 * @returns the payload, or undefined when it is longer than what execve takes
 */
export function encodeStart(
  path: string,
  argv: readonly string[],
  envp: readonly string[],
): Uint8Array | undefined {
  const name = encoder.encode(path);
  const vectors = [argv, envp].map((strings) => ({
    count: strings.length,
    bytes: joined(strings),
  }));
  const held = vectors.reduce((sum, v) => sum + 4 + v.bytes.length, 0);
  if (name.length >= PATH_LIMIT || held > STRINGS_LIMIT) return undefined;
  if (argv.length + envp.length > STRING_COUNT_LIMIT) return undefined;
  const payload = new Uint8Array(PAYLOAD_LIMIT);
  const view = new DataView(payload.buffer);
  let at = 0;
  const put = (length: number, body: () => void): void => {
    view.setUint32(at, length, true);
    at += 4;
    body();
    at += (length + 3) & ~3;
  };
  put(name.length, () => payload.set(name, at));
  for (const { count, bytes } of vectors) {
    put(4 + bytes.length, () => {
      view.setUint32(at, count, true);
      payload.set(bytes, at + 4);
    });
  }
  return payload.slice(0, at);
}
