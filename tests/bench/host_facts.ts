/** What kind of machine the figures are from. */

import { cpus } from "node:os";

/** Processor, cores and engine. */
export interface HostFacts {
  readonly processor: string;
  readonly cores: number;
  readonly system: string;
  readonly deno: string;
  /** Runnable threads of the whole host, averaged over the minute before: others were at work. */
  readonly loadBefore: number;
}

/** Asks the host. */
export function hostFacts(): HostFacts {
  return {
    processor: cpus()[0]?.model ?? "an unnamed processor",
    cores: navigator.hardwareConcurrency,
    system: `${Deno.build.os} ${Deno.build.arch}`,
    deno: Deno.version.deno,
    loadBefore: Deno.loadavg()[0],
  };
}
