/** What a scene is made of beside the kernel's arena: all of it is copied when a scene is marked. */
import { emptyTlbs, type LateTlbs } from "./late_tlbs.ts";
import type { Snapshot } from "../../core/state/snapshot.ts";
import type { Revocation } from "./delegation.ts";
import type { Script } from "./script.ts";

/** What comes from outside, once, at any moment. */
export interface Arrival {
  readonly input: number;
  readonly bytes: string;
}

/** A script, the machine it runs on, and how its orders are tried. */
export interface Scenario {
  readonly name: string;
  readonly harts: number;
  readonly script: Script;
  /** Threads that come to `go` before the orders are tried. */
  readonly actors: number;
  /** Turns that may end early, by a timer, on one path. */
  readonly preemptions?: number;
  /** Whether standard input is a terminal. */
  readonly terminal?: boolean;
  readonly arrivals?: readonly Arrival[];
  /** Label where every program that is executed begins; without it no file is a program. */
  readonly program?: string;
  /**
   * ASIDs that are left when the orders begin; all others but those of live spaces are retired, as
   * if so many spaces had been there. What is given then is given again soon after an epoch begins.
   */
  readonly asids?: number;
}

/** A model thread. Everything in it is copied with the scene. */
export interface Actor {
  name: string;
  at: number;
  sp: number;
  a0: number;
  /** Instructions whose call has not returned. */
  calling: number[];
  /** Registers of the last call. */
  args: readonly number[];
  /** Results it has kept, by name: never changed in place. */
  kept: Readonly<Record<string, number>>;
  log: string[];
  gone: boolean;
}

/** All of a scene beside the arena. */
export interface Model {
  actors: (Actor | undefined)[];
  frames: Map<string, Uint8Array>;
  cells: Map<number, number>;
  tlbs: LateTlbs;
  time: number[];
  sequence: number[];
  timer: number[];
  /** By hart: thread, root page number and ASID it was told to run. Never changed in place. */
  told: (readonly number[])[];
  /** Revocations under way. Never changed in place. */
  revocations: readonly Revocation[];
  continues: boolean[];
  ipi: boolean[];
  inputs: string[];
  arrived: number;
  sample: { kind: number; hart: number; length: number } | null;
  preemptions: number;
  order: number;
  started: boolean;
  ended: boolean;
  last: string;
  sites: string[];
}

/** The model of a scene that has not booted. */
export function emptyModel(harts: number, preemptions: number): Model {
  const each = <T>(value: () => T): T[] => Array.from({ length: harts }, value);
  return {
    actors: [],
    frames: new Map(),
    cells: new Map(),
    tlbs: emptyTlbs(harts),
    time: each(() => 0),
    sequence: each(() => 0),
    timer: each(() => 0),
    told: each(() => [0, 0, 0]),
    revocations: [],
    continues: each(() => false),
    ipi: each(() => false),
    inputs: [],
    arrived: 0,
    sample: null,
    preemptions,
    order: 0,
    started: false,
    ended: false,
    last: "",
    sites: [],
  };
}

/** A copy that the scene may go on from while the model stays as it is. */
export function copyModel(m: Model): Model {
  return {
    ...m,
    actors: m.actors.map((a) =>
      a === undefined ? undefined : { ...a, calling: [...a.calling], log: [...a.log] }
    ),
    frames: new Map(m.frames),
    cells: new Map(m.cells),
    tlbs: {
      held: m.tlbs.held.map((held) => new Map(held)),
      late: m.tlbs.late.map((late) => [...late]),
    },
    time: [...m.time],
    sequence: [...m.sequence],
    timer: [...m.timer],
    told: [...m.told],
    continues: [...m.continues],
    ipi: [...m.ipi],
    inputs: [...m.inputs],
    sites: [...m.sites],
  };
}

/** A place to go back to. */
export interface Mark {
  readonly arena: Snapshot;
  readonly model: Model;
}
