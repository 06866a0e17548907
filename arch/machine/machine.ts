import { RecordedEvent } from "../../core/event.ts";
import { allocRow, type Columns, type Table } from "../../core/state/table.ts";
import { Aclint } from "./devices/aclint.ts";
import { Actuate } from "./actuate.ts";
import {
  DECODE_SLOTS,
  DEFAULT_COSTS,
  DEFAULT_LATENCIES,
  DIGEST_BYTES,
  MACHINE_HASH_INSTRUCTIONS,
  type MachineConfig,
  SLICE_FLOOR,
  STAGING_BYTES,
} from "./config.ts";
import { type Engine, instantiateCpu } from "./memory/cpu.ts";
import { Demands } from "./inputs/demands.ts";
import { HartClocks, type HartTime } from "./time/hart_clocks.ts";
import { Harts } from "./harts.ts";
import type { HostInputs } from "./inputs/host_inputs.ts";
import { HostOutput } from "./host_output.ts";
import { HART, hartBlock, makeLayout, PAGE_SIZE, registerSlot } from "./memory/layout.ts";
import { Loop } from "./loop.ts";
import { MachineHash } from "./machine_hash.ts";
import type { MachineParts } from "./machine_parts.ts";
import { type MachineState, makeMachineState, ONE } from "./machine_state.ts";
import { createMemory } from "./memory/memory.ts";
import { Plic, PlicOffset } from "./devices/plic.ts";
import type {
  ConsoleDevice,
  ConsoleFactory,
  EventSink,
  OutputPort,
  ReducerFactory,
} from "./ports.ts";
import { Schedule } from "./time/schedule.ts";
import { Sense } from "./sense.ts";

/** What a machine is made of. */
export interface MachineOptions<C extends Columns> {
  readonly config: MachineConfig;
  readonly reducerFactory: ReducerFactory;
  readonly sink: EventSink;
  readonly inputs: HostInputs;
  readonly output: OutputPort;
  readonly console: ConsoleFactory<C>;
  /** How guest code is executed; interpreted unless given. It changes nothing but the speed. */
  readonly engine?: Engine;
}

/** Figures of a machine, at any time. */
export interface MachineStats {
  readonly events: number;
  /** Guest instructions retired by all harts. */
  readonly instructions: number;
  /** Virtual time of the last round boundary, ns. */
  readonly timeNs: number;
  readonly rounds: number;
  /** In ticks, over all harts; the identity holds at round boundaries. */
  readonly hartTime: HartTime;
  readonly tickNs: number;
}

/** How a run ended. */
export interface Outcome {
  /** False when recorded inputs ended before the books were closed. */
  readonly closed: boolean;
  /** A ShutdownCause, 0 when none came. */
  readonly reason: number;
  /** Wait status of the first process; -1 while it has not ended. */
  readonly waitStatus: number;
  readonly stats: MachineStats;
}

/** A machine with its kernel. */
export interface Machine {
  /**
   * Boots, runs to the end of the books, and returns; once.
   *
   * @throws {MachineDefect} for a defect of the kernel or the machine
   * @throws {OutputError} when the host cannot take output; what sink or inputs throw passes through
   */
  run(): Outcome;
  stats(): MachineStats;
}

/** Sets a machine up. Throws a RangeError when the configuration is out of bounds. */
export function createMachine<C extends Columns>(options: MachineOptions<C>): Machine {
  const parts = assemble(options);
  const loop = new Loop(parts);
  const stats = (): MachineStats => statsOf(parts);
  return {
    stats,
    run(): Outcome {
      const closed = loop.run();
      const { machine } = parts;
      return {
        closed,
        reason: machine.shutdown[ONE],
        waitStatus: machine.programEnded[ONE] === 0 ? -1 : machine.waitStatus[ONE],
        stats: stats(),
      };
    },
  };
}

function statsOf(parts: MachineParts): MachineStats {
  const { machine, clocks, config } = parts;
  const time = machine.time[ONE];
  return {
    events: machine.order[ONE],
    instructions: machine.retired[ONE],
    timeNs: time * config.tickNs,
    rounds: Math.floor(time / config.roundTicks),
    hartTime: clocks.sum(time),
    tickNs: config.tickNs,
  };
}

