/** What kind of machine the figures are from. */

/** Processor, cores and engine. */
export interface HostFacts {
  readonly processor: string;
  readonly cores: number;
  readonly system: string;
  readonly deno: string;
}

/** Asks the host. */
export function hostFacts(): HostFacts {
  return {
    processor: processorName(),
    cores: navigator.hardwareConcurrency,
    system: `${Deno.build.os} ${Deno.build.arch}`,
    deno: Deno.version.deno,
  };
}

function processorName(): string {
  try {
    const text = Deno.readTextFileSync("/proc/cpuinfo");
    return /^model name\s*:\s*(.*)$/m.exec(text)?.[1] ?? "an unnamed processor";
  } catch {
    return "an unnamed processor";
  }
}
