/** What each hostile call must answer, where it is not the rule of its kind; and why. */
import type { Case } from "./hostile_cases.ts";

const ENOENT = 2, E2BIG = 7, EAGAIN = 11, ENOMEM = 12, EFAULT = 14, EINVAL = 22, EFBIG = 27;
const ENAMETOOLONG = 36, EOPNOTSUPP = 95;

/** "good": as the good call; "some": any number of bytes or address, no error; else an errno. */
export type Answer = number | "good" | "some";

/** By what the key matches, the first that does. */
type Exception = readonly [pattern: RegExp, answer: Answer, reason: string];

const AT_END = "the address is looked at when the thread ends";
const OPTIONAL = "null asks for nothing";
const UNUSED = "it is written to only where there is something to tell";
const SHORT = "a long transfer ends where memory or data do";
const CUT = "the count is 32 bits wide, or cut to a page of text";
const NOT_HALF = "the low 32 bits are 0 or negative";

const EXCEPTIONS: readonly Exception[] = [
  [/^getcwd\(size/, "good", "only what the path needs is touched"],
  [/^(f?truncate)\(length: (2\^63|2\^64 - 1)\)/, EINVAL, "a negative length"],
  [/^(f?truncate)\(length: 2\^63 - 1\)/, EFBIG, "longer than any file"],
  [/^(f?truncate)\(length/, "good", "a sparse file may be long"],
  [/^fallocate\(length: (2\^63|2\^64 - 1)\)/, EINVAL, "a negative length"],
  [/^fallocate\(length: 2\^63 - 1\)/, EFBIG, "longer than any file"],
  [/^fallocate\(length/, EOPNOTSUPP, "nothing is ever reserved"],
  [/^getdents64\(count: (2\^31 - 1|good)/, "some", SHORT],
  [/^getdents64\(count/, EINVAL, NOT_HALF],
  [/^(read|write) 1\(count: (2\^31|2\^32|good)/, "some", SHORT],
  [/^(read|write) 2\(count: (2\^31|2\^32|good)/, "some", SHORT],
  [/^(pread64|pwrite64)\(count: (2\^31|2\^32|good)/, "some", SHORT],
  [/^((read|write) \d|pread64|pwrite64)\(count/, EFAULT, "no user has so much memory"],
  [/^(readv|writev)\(count/, EINVAL, "more than 1,024 buffers"],
  [/^sendfile\(offset: null/, "some", "null: the file's own position"],
  [/^sendfile\(count: (2\^63\)|2\^64)/, EINVAL, "a negative count"],
  [/^sendfile\(count/, "some", SHORT],
  [/^pselect6\(write: null/, "some", "null: no set, so nothing is ready"],
  [/^pselect6\((read|except|timeout|mask): null/, "good", "null: no set, no end, no mask"],
  [/^pselect6\(count: (2\^32|2\^63\))/, "some", "32 bits wide: of no descriptor none is ready"],
  [/^(pselect6|ppoll)\(count: good/, "good", "32 bits wide"],
  [/^pselect6\(count/, EINVAL, "negative, or more than there are descriptors"],
  [/^ppoll\((timeout|mask): null/, "good", "null: no end, no mask"],
  [/^ppoll\(count: (2\^32|2\^63\))/, "some", "32 bits wide: of no descriptor none is ready"],
  [/^ppoll\((count|size)/, EINVAL, "more than there are descriptors; no set has another size"],
  [/^readlinkat\(size: (2\^31 - 1|good)/, "good", CUT],
  [/^readlinkat\(size/, EINVAL, NOT_HALF],
  [/^symlinkat\(target: long name/, "good", "what a link says is not looked up"],
  [/^utimensat\(times: null/, "good", "null: now"],
  [/^futex 1\((timeout|second)/, "good", "WAKE looks at neither"],
  [/^futex 2\(second/, EAGAIN, "WAIT does not look at it; the word differs"],
  [/^futex 2\(timeout: null/, EAGAIN, "null: no end; the word differs"],
  [
    /^futex \d\((address|second): (low|last|straddling)/,
    EINVAL,
    "no word begins at an odd address",
  ],
  [/^(set_tid_address|set_robust_list)\((address|head)/, "good", AT_END],
  [/^set_robust_list\(size/, EINVAL, "no list has another size"],
  [/^(clock_)?nanosleep\(remain/, "good", UNUSED],
  [/^setitimer\(next: null/, "good", OPTIONAL],
  [/^(setitimer\(old|clock_getres\(resolution): null/, "good", OPTIONAL],
  [/^sched_setaffinity\(size: (2\^31|2\^63 - 1|2\^64|good)/, "good", "only one word is looked at"],
  [/^sched_setaffinity\(size/, EINVAL, "32 bits wide: no mask at all"],
  [/^sched_getaffinity\(size: good/, "good", "32 bits wide"],
  [/^sched_getaffinity\(size/, EINVAL, "no whole words, or 0 bits in 32"],
  [/^sched_\w+\(parameter: null/, EINVAL, "null: there is no parameter"],
  [/^sigaltstack\((stack|old): null/, "good", OPTIONAL],
  [/^rt_sigaction\((action|old): null/, "good", OPTIONAL],
  [/^rt_sigprocmask\((set|old): null/, "good", OPTIONAL],
  [/^rt_sigtimedwait\((info|timeout): null/, "good", OPTIONAL],
  [/^rt_sig\w+\(size/, EINVAL, "no set has another size"],
  [/^times\(buffer: null/, "some", OPTIONAL],
  [/^getgroups\(size: (2\^31|2\^63 - 1|2\^64 - 1)\)/, EINVAL, "a negative size"],
  [/^getgroups\(/, "good", "there is no group to write"],
  [/^getcpu\(\w+: null/, "good", OPTIONAL],
  [/^gettimeofday\(\w+: null/, "good", OPTIONAL],
  [/^munmap\(length: (2\^63|2\^64)/, EINVAL, "beyond the user half"],
  [/^munmap\(length/, "good", "nothing is mapped there"],
  [/^mremap\(oldSize/, EFAULT, "part of it is not mapped"],
  [/^mremap\(newSize/, ENOMEM, "there is no room"],
  [/^execve\((argv|envp): null/, "good", "null: none"],
  [/^execve\((argv|envp): too much/, E2BIG, "more than a call may copy in"],
  [/^mmap\(length: (2\^63|2\^64)/, ENOMEM, "there is no room"],
  [/^mmap\(length/, "some", "a mapping may be longer than its file"],
  [/^madvise\(length: 2\^64/, EINVAL, "its pages make 2^64"],
  [/^msync\(length: 2\^64/, "good", "its pages make 2^64, which is none"],
  [/^(mprotect|madvise|msync)\(length/, ENOMEM, "part of it is not mapped"],
  [/^wait4\((status|usage): null/, "some", OPTIONAL],
  [/^prlimit64\((next|old): null/, "good", OPTIONAL],
  [/^getrandom\(count/, "some", SHORT],
];

/** What a spoilt call must answer. */
export function expectedOf({ key, hazard }: Case): Answer {
  const exception = EXCEPTIONS.find(([pattern]) => pattern.test(key));
  if (exception !== undefined) return exception[1];
  if (hazard === "") return "good";
  if (hazard === "long name" || hazard === "long path") return ENAMETOOLONG;
  return hazard === "empty" ? ENOENT : EFAULT;
}

/** Patterns that no key matches: left over, and to be taken out. */
export function unusedExceptions(keys: readonly string[]): string[] {
  return EXCEPTIONS.filter(([pattern]) => !keys.some((key) => pattern.test(key)))
    .map(([pattern]) => pattern.source);
}

const COPIES_ALL = "it wants memory for all that is asked for, whatever is moved";
const IN_HOST = "its own kernel's answer, or its file system's";
const DIES = "it dies of it itself";

/** Where `qemu-riscv64` cannot be compared with, and why. */
export const NOT_COMPARED: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^(getcwd|readlinkat)\(size/, COPIES_ALL],
  [/^((read|write) \d|pread64|pwrite64)\(count/, COPIES_ALL],
  [/^(getdents64|getrandom)\(count/, COPIES_ALL],
  [/^pselect6\(count: 2\^31/, COPIES_ALL],
  [/^(getcwd|getdents64|set_tid_address|times|wait4|mmap|fallocate)\(/, IN_HOST],
  [/^(sendfile|getgroups)\(/, IN_HOST],
  [/^[sg]et_robust_list\(/, "it has no such calls"],
  [/^sched_[gs]etaffinity\(/, DIES],
  [/^nanosleep\(request/, "EINVAL for EFAULT"],
  [/^clock_getres\(resolution/, "it writes nothing where its own call fails to"],
  [/^(getitimer\(current|sysinfo\(info): null/, "it takes null for no wish"],
  [/^mremap\(/, "its own rules of where there is room"],
  [/^madvise\(length/, "it takes no advice"],
  [/^msync\(length/, IN_HOST],
  [/^execve\((argv|envp): too much/, "a call may take more there"],
];
