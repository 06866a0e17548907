/**
 * Threads of one process: what one does to the memory, the files and the signals of all while the
 * others run elsewhere, and how they end together. Each says every result that some order leads to.
 */
import type { Case } from "./scenarios.ts";
import {
  BUFFER,
  call,
  fork,
  go,
  halt,
  label,
  load,
  Nr,
  type Op,
  quiet,
  script,
  Sig,
  store,
  thread,
  timespec,
} from "./script.ts";

const PAGE = 0x70_000;
const map = (pages = 1): Op => quiet(Nr.mmap, PAGE * 4096, pages * 4096, 3, 0x32, 0xffff_ffff, 0);
const pipe: Op = quiet(Nr.pipe2, BUFFER, 0);
const role = (
  name: string,
  ...ops: readonly Op[]
): readonly Op[] => [label(name), go, ...ops, halt];
const wait = call("wait", Nr.wait4, -1, 0, 0, 0);

/** The orders of events of threads that share what processes have for themselves. */
export const THREAD_CASES: readonly Case[] = [
  {
    name: "a thread that ends clears its id in a page others have a copy of",
    harts: 4,
    actors: 3,
    script: script(
      map(),
      store(PAGE, 7),
      ...thread("T"),
      quiet(Nr.setTidAddress, PAGE * 4096),
      ...fork("C"),
      go,
      load(PAGE),
      call("exit", Nr.exitThread, 3),
      halt,
      role("T"),
      role("C", load(PAGE)),
    ),
    results: ["A: load=7 ended | C: load=7 | T:"],
  },
  {
    name: "exit_group while others read, sleep and run",
    harts: 4,
    actors: 5,
    script: script(
      ...fork("P"),
      go,
      wait,
      halt,
      [label("P"), pipe],
      thread("R", 1),
      thread("S", 2),
      thread("X", 3),
      go,
      halt,
      role("R", call("read", Nr.read, 3, BUFFER, 1)),
      role("S", call("sleep", Nr.nanosleep, timespec(1e9), 0)),
      role("X", call("exit", Nr.exit, 4)),
    ),
    results: [
      "A: wait=2 | P: exit=4 | R: exit=4 | S: exit=4 | X: ended",
      "A: wait=2 | P: exit=4 | R: exit=4 | S: sleep=0 exit=4 | X: ended",
    ],
  },
  {
    name: "two threads end their process with different words",
    harts: 3,
    actors: 3,
    script: script(
      ...fork("P"),
      go,
      wait,
      halt,
      [label("P")],
      thread("X", 1),
      go,
      call("exit", Nr.exit, 1),
      halt,
      role("X", call("exit", Nr.exit, 2)),
    ),
    results: ["A: wait=2 | P: exit=1 | X: exit=1", "A: wait=2 | P: exit=2 | X: ended"],
  },
  {
    name: "the first thread ends, is killed, or both",
    harts: 4,
    actors: 4,
    script: script(
      ...fork("P"),
      ...fork("K"),
      go,
      wait,
      halt,
      [label("P")],
      thread("X", 1),
      go,
      call("exit", Nr.exitThread, 1),
      halt,
      role("X", call("exit", Nr.exitThread, 2)),
      role("K", call("kill", Nr.kill, 2, Sig.kill)),
    ),
    results: [
      "A: wait=2 | K: kill=-3 | P: ended | X: exit=1",
      "A: wait=2 | K: kill=-3 | P: exit=1 | X: ended",
      "A: wait=2 | K: kill=0 | P: ended | X: exit=1",
      "A: wait=2 | K: kill=0 | P: ended | X: killed=9",
      "A: wait=2 | K: kill=0 | P: exit=1 | X: ended",
      "A: wait=2 | K: kill=0 | P: killed=9 | X: ended",
      "A: wait=2 | K: kill=0 | P: killed=9 | X: killed=9",
    ],
  },
];
