/** What a key tells of the scene: the threads' scripts, memory, TLBs, and what the machine is owed. */
import { ONE } from "../../core/kernel.ts";
import { FrameRole } from "../../core/mem/tables.ts";
import { LEFT_BEHIND, type Scene } from "../schedules/scene.ts";
import { lookedAt } from "./key_messages.ts";
import type { KeyNames } from "./key_names.ts";

/** Words of a set of ASIDs. */
const ASID_WORDS = 64;

/** The machine and the threads' scripts. */
export function putModel(scene: Scene, names: KeyNames): void {
  const { s, model: m } = scene;
  const threads = names.tableOf("thread");
  const past: string[] = [];
  const alive: [number, number][] = [];
  m.actors.forEach((actor, t) => {
    if (actor === undefined) return;
    if (actor.gone || s.thread.$live[t] === 0) past.push(`${actor.name} ${actor.log.join(" ")}`);
    else alive.push([names.name(threads, t), t]);
  });
  names.putText(past.sort().join("|"));
  alive.sort((a, b) => a[0] - b[0]);
  for (const [name, t] of alive) {
    const actor = m.actors[t];
    if (actor === undefined) continue;
    for (const word of [name, actor.at, actor.calling.length, ...actor.calling]) names.put(word);
    names.putLong(actor.sp);
    const looked = lookedAt(scene.scenario.script.ops, actor.at);
    names.putKept(looked, looked === "" ? 0 : actor.a0);
    for (const [what, value] of Object.entries(actor.kept)) {
      names.putText(what);
      names.putKept(what, value);
    }
    names.putText(`${actor.name} ${actor.log.join(" ")}`);
    putFrames(scene, names, t, actor.sp);
  }
  putMachine(scene, names);
}

/** Signal frames a handler may still return to. */
function putFrames(scene: Scene, names: KeyNames, thread: number, sp: number): void {
  for (const [where, bytes] of scene.model.frames) {
    const [owner, at] = where.split(" ").map(Number);
    if (owner !== thread || at < sp) continue;
    names.putLong(at);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let i = 0; i + 4 <= bytes.length; i += 4) names.put(view.getInt32(i, true));
  }
}

function putMachine(scene: Scene, names: KeyNames): void {
  const { s, model: m } = scene;
  const frames = names.tableOf("frame");
  const spaces = names.tableOf("addressSpace");
  const spaceOf = new Map<number, number>();
  for (let row = 1; row <= (s.addressSpace.$header[0] ?? 0); row++) {
    if (s.addressSpace.$live[row] === 1) {
      spaceOf.set(s.addressSpace.asid[row], names.name(spaces, row));
    }
  }
  if (scene.scenario.asids !== undefined) putAsids(scene, names, spaceOf);
  for (const { spans } of m.revocations) {
    for (const { space, start, end } of spans) {
      names.putText(`${spaceOf.get(s.addressSpace.asid[space])} ${start} ${end}`);
    }
  }
  for (const list of [m.continues, m.ipi]) for (const flag of list) names.put(flag ? 1 : 0);
  names.put(m.arrived);
  names.put(m.preemptions);
  names.put(m.ended ? 1 : 0);
  names.putText([...m.inputs].sort().join("|"));
  const cells: [number, number][] = [];
  for (const [frame, value] of m.cells) {
    const name = names.named[frames][frame];
    const role = s.frame.role[frame];
    // A table's page holds no bytes of a user's, and a buffer none before it is filled.
    const blank = role === FrameRole.PageTable ||
      (role === FrameRole.Buffer && value === LEFT_BEHIND);
    if (value !== 0 && !blank && name !== undefined && name !== 0) cells.push([name, value]);
  }
  cells.sort((a, b) => a[0] - b[0]);
  for (const [name, value] of cells) names.put(name * 256 + value);
  const loose = names.options.loose === true;
  m.tlbs.held.forEach((held, hart) => {
    const lines: string[] = [];
    for (const { asid, page, frame, writable } of held.values()) {
      const space = spaceOf.get(asid);
      if (space === undefined) continue;
      const name = names.named[frames][frame] ?? 0;
      if (name === 0) names.keepsNumbers = true;
      lines.push(`${space} ${page} ${name === 0 && !loose ? -frame : name} ${writable}`);
    }
    names.putText(lines.sort().join("|"));
    const late = m.tlbs.late[hart].map((asid) => spaceOf.get(asid) ?? 0).filter((n) => n > 0);
    names.putText([...new Set(late)].sort((a, b) => a - b).join());
  });
}

/**
 * Where ASIDs are used again: which are taken, by which spaces, and what the harts hold of spaces
 * that are gone.
 */
function putAsids(scene: Scene, names: KeyNames, spaceOf: ReadonlyMap<number, number>): void {
  const { s, model: m } = scene;
  const { asidUsed, asidRetired, nextAsid } = s.memory;
  names.put(nextAsid[ONE]);
  for (let at = ASID_WORDS; at < 2 * ASID_WORDS; at++) {
    names.put(asidUsed[at]);
    names.put(asidRetired[at]);
  }
  for (const [asid, space] of [...spaceOf].sort((a, b) => a[1] - b[1])) {
    names.put(asid);
    names.put(space);
  }
  const frames = names.named[names.tableOf("frame")];
  m.tlbs.held.forEach((held, hart) => {
    const lines: string[] = [];
    for (const { asid, page, frame, writable } of held.values()) {
      if (spaceOf.has(asid)) continue;
      const name = frames[frame] ?? 0;
      if (name === 0) names.keepsNumbers = true;
      // Which frame it was and who has that now is a matter of what lay free.
      const told = names.options.loose === true ? 0 : name === 0 ? -frame : name;
      lines.push(`${asid} ${page} ${told} ${writable}`);
    }
    names.putText(lines.sort().join("|"));
    names.putText([...new Set(m.tlbs.late[hart])].filter((a) => !spaceOf.has(a)).sort().join());
  });
}
