/** What is tried with each call that consumes a capability, and what it must answer. */
import { CapKind, Right } from "../../core/cap/tables.ts";
import { NativeError } from "../../core/personality/native/errors.ts";
import type { SyscallRow } from "../../core/syscall/row.ts";
import { BASES, MAKERS, OPENED_FOR } from "./token_bases.ts";
import type { TokenBench } from "./token_bench.ts";

/** One bad capability. */
export interface Case {
  readonly what: string;
  /** Makes whatever it takes; the number given for the capability. */
  readonly make: (b: TokenBench) => number;
  /** The answer. */
  readonly answer: number;
}

/** Numbers that no process was ever given. */
const UNHEARD = [77, 255, 256, 4095, 4099, 2 ** 31 - 1, 2 ** 31, 2 ** 32 + 1, 2 ** 52];
/** A descriptor is a 32-bit number, of which the lower half counts; these stay none. */
const NO_DESCRIPTORS = [77, 255, 256, 4095, 4099, 2 ** 31 - 1, 2 ** 31, -1];
const EBADF = -9;
const ESRCH = -3;
const EINVAL = -22;
/** Calls with an error of their own for it. */
const OWN_ERRORS: Readonly<Record<string, number>> = {
  channel_destroy: EINVAL,
  connect_detach: EINVAL,
};
const MESSAGE_ERRORS: Readonly<Record<string, number>> = {
  Channel: ESRCH,
  Connection: EBADF,
  Poster: EBADF,
  Receipt: ESRCH,
};
/** Calls that take a thread that has ended for what they wait for. */
const ENDED_IS_GOOD: ReadonlySet<string> = new Set(["thread_join"]);
/** Calls that give back what names something that is gone. */
const GIVES_BACK: ReadonlySet<string> = new Set(["cap_delete"]);

/** A number that another process has, and the caller has not. */
function foreign(b: TokenBench, from: string): number {
  // The caller's own are as many at most, so that the last number of the other is none of its.
  MAKERS[from](b, 1);
  MAKERS[from](b, 1);
  return MAKERS[from](b, 1);
}

/** The right kind, the rights it takes and one more number: the name was given back and reused. */
function reused(b: TokenBench, from: string, giveBack: string): number {
  const token = MAKERS[from](b, 0);
  b.make(0, giveBack, token);
  return token;
}

function nativeCases(row: SyscallRow, kind: string | undefined, rights: readonly string[]): Case[] {
  const from = BASES[row.name].from;
  const cases: Case[] = UNHEARD.map((token) => ({
    what: `a number that was never given, ${token}`,
    make: () => token,
    answer: NativeError.Absent,
  }));
  cases.push(
    {
      what: "one that was given back",
      make: (b) => reused(b, from, "cap_delete"),
      answer: NativeError.Stale,
    },
    {
      what: "an older name of a slot that names another one",
      make: (b) => {
        const token = reused(b, from, "cap_delete");
        MAKERS[from](b, 0);
        return token;
      },
      answer: NativeError.Stale,
    },
    { what: "another process's", make: (b) => foreign(b, from), answer: NativeError.Absent },
    {
      what: "one that was revoked",
      make: (b) => {
        const above = MAKERS[from](b, 0);
        const token = b.make(0, "cap_derive", above, 0xff);
        b.make(0, "cap_revoke", above);
        return token;
      },
      answer: NativeError.Stale,
    },
  );
  for (const name of rights) {
    cases.push({
      what: `one without ${name}`,
      make: (b) =>
        b.make(0, "cap_derive", MAKERS[from](b, 0), 0xff & ~Right[name as keyof typeof Right]),
      answer: NativeError.FewerRights,
    });
  }
  if (kind !== undefined) {
    for (const other of Object.keys(CapKind)) {
      if (other === kind || other === "None" || MAKERS[other] === undefined) continue;
      cases.push({
        what: `a ${other}`,
        make: (b) => MAKERS[other](b, 0),
        answer: NativeError.WrongKind,
      });
    }
  }
  if (from === "Process" || from === "Thread") cases.push(...endedCases(row, from));
  return cases;
}

