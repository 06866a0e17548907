/** All that can be measured, section by section. */
import { fetchBusybox, FetchError } from "../busybox/fetch.ts";
import { type BootResult, measureBoot } from "./boot.ts";
import { COMPUTE, type ComputeResult, measureCompute } from "./compute.ts";
import { type HostFacts, hostFacts } from "./host_facts.ts";
import { measurePaths, OPERATIONS, type PathRow } from "./paths.ts";
import { measureMessages, type MessageRow, MESSAGES } from "./messages.ts";
import { measureReducer, REDUCER, type ReducerRow } from "./reducer.ts";
import { measureReal, REAL, type RealRow } from "./real_programs.ts";
import type { Setting } from "./setting.ts";
import { measureStart, type StartResult } from "./start_up.ts";

/** What was measured: a section is undefined when it was not asked for, or cannot be had here. */
export interface Report {
  readonly host: HostFacts;
  /** It was a smoke run: the figures mean nothing. */
  readonly quick: boolean;
  readonly qemu: string | undefined;
  /** Why there is no busybox. */
  readonly noBusybox: string | undefined;
  readonly compute: ComputeResult | undefined;
  readonly real: readonly RealRow[] | undefined;
  readonly paths: readonly PathRow[] | undefined;
  readonly messages: readonly MessageRow[] | undefined;
  readonly reducer: readonly ReducerRow[] | undefined;
  readonly boot: BootResult | undefined;
  readonly start: StartResult | undefined;
}

/** Sections, and the rows that can be asked for by name. */
const SECTIONS: Readonly<Record<string, readonly string[]>> = {
  compute: COMPUTE,
  real: REAL,
  paths: OPERATIONS,
  messages: MESSAGES,
  reducer: REDUCER,
  boot: [],
  start: [],
};

/** Every name that `--only` takes. */
export const NAMES: readonly string[] = Object.entries(SECTIONS).flat(2);

/** Whether a choice of one name leaves a section, or a row of it. */
export function isWanted(only: string | undefined, section: string, row?: string): boolean {
  if (only === undefined || only === section) return true;
  return row === undefined ? SECTIONS[section].includes(only) : row === only;
}

/** Measures what is asked for. */
export async function measure(setting: Setting): Promise<Report> {
  // Before anything runs: the load of the host is among them.
  const host = hostFacts();
  const wanted = (section: string): boolean => setting.wants(section);
  const needsBusybox = wanted("real") || wanted("start");
  const { busybox, why } = needsBusybox ? await findBusybox() : {};
  return {
    host,
    quick: setting.quick,
    qemu: setting.qemu,
    noBusybox: why,
    start: busybox && wanted("start") ? await measureStart(setting, busybox) : undefined,
    compute: wanted("compute") ? await measureCompute(setting) : undefined,
    real: busybox && wanted("real") ? await measureReal(setting, busybox) : undefined,
    paths: wanted("paths") ? await measurePaths(setting) : undefined,
    messages: wanted("messages") ? await measureMessages(setting) : undefined,
    reducer: wanted("reducer") ? measureReducer(setting) : undefined,
    boot: wanted("boot") ? await measureBoot(setting) : undefined,
  };
}

async function findBusybox(): Promise<{ busybox?: string; why?: string }> {
  try {
    return { busybox: await fetchBusybox() };
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    return { why: error.message };
  }
}
