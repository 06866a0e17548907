import type { RecordedEvent } from "../../core/event.ts";
import type { Actuate } from "./actuate.ts";
import type { EventCosts, MachineConfig } from "./config.ts";
import type { Cpu } from "./memory/cpu.ts";
import type { Demands } from "./inputs/demands.ts";
import type { HartClocks } from "./time/hart_clocks.ts";
import type { Harts } from "./harts.ts";
import type { HostInputs } from "./inputs/host_inputs.ts";
import type { HostOutput } from "./host_output.ts";
import type { MachineLayout } from "./memory/layout.ts";
import type { MachineHash } from "./machine_hash.ts";
import type { MachineState } from "./machine_state.ts";
import type { ConsoleDevice, EventSink, MachineReducer } from "./ports.ts";
import type { Schedule } from "./time/schedule.ts";
import type { Sense } from "./sense.ts";

/** Everything the loop drives, bound together by `createMachine`. */
export interface MachineParts {
  readonly config: MachineConfig;
  readonly costs: EventCosts;
  readonly layout: MachineLayout;
  /** Linear memory in words. */
  readonly u32: Uint32Array;
  readonly state: MachineState;
  /** The one-row table of `state`. */
  readonly machine: MachineState["machine"];
  readonly clocks: HartClocks;
  readonly schedule: Schedule;
  readonly demands: Demands;
  readonly harts: Harts;
  readonly cpu: Cpu;
  readonly console: ConsoleDevice;
  /** PLIC source of the console. */
  readonly consoleSource: number;
  readonly event: RecordedEvent;
  readonly sense: Sense;
  readonly reducer: MachineReducer;
  readonly actuate: Actuate;
  readonly machineHash: MachineHash;
  readonly sink: EventSink;
  readonly inputs: HostInputs;
  readonly output: HostOutput;
  /** Bytes of the demanded input being delivered. */
  readonly staging: Uint8Array;
  /** Scratch for the digest of a blob. */
  readonly digest: Uint8Array;
}
