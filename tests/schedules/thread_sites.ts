/** The places where a thread waits for what other threads of its process do. */
import {
  BUFFER,
  call,
  go,
  halt,
  heldBy,
  keep,
  label,
  Nr,
  type Op,
  quiet,
  say,
  set,
  Sig,
  store,
  thread,
} from "./script.ts";
import type { Site } from "./site.ts";

const PAGE = 0x70_000;
const twoPages: Op = quiet(Nr.mmap, PAGE * 4096, 8192, 3, 0x32, 0xffff_ffff, 0);

/** Another thread of the process, which leaves the signals of all to the blocker. */
const beside = (to: string): readonly Op[] => [
  quiet(Nr.sigprocmask, 0, set(Sig.usr1), 0, 8),
  ...thread(to),
  quiet(Nr.sigprocmask, 1, set(Sig.usr1), 0, 8),
];
/** The program is here, so that executing it waits for other threads only. */
export const loaded: readonly Op[] = [
  quiet(Nr.openat, 0xffff_ff9c, "/file", 0, 0),
  quiet(Nr.read, 3, BUFFER, 1),
  quiet(Nr.close, 3),
];
export const execute: Op = call("execve", Nr.execve, "/file", new Uint8Array(4), new Uint8Array(4));

/** A new program handles no signals: what it makes of one that the old one would have handled. */
const AFTER_EXECVE: readonly string[] = ["handled main", "killed=10", "main killed=10"];

/** Waits for what other threads of the blocker's process do. */
export const THREAD_SITES: readonly Site[] = [
  {
    name: "thread_join of a thread that ends",
    blocks: "thread_join:Join",
    harts: 3,
    before: beside("J"),
    others: 1,
    blocker: [call("join", Nr.threadJoin, heldBy("J", "self"), 0)],
    more: [label("J"), quiet(Nr.threadSelf), keep("self"), go, quiet(Nr.exitThread, 0)],
    woken: ["join=0"],
    interrupted: "join=-13",
    rule: "restart",
  },
  {
    name: "munmap in a space that another thread forks",
    blocks: "munmap:SpaceOperation",
    harts: 3,
    before: [twoPages, store(PAGE, 7), store(PAGE + 1, 8), ...beside("F")],
    others: 1,
    blocker: [call("munmap", Nr.munmap, PAGE * 4096, 4096)],
    more: [label("F"), go, quiet(Nr.clone, 17, 0, 0, 0, 0), halt],
    woken: ["munmap=0"],
    interrupted: "",
    rule: "deaf",
  },
  {
    name: "execve with another thread",
    blocks: "execve:Threads",
    harts: 4,
    before: [...loaded, ...beside("E")],
    blocker: [execute],
    more: [label("E"), halt, label("main"), say("main"), halt],
    program: "main",
    alone: "main",
    logs: { "a handled signal": AFTER_EXECVE, "a handled signal with SA_RESTART": AFTER_EXECVE },
    woken: ["main"],
    interrupted: "",
    rule: "deaf",
  },
];
