/** Futexes: words waited on, with and without an owner, whose waiters move, time out and end. */
import {
  fork,
  Futex,
  futex,
  go,
  halt,
  handler,
  label,
  Nr,
  onSignal,
  type Op,
  quiet,
  script,
  Sig,
  stayOn,
  store,
  thread,
  timespec,
} from "../../schedules/script.ts";
import type { Configuration } from "../configuration.ts";
import {
  exit,
  exitThread,
  futexWait,
  futexWake,
  kill,
  level,
  lock,
  map,
  PAGE,
  role,
  sharedWords,
  together,
  unlock,
  unmap,
} from "./ops.ts";

/** Another page of shared memory, whose first word is another futex. */
const OTHER = PAGE + 1;
const requeue = (wakes: number, moves: number): Op =>
  futex("", PAGE, Futex.compareRequeue, wakes, moves, OTHER * 4096, 0);
/** A wake-up by whoever has changed the word. */
const signal = (value: number, most = 1): readonly Op[] => [store(PAGE, value), futexWake(most)];

export const FUTEXES: readonly Configuration[] = [
  {
    name: "two threads of one process wait and wake in turn, 2 x 12",
    about: "futexes",
    small: true,
    harts: 2,
    actors: 2,
    script: script(
      map(2),
      store(PAGE, 0),
      store(OTHER, 0),
      ...thread("T"),
      go,
      ...signal(1),
      futexWait("w", 0, undefined, OTHER),
      ...signal(2),
      futexWait("w", 1, undefined, OTHER),
      ...signal(3),
      futexWait("w", 2, undefined, OTHER),
      halt,
      role(
        "T",
        ...[1, 2, 3].flatMap((n) => [
          futexWait("w", n - 1),
          store(OTHER, n),
          futexWake(1, OTHER),
        ]),
      ),
    ),
    results: [0, 1, 2, 3, 4, 5, 6, 7].flatMap((a) =>
      [0, 1, 2, 3, 4, 5, 6, 7].map((b) => {
        const words = (n: number): string =>
          [0, 1, 2].map((i) => `w=${((n >>> i) & 1) === 0 ? 0 : -11}`).join(" ");
        return `A: ${words(a)} | T: ${words(b)}`;
      })
    ),
  },
  {
    name: "two wait, and some are woken and others moved, 3 x 5",
    about: "futexes",
    small: true,
    harts: 3,
    actors: 3,
    script: script(
      ...sharedWords(2),
      ...together("B", "C"),
      requeue(1, 1),
      store(PAGE, 1),
      futexWake(2),
      store(OTHER, 1),
      futexWake(2, OTHER),
      halt,
      role("B", futexWait("w", 0), futexWait("o", 0, undefined, OTHER)),
      role("C", futexWait("w", 0), requeue(0, 1), futexWake(2, OTHER)),
    ),
    results: ["0", "-11"].flatMap((b) =>
      ["0", "-11"].flatMap((o) => ["0", "-11"].map((c) => `A: | B: w=${b} o=${o} | C: w=${c}`))
    ),
  },
  {
    name: "three take a futex that has an owner, 3 x 4",
    about: "futexes",
    small: true,
    harts: 3,
    actors: 3,
    script: script(
      ...sharedWords(1),
      ...together("B", "C"),
      lock("l"),
      unlock("u"),
      lock("l"),
      unlock("u"),
      halt,
      role("B", level(22), lock("l"), unlock("u")),
      role("C", level(13), lock("l"), unlock("u")),
    ),
    results: ["A: l=0 u=0 l=0 u=0 | B: l=0 u=0 | C: l=0 u=0"],
  },
  {
    name: "an owner of low priority is raised past an intruder, 3 x 4",
    about: "futexes",
    small: true,
    harts: 3,
    actors: 3,
    script: script(
      ...sharedWords(1),
      ...fork("B"),
      ...fork("I"),
      stayOn(0),
      go,
      lock("l"),
      level(10),
      quiet(Nr.yield),
      unlock("u"),
      level(20),
      halt,
      role("B", stayOn(1), level(22), lock("l"), unlock("u")),
      [label("I"), stayOn(0), go, level(11), halt],
    ),
    // Where B locks first nothing raises A past the intruder; nothing has to, either.
    results: [
      "A: l=0 u=0 | B: l=0 u=0 | I:",
      "A: l=0 | B: l=0 u=0 | I:",
    ],
  },
  {
    name: "an owner ends while others wait for its futex, 3 x 4",
    about: "futexes",
    small: true,
    harts: 3,
    actors: 3,
    script: script(
      ...sharedWords(1),
      ...together("B", "C"),
      lock("l"),
      unlock("u"),
      halt,
      role("B", lock("l"), exit(1)),
      role("C", lock("l"), unlock("u")),
    ),
    // Where nobody waits when it ends, the word goes on naming it: who comes later is told so.
    results: ["0 u=0", "-3 u=-1"].flatMap((a) =>
      ["0 u=0", "-3 u=-1"].map((c) => `A: l=${a} | B: l=0 exit=1 | C: l=${c}`)
    ),
  },
  {
    name: "a waiter is killed, and another one's time is over, 3 x 4",
    about: "futexes",
    small: true,
    harts: 3,
    actors: 3,
    script: script(
      ...sharedWords(1),
      ...together("B", "C"),
      lock("l"),
      kill(2, Sig.kill),
      unlock("u"),
      halt,
      role("B", lock("l"), unlock("u")),
      role("C", quiet(Nr.futex, { word: PAGE }, 13, 0, timespec(3000), 0, 0)),
    ),
    // C may come to own it, and keeps it.
    mayBlock: ["A", "B"],
  },
  {
    name: "waits with deadlines, wake-ups and signals, 3 x 5",
    about: "futexes",
    small: false,
    harts: 3,
    actors: 3,
    script: script(
      onSignal(Sig.usr1, "handled"),
      ...sharedWords(1),
      ...together("B", "C"),
      futexWait("w", 0, 2000),
      futexWait("w", 0, 1000),
      futexWake(),
      halt,
      role("B", futexWait("w", 0, 3000), kill(1, Sig.usr1)),
      role("C", futexWake(), kill(2, Sig.usr1), futexWake(2)),
      handler("handled"),
    ),
    mayBlock: [],
  },
  {
    name: "a word goes while a thread waits for it, 3 x 4",
    about: "futexes",
    small: true,
    harts: 3,
    actors: 3,
    script: script(
      map(),
      store(PAGE, 0),
      ...thread("T"),
      ...thread("U", 2),
      go,
      unmap(),
      map(),
      futexWake(2),
      exit(3),
      role("T", futexWait("", 0), exitThread),
      role("U", futexWait("", 0, 2000), futexWake()),
    ),
    mayBlock: [],
  },
];
