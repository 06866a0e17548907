/** I9: what is read was written, what is not read is kept, and no ring overflows. */
import { LINE_BYTES, PIPE_PAGES } from "../../core/fs/tables.ts";
import type { State } from "../../core/kernel.ts";
import { Account } from "../../core/ledger/accounts.ts";
import { FrameRole } from "../../core/mem/tables.ts";
import { type Check, eachLive, type Group, type Report } from "./checker.ts";

const PAGE = 4096;

function checkPipe(s: State, report: Report, pipe: number): number {
  const head = s.pipe.head[pipe];
  const tail = s.pipe.tail[pipe];
  const row = `pipe ${pipe}`;
  if (!(tail <= head && head <= tail + PIPE_PAGES * PAGE)) {
    report("I9", row, `read up to ${tail}, written up to ${head}`);
    return head - tail;
  }
  const used = new Set<number>();
  for (let page = Math.floor(tail / PAGE); page * PAGE < head; page++) used.add(page % PIPE_PAGES);
  for (let slot = 0; slot < PIPE_PAGES; slot++) {
    const frame = s.pipe.frame[pipe * PIPE_PAGES + slot];
    if (frame === 0) {
      if (head !== tail && used.has(slot)) {
        report("I9", row, `holds bytes in page ${slot} of its ring, which has no frame`);
      }
    } else if (s.frame.role[frame] !== FrameRole.Buffer || s.frame.refs[frame] !== 1) {
      report("I9", row, `frame ${frame} of its ring is no buffer of its own`);
    } else if (head === tail) report("I9", row, `empty, but keeps frame ${frame}`);
  }
  return head - tail;
}

function checkTerminal(s: State, report: Report, row: number): void {
  const head = s.terminal.inputHead[row];
  const tail = s.terminal.inputTail[row];
  const name = `terminal ${row}`;
  if (!(tail <= head && head <= tail + LINE_BYTES) || s.terminal.editLength[row] > LINE_BYTES) {
    return report("I9", name, `read up to ${tail}, typed up to ${head}, more than it holds`);
  }
  const marked = (at: number): boolean => {
    const bit = row * LINE_BYTES + at;
    return (((s.terminal.lineEnds[bit >>> 3] ?? 0) >>> (bit & 7)) & 1) === 1;
  };
  let inside = 0;
  for (let at = tail; at < head; at++) if (marked(at % LINE_BYTES)) inside++;
  let all = 0;
  for (let byte = 0; byte < LINE_BYTES / 8; byte++) {
    let bits = s.terminal.lineEnds[(row * LINE_BYTES) / 8 + byte] ?? 0;
    for (; bits !== 0; bits &= bits - 1) all++;
  }
  if (inside !== all || inside !== s.terminal.lines[row]) {
    report(
      "I9",
      name,
      `${inside} line ends in its ring, ${all} marked, lines says ${s.terminal.lines[row]}`,
    );
  }
}

function checkStream(s: State, report: Report, row: number): void {
  const { begin, end, object, requested } = s.stream;
  if (begin[row] > end[row] || end[row] > PAGE) {
    report("I9", `stream ${row}`, `bytes ${begin[row]} to ${end[row]} of a block`);
  }
  const needed = begin[row] < end[row] || requested[row] === 1;
  if (needed && (object[row] === 0 || s.frame.role[object[row]] !== FrameRole.Buffer)) {
    report("I9", `stream ${row}`, "has a block or waits for one, but no buffer for it");
  }
}

/** Rings of pipes and terminals, and the blocks of host streams. */
export const rings: Group = {
  name: "rings",
  ids: ["I9"],
  make: ({ state: s }): Check => (_e, report) => {
    let held = 0;
    eachLive(s.pipe, (pipe) => {
      held += checkPipe(s, report, pipe);
    });
    if (held !== s.account.balance[Account.PipeBytesHeld]) {
      report(
        "I9",
        "books",
        `${held} bytes in pipes, PipeBytesHeld ${s.account.balance[Account.PipeBytesHeld]}`,
      );
    }
    for (let row = 1; row < s.terminal.$capacity; row++) checkTerminal(s, report, row);
    for (let row = 1; row < s.stream.$capacity; row++) checkStream(s, report, row);
  },
};
