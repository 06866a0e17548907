/** What takes longer than CI has: several subjects at once, by more threads or with longer scripts. */
import { halt, type Op, script, store } from "../../schedules/script.ts";
import type { Configuration } from "../configuration.ts";
import {
  channel,
  client,
  exit,
  futexWait,
  futexWake,
  lock,
  PAGE,
  pipe,
  read,
  role,
  send,
  serves,
  sharedWords,
  together,
  unlock,
  wait,
  write,
} from "./ops.ts";

/** A second word of the memory that is shared. */
const OTHER = PAGE + 1;

/** A pipe of the process's own: nobody else sees what it does with it. */
const own: readonly Op[] = [pipe, write(4), read(3)];
export const LARGE: readonly Configuration[] = [
  {
    name: "messages, futexes and ends, 3 x 12",
    about: "all together",
    small: false,
    harts: 3,
    actors: 3,
    script: script(
      channel(),
      ...sharedWords(2),
      ...together("B", "C"),
      ...own,
      ...serves(1, 2),
      store(PAGE, 1),
      futexWake(2),
      wait("b"),
      ...own,
      wait("c"),
      halt,
      client(
        "B",
        1,
        ...own,
        send("s"),
        ...own,
        lock("", OTHER),
        unlock("", OTHER),
        futexWait("w", 0),
        ...own,
        exit(1),
      ),
      client("C", 1, ...own, ...own, send("s"), futexWait("w", 0), ...own, exit(2)),
    ),
    mayBlock: [],
  },
  {
    name: "messages, futexes and ends, 4 x 6",
    about: "all together",
    small: false,
    harts: 4,
    actors: 4,
    script: script(
      channel(),
      ...sharedWords(1),
      ...together("B", "C", "D"),
      ...serves(1, 2),
      futexWait("w", 0),
      wait("ended"),
      halt,
      client("B", 1, ...own, send("s"), exit(1)),
      client("C", 1, ...own, send("s")),
      role("D", ...own, store(PAGE, 1), futexWake()),
    ),
    mayBlock: [],
  },
];
