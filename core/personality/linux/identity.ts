import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import { argumentAt, ArgumentLength, type Event, payloadU32 } from "../../event.ts";
import { ONE, type State } from "../../kernel.ts";
import { writeUser } from "../../mem/user_copy.ts";
import { STACK_LIMIT } from "../../proc/exec.ts";
import { isRoot } from "../../proc/root.ts";
import { DESCRIPTORS } from "../../proc/tables.ts";
import { findThread } from "../../sched/tid.ts";
import { watermark } from "../../state/table.ts";

/** getpid. */
export function getpid(s: State, _fx: Effects, _e: Event, t: number): number {
  return s.process.pid[s.thread.process[t]];
}

/** getppid. */
export function getppid(s: State, _fx: Effects, _e: Event, t: number): number {
  const parent = s.process.parent[s.thread.process[t]];
  return parent === 0 ? 0 : s.process.pid[parent];
}

/** gettid. */
export function gettid(s: State, _fx: Effects, _e: Event, t: number): number {
  return s.thread.tid[t];
}

/** getuid and geteuid. */
export function getuid(s: State, _fx: Effects, _e: Event, t: number): number {
  return s.process.uid[s.thread.process[t]];
}

/** getgid and getegid. */
export function getgid(s: State, _fx: Effects, _e: Event, t: number): number {
  return s.process.gid[s.thread.process[t]];
}

/** setuid: root may become anyone, others only themselves. */
export function setuid(s: State, _fx: Effects, e: Event, t: number): number {
  const p = s.thread.process[t];
  if (!isRoot(s, p) && s.process.uid[p] !== e.uint(0)) return -Err.NotPermitted;
  s.process.uid[p] = e.uint(0);
  return 0;
}

/** setgid: as setuid. */
export function setgid(s: State, _fx: Effects, e: Event, t: number): number {
  const p = s.thread.process[t];
  if (!isRoot(s, p) && s.process.gid[p] !== e.uint(0)) return -Err.NotPermitted;
  s.process.gid[p] = e.uint(0);
  return 0;
}

/** The process that an id, of any of its threads, stands for; 0 when there is none. */
function target(s: State, t: number, id: number): number {
  return s.thread.process[id === 0 ? t : findThread(s, id)];
}

/** getpgid. */
export function getpgid(s: State, _fx: Effects, e: Event, t: number): number {
  const p = target(s, t, e.int(0));
  return p === 0 ? -Err.NoProcess : s.process.group[p];
}

/** getsid. */
export function getsid(s: State, _fx: Effects, e: Event, t: number): number {
  const p = target(s, t, e.int(0));
  return p === 0 ? -Err.NoProcess : s.process.session[p];
}

/** Process rows looked at for one unit of work. */
const ROWS_A_UNIT = 16;

function scanUnits(s: State): number {
  return Math.ceil(watermark(s.process) / ROWS_A_UNIT);
}

/** Whether a session has a process group of that id. */
function isGroupOf(s: State, group: number, session: number): boolean {
  const top = watermark(s.process);
  for (let p = 1; p <= top; p++) {
    if (s.process.$live[p] === 0 || s.process.group[p] !== group) continue;
    if (s.process.session[p] === session) return true;
  }
  return false;
}

/** setpgid: of oneself or a child, within the session. */
export function setpgid(s: State, fx: Effects, e: Event, t: number): number {
  const self = s.thread.process[t];
  const p = target(s, t, e.int(0));
  const group = e.int(1) === 0 ? (p === 0 ? 0 : s.process.pid[p]) : e.int(1);
  if (group < 0) return -Err.Invalid;
  if (p === 0) return -Err.NoProcess;
  if (e.int(0) !== 0 && e.int(0) !== s.process.pid[p]) return -Err.Invalid;
  if (p !== self && s.process.parent[p] !== self) return -Err.NoProcess;
  if (s.process.session[p] !== s.process.session[self]) return -Err.NotPermitted;
  if (s.process.session[p] === s.process.pid[p]) return -Err.NotPermitted;
  if (group !== s.process.pid[p]) {
    fx.charge(scanUnits(s));
    if (!isGroupOf(s, group, s.process.session[self])) return -Err.NotPermitted;
  }
  s.process.group[p] = group;
  return 0;
}

