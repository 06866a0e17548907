/**
 * Pages that pass from one process to another while a thread of the sender writes to them elsewhere:
 * whatever the receiver has read once its call has returned stays so.
 */
import type { Case } from "./scenarios.ts";
import {
  call,
  fork,
  go,
  halt,
  held,
  keep,
  label,
  load,
  Nr,
  type Op,
  quiet,
  script,
  store,
  thread,
} from "./script.ts";

const PAGE = 0x70_000;
const CHANNEL = 4096;
const CONNECTION = 4096 + 2 ** 30;
const map: Op = quiet(Nr.mmap, PAGE * 4096, 4096, 3, 0x32, 0xffff_ffff, 0);

/** A process sends a page while its thread writes to it; the receiver looks twice, and writes. */
function handover(name: string, pass: number, results: readonly string[]): Case {
  return {
    name,
    harts: 4,
    actors: 3,
    script: script(
      quiet(Nr.channelCreate, 0),
      ...fork("C"),
      map,
      store(PAGE, 3),
      go,
      quiet(Nr.msgReceive, CHANNEL, PAGE * 4096, 4096, 0),
      keep("receipt"),
      load(PAGE),
      load(PAGE),
      store(PAGE, 5),
      call("reply", Nr.msgReply, held("receipt"), 0),
      halt,
      [label("C"), map, store(PAGE, 7), quiet(Nr.attach, 1, CHANNEL)],
      thread("T", 1),
      go,
      call("send", Nr.msgSendPages, CONNECTION, PAGE * 4096, 4096, 0, 0, pass),
      load(PAGE),
      halt,
      [label("T"), store(PAGE, 7), go, store(PAGE, 9), halt],
    ),
    results,
  };
}

export const HANDOVER_CASES: readonly Case[] = [
  handover("a page is moved while another thread writes to it", 2, [
    "A: load=7 load=7 reply=0 | C: send=0 load=0 | T:",
    "A: load=7 load=7 reply=0 | C: send=0 load=9 | T:",
    "A: load=9 load=9 reply=0 | C: send=0 load=0 | T:",
  ]),
  handover("a page is shared while another thread writes to it", 3, [
    "A: load=7 load=7 reply=0 | C: send=0 load=7 | T:",
    "A: load=7 load=7 reply=0 | C: send=0 load=9 | T:",
    "A: load=9 load=9 reply=0 | C: send=0 load=9 | T:",
  ]),
];
