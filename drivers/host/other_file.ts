/**
 * Whether there is a file with something in it that does not begin as expected: one that must not
 * be overwritten. A device or a pipe is none.
 *
 * @param beginning the first bytes of files that may be
 */
export function isOtherFile(path: string, beginning: readonly number[]): boolean {
  try {
    const info = Deno.statSync(path);
    if (!info.isFile || info.size === 0) return false;
    const file = Deno.openSync(path, { read: true });
    try {
      const bytes = new Uint8Array(beginning.length);
      const count = file.readSync(bytes) ?? 0;
      return bytes.subarray(0, count).some((byte, i) => byte !== beginning[i]);
    } finally {
      file.close();
    }
  } catch {
    // What is wrong with the place is said by who opens it to write.
    return false;
  }
}