/** setsid. */
export function setsid(s: State, _fx: Effects, _e: Event, t: number): number {
  const p = s.thread.process[t];
  const pid = s.process.pid[p];
  if (s.process.group[p] === pid) return -Err.NotPermitted;
  s.process.group[p] = pid;
  s.process.session[p] = pid;
  s.process.terminal[p] = 0;
  return pid;
}

/** getgroups: none. */
export function getgroups(_s: State, _fx: Effects, e: Event, _t: number): number {
  return e.int(0) < 0 ? -Err.Invalid : 0;
}

const UNAME_FIELD = 65;
const UNAME = ["Linux", "daybook", "6.1.0", "#1 Daybook", "riscv64", "(none)"];

/** uname. */
export function uname(s: State, fx: Effects, e: Event, t: number): number {
  const bytes = UNAME_FIELD * UNAME.length;
  const at = fx.reserveBytes(bytes);
  fx.bytes.fill(0, at, at + bytes);
  for (let i = 0; i < UNAME.length; i++) {
    for (let j = 0; j < UNAME[i].length; j++) {
      fx.bytes[at + i * UNAME_FIELD + j] = UNAME[i].charCodeAt(j);
    }
  }
  return writeUser(s, fx, e.hart, t, e.argument(0), at, bytes);
}

const SYSINFO_BYTES = 112;

/** sysinfo. */
export function sysinfo(s: State, fx: Effects, e: Event, t: number): number {
  const at = fx.reserveBytes(SYSINFO_BYTES);
  fx.bytes.fill(0, at, at + SYSINFO_BYTES);
  const frames = s.memory.totalFrames[ONE];
  const free = s.memory.freeFrames[ONE] + s.memory.backingSlots[ONE] - s.memory.backed[ONE];
  fx.setU64(at, Math.floor(e.time / 1e9));
  fx.setU64(at + 32, frames * 4096);
  fx.setU64(at + 40, free * 4096);
  fx.setU32(at + 80, s.kernel.processes[ONE] & 0xffff);
  fx.setU32(at + 104, 1);
  return writeUser(s, fx, e.hart, t, e.argument(0), at, SYSINFO_BYTES);
}

const Limit = { Stack: 3, Processes: 6, Files: 7 } as const;
const LIMITS = 16;
const UNLIMITED = -1;

function putLimit(s: State, fx: Effects, resource: number): number {
  const at = fx.reserveBytes(16);
  let soft = UNLIMITED;
  if (resource === Limit.Stack) soft = STACK_LIMIT;
  else if (resource === Limit.Files) soft = DESCRIPTORS;
  else if (resource === Limit.Processes) soft = s.process.$capacity - 1;
  fx.setU64(at, soft);
  fx.setU64(at + 8, resource === Limit.Stack ? UNLIMITED : soft);
  return at;
}

/** prlimit64 of the calling process; limits are fixed, so a new one is accepted and unused. */
export function prlimit64(s: State, fx: Effects, e: Event, t: number): number {
  const resource = e.uint(1);
  if (resource >= LIMITS) return -Err.Invalid;
  const p = target(s, t, e.int(0));
  if (p === 0) return -Err.NoProcess;
  const given = argumentAt(e, 0);
  if (given >= 0 && payloadU32(e, given) !== ArgumentLength.Absent && e.argument(3) === 0) return 0;
  if (e.argument(3) === 0) return 0;
  const at = putLimit(s, fx, resource);
  return writeUser(s, fx, e.hart, t, e.argument(3), at, 16);
}

/** getrlimit. */
export function getrlimit(s: State, fx: Effects, e: Event, t: number): number {
  if (e.uint(0) >= LIMITS) return -Err.Invalid;
  const at = putLimit(s, fx, e.uint(0));
  return writeUser(s, fx, e.hart, t, e.argument(1), at, 16);
}
