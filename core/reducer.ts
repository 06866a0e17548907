import type { ByteDriver } from "./driver.ts";
import { Effects } from "./effect.ts";
import type { Event } from "./event.ts";
import { rebuildNameHash } from "./fs/directory.ts";
import { kernelTables, type State } from "./kernel.ts";
import { rebuildServiceHash } from "./ipc/service_name.ts";
import { rebuildFutexHash } from "./sched/futex_row.ts";
import { rebuildPageHash } from "./mem/page_hash.ts";
import { rebuildPidHash } from "./proc/process.ts";
import { reduce } from "./reduce.ts";
import { rebuildTidHash } from "./sched/tid.ts";
import { type ArenaLayout, bindArena, layoutArena } from "./state/arena.ts";
import { makeArenaHash } from "./state/hash.ts";

/** Rows per table, by table key, where a boot wants other numbers than the declared ones. */
export type Capacities = Readonly<Partial<Record<keyof typeof kernelTables, number>>>;

/** The layout of the kernel's arena: a pure function of the capacities. */
export function layoutKernel(capacities: Capacities = {}): ArenaLayout {
  return layoutArena(kernelTables, capacities);
}

/** The kernel, bound to one arena. */
export interface Reducer {
  readonly layout: ArenaLayout;
  readonly state: State;
  /** What the last event asks of the hardware. */
  readonly effects: Effects;
  /**
   * Reduces one event.
   *
   * @returns Refusal.None, or why it was refused
   */
  reduce(e: Event): number;
  /** Writes the four words of the K hash. */
  hash(out: Uint32Array): void;
  /** Rebuilds what is derived, after the arena was restored from a snapshot. */
  rebuild(): void;
}

/**
 * Binds the kernel to a zeroed buffer: the machine's linear memory when it runs, a plain buffer in a
 * fold.
 *
 * @param base byte offset of the arena, a multiple of 4,096
 * @param drivers drivers of the devices whose interrupts the boot has
 */
export function makeReducer(
  layout: ArenaLayout,
  buffer: ArrayBufferLike,
  base: number,
  drivers: readonly ByteDriver[] = [],
): Reducer {
  const state = bindArena(kernelTables, layout, buffer, base);
  const effects = new Effects();
  return {
    layout,
    state,
    effects,
    reduce: (e) => reduce(state, effects, e, drivers),
    hash: makeArenaHash(layout, buffer, base),
    rebuild: () => {
      rebuildPidHash(state);
      rebuildTidHash(state);
      rebuildPageHash(state);
      rebuildNameHash(state);
      rebuildFutexHash(state);
      rebuildServiceHash(state);
    },
  };
}