/** Names of a process and of a thread that are gone: the name is there, what it names is not. */
function endedCases(row: SyscallRow, from: string): Case[] {
  if (ENDED_IS_GOOD.has(row.name) || GIVES_BACK.has(row.name)) return [];
  return [{
    what: `one of a ${from} that has ended`,
    make: (b) => {
      const process = b.make(0, "cap_process", b.s.process.pid[b.child]);
      const given = b.make(1, from === "Thread" ? "thread_self" : "memory_create", 1);
      const handed = b.make(0, "cap_process", 0);
      // The child hands its thread to its parent, which it reaches by a token from it.
      const up = b.make(0, "cap_copy", handed, process);
      const token = from === "Thread" ? b.make(1, "cap_copy", given, up) : process;
      b.enter(1, 94, 0);
      b.pump();
      b.make(0, "wait4", -1, 0, 0, 0);
      return token;
    },
    answer: NativeError.Stale,
  }];
}

function linuxCases(row: SyscallRow): Case[] {
  const from = BASES[row.name].from;
  const opened = OPENED_FOR[row.name];
  const cases: Case[] = NO_DESCRIPTORS.map((fd) => ({
    what: `a number that is no descriptor, ${fd}`,
    make: () => fd,
    answer: EBADF,
  }));
  cases.push(
    { what: "one that was closed", make: (b) => reused(b, from, "close"), answer: EBADF },
    { what: "another process's", make: (b) => foreign(b, from), answer: EBADF },
    { what: "a native token of a file", make: (b) => MAKERS.OpenFile(b, 0), answer: EBADF },
    { what: "a connection", make: (b) => MAKERS.Connection(b, 0), answer: EBADF },
  );
  if (opened !== undefined) {
    cases.push({
      what: `one that was not opened for it, a ${opened === "reader" ? "writer" : "reader"}`,
      make: (b) => MAKERS[opened === "reader" ? "writer" : "reader"](b, 0),
      answer: EBADF,
    });
  }
  return cases;
}

const GIVES_UP: Readonly<Record<string, string>> = {
  Channel: "channel_destroy",
  Connection: "connect_detach",
  Poster: "connect_detach",
};

function messageCases(row: SyscallRow): Case[] {
  const from = BASES[row.name].from;
  const answer = OWN_ERRORS[row.name] ?? MESSAGE_ERRORS[from];
  const cases: Case[] = UNHEARD.map((id) => ({
    what: `a number that was never given, ${id}`,
    make: () => id,
    answer,
  }));
  for (const other of ["Channel", "Connection", "Receipt", "Memory", "file"]) {
    // A connection is the right kind; that its channel has no ring is not what is tried here.
    if (other === from || (from === "Poster" && other === "Connection")) continue;
    cases.push({ what: `a ${other}`, make: (b) => MAKERS[other](b, 0), answer });
  }
  // Of two processes one waits for the answer, so that neither can try the other's receipt.
  if (from !== "Receipt") {
    cases.push({ what: "another process's", make: (b) => foreign(b, from), answer });
  }
  const giveUp = GIVES_UP[from];
  cases.push({
    what: "one that is no more",
    make: (b) => {
      if (giveUp !== undefined) return reused(b, from, giveUp);
      const receipt = MAKERS.Receipt(b, 0);
      b.make(0, "msg_error", receipt, 5);
      return receipt;
    },
    answer,
  });
  if (from === "Connection") {
    cases.push({
      what: "one whose channel was revoked",
      make: (b) => {
        const chid = MAKERS.Channel(b, 0);
        const coid = b.make(0, "connect_attach", 0, chid);
        b.make(0, "cap_revoke", chid);
        return coid;
      },
      answer,
    });
  }
  return cases;
}

/** Every case of a call that consumes a capability by an argument. */
export function casesOf(row: SyscallRow): Case[] {
  if (!("argument" in row.consumes)) return [];
  if (row.number < 600) return linuxCases(row);
  if (row.number >= 660) return messageCases(row);
  const { kind, rights = [] } = row.consumes;
  return nativeCases(row, kind, rights);
}
