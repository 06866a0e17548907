/** Pipes: bytes, room, ends that close, and polls. */
import { halt, Nr, pollfd, quiet, script, timespec } from "../../schedules/script.ts";
import type { Configuration } from "../configuration.ts";
import { close, pipe, read, role, times, together, TWO_PIPES, write } from "./ops.ts";

export const PIPES: readonly Configuration[] = [
  {
    name: "two threads pass a byte to and fro, 2 x 12",
    about: "pipes",
    small: true,
    harts: 2,
    actors: 2,
    script: script(
      pipe,
      pipe,
      ...together("B"),
      ...times(6, write(4), read(5)),
      halt,
      role("B", ...times(6, read(3), write(6))),
    ),
    results: ["A: | B:"],
  },
  {
    name: "two threads write and read one pipe, 2 x 12",
    about: "pipes",
    small: true,
    harts: 2,
    actors: 2,
    script: script(
      pipe,
      ...together("B"),
      ...times(6, write(4), read(3)),
      halt,
      role("B", ...times(6, write(4), read(3))),
    ),
    results: ["A: | B:"],
  },
  {
    name: "three threads write, read and close one pipe, 3 x 5",
    about: "pipes",
    small: true,
    harts: 3,
    actors: 3,
    script: script(
      pipe,
      ...together("B", "C"),
      write(4),
      write(4),
      close(4),
      read(3),
      close(3),
      halt,
      role("B", read(3), write(4), close(3), close(4)),
      role("C", quiet(Nr.ppoll, pollfd(3, 1), 1, null, null, 8), read(3), close(4), read(3)),
    ),
    // Whoever reads after the last write waits as long as somebody else has a write end.
    mayBlock: ["A", "B", "C"],
  },
  {
    name: "a poll of two pipes and a deadline, 2 x 12",
    about: "pipes",
    small: true,
    harts: 2,
    actors: 2,
    script: script(
      pipe,
      pipe,
      ...together("B"),
      quiet(Nr.ppoll, TWO_PIPES, 2, null, null, 8),
      quiet(Nr.ppoll, pollfd(5, 1), 1, timespec(1000), null, 8),
      read(3),
      read(5),
      quiet(Nr.ppoll, TWO_PIPES, 2, timespec(1000), null, 8),
      halt,
      role("B", write(6), write(4), quiet(Nr.ppoll, pollfd(4, 4), 1, null, null, 8), write(4)),
    ),
    results: ["A: | B:"],
  },
];
