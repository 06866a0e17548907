/** `peak_memory.ts JOURNAL`: boots the image once and prints this process's largest size, bytes. */
import { bootGuest } from "./guest.ts";

/** VmHWM of /proc, or 0 where there is no such file. */
function peak(): number {
  try {
    const kib = /^VmHWM:\s*(\d+) kB$/m.exec(Deno.readTextFileSync("/proc/self/status"));
    return kib === null ? 0 : Number(kib[1]) * 1024;
  } catch {
    return 0;
  }
}

bootGuest(Deno.args[0]);
console.log(peak());