function assemble<C extends Columns>(options: MachineOptions<C>): MachineParts {
  const { config, reducerFactory, sink, inputs } = options;
  checkConfig(config);
  const { harts: count, tickNs, roundTicks } = config;
  const layout = makeLayout({
    harts: count,
    threads: config.threads + 1,
    arenaBytes: config.arenaBytes,
    ramBytes: config.memoryBytes,
    decodeSlots: DECODE_SLOTS,
    backingFrames: config.backingFrames,
  });
  const memory = createMemory();
  const cpu = instantiateCpu(memory, layout, options.engine);
  const state = makeMachineState(count, options.console.table);
  const { machine } = state;
  machine.nextHash[ONE] = MACHINE_HASH_INSTRUCTIONS;
  const clocks = new HartClocks(state, count);
  const words = machine.random.subarray(4 * ONE, 4 * ONE + 4);
  const schedule = new Schedule(words, config.seed, roundTicks, count);
  const demands = new Demands(state);
  const output = new HostOutput(options.output);
  const { aclint, plic, console } = makeDevices(options, state, output);
  const latencies = config.latencies ?? DEFAULT_LATENCIES;
  const harts = new Harts(
    state,
    count,
    clocks,
    schedule,
    demands,
    aclint,
    plic,
    console,
    tickNs,
    latencies,
  );
  for (let hart = 0; hart < count; hart++) {
    const field = (hartBlock(layout, hart) + HART.registers) / 4;
    memory.u32[field] = registerSlot(layout, 0);
  }
  const event = new RecordedEvent();
  const staging = new Uint8Array(STAGING_BYTES);
  const sense = new Sense(event, memory, layout, state, cpu, tickNs);
  const reducer = reducerFactory(memory.u8.buffer, layout.arenaBase);
  const pageTables = layout.arenaBase + config.pageTablesOffset;
  const actuate = new Actuate(
    reducer.effects,
    memory,
    layout,
    pageTables,
    staging,
    state,
    cpu,
    output,
    harts,
  );
  return {
    config,
    costs: config.costs ?? DEFAULT_COSTS,
    layout,
    u32: memory.u32,
    state,
    machine,
    clocks,
    schedule,
    demands,
    harts,
    cpu,
    console,
    consoleSource: options.console.source,
    event,
    sense,
    reducer,
    actuate,
    machineHash: new MachineHash(memory, layout, state, cpu),
    sink,
    inputs,
    output,
    staging,
    digest: new Uint8Array(DIGEST_BYTES),
  };
}

interface Devices {
  readonly aclint: Aclint;
  readonly plic: Plic;
  readonly console: ConsoleDevice;
}

function makeDevices<C extends Columns>(
  options: MachineOptions<C>,
  state: MachineState,
  output: HostOutput,
): Devices {
  const { config, console: factory } = options;
  const aclint = new Aclint(state.aclint, config.harts);
  aclint.reset();
  const plic = new Plic(state, 2 * config.harts);
  plic.reset();
  plic.takeAll(Plic.supervisorContext(0));
  plic.write(PlicOffset.Priority + 4 * factory.source, 1);
  const row = allocRow(state.console);
  const rows = state.console as Table<C>;
  const console = factory.make(rows, row, plic.line(factory.source), output);
  console.reset();
  if (config.consoleOutput) {
    output.console = (byte: number): void => console.write(factory.dataRegister, byte);
  }
  return { aclint, plic, console };
}

function checkConfig(config: MachineConfig): void {
  const whole = (value: number, low: number, high: number, what: string): void => {
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new RangeError(`${what}: ${value} is not in ${low}…${high}`);
    }
  };
  whole(config.tickNs, 1, 1_000_000, "ns per instruction");
  whole(config.roundTicks, SLICE_FLOOR, 2 ** 30, "instructions per round");
  whole(config.seed, 0, Number.MAX_SAFE_INTEGER, "schedule seed");
  whole(config.boot.length, 0, 65536, "bytes of boot payload");
  if (config.pageTablesOffset % PAGE_SIZE !== 0) {
    throw new RangeError("page-table pages of the arena are not page aligned");
  }
}
