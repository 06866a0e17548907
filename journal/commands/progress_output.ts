import type { HostPort } from "../../drivers/host/host_port.ts";
import { printError, terminalIsPlain } from "../../drivers/host/process.ts";
import type { ProgressOutput } from "./progress.ts";

/** Progress on the user's terminal, if standard error is one. */
export function terminalProgress(host: HostPort): ProgressOutput {
  return {
    live: host.isTerminal(2) && !terminalIsPlain(),
    write: printError,
    now: () => host.now(),
    columns: () => host.terminalSize().columns,
  };
}
