import type { ByteDriver } from "./driver.ts";
import type { Effects } from "./effect.ts";
import { type Event, InputKind, payloadU32 } from "./event.ts";
import { typeBytes } from "./fs/line_discipline.ts";
import { mountRoot } from "./fs/init.ts";
import { importTree } from "./fs/import.ts";
import { streamArrived } from "./fs/stream.ts";
import { resizeTerminal, terminalInput } from "./fs/terminal.ts";
import { ONE, type State } from "./kernel.ts";
import { chunkArrived } from "./mem/chunk.ts";
import { isStartPayload, startInit } from "./proc/start.ts";
import { takeIrq } from "./sched/irq.ts";

const SEED_BYTES = 32;

/** Takes something from outside; what the kernel did not ask for and cannot use is dropped. */
export function reduceInput(s: State, fx: Effects, e: Event): void {
  switch (e.cause) {
    case InputKind.Tree:
      if (s.kernel.rootInode[ONE] === 0) mountRoot(s, fx);
      importTree(s, fx, e);
      return;
    case InputKind.Chunk:
    case InputKind.ChunkFailed:
      return chunkArrived(s, fx, e.hart, e);
    case InputKind.Stream:
      streamArrived(s, fx, e.hart, e);
      return;
    case InputKind.Terminal:
      terminalInput(s, fx, e.hart, e);
      return;
    case InputKind.WindowSize:
      resizeTerminal(s, fx, e.hart, e.uint(0), e.uint(1));
      return;
    case InputKind.Entropy:
      if (e.payloadLength !== SEED_BYTES) return;
      for (let i = 0; i < 8; i++) s.kernel.random[ONE * 8 + i] = payloadU32(e, 4 * i);
      s.kernel.randomSeeded[ONE] = 1;
      return;
    case InputKind.Start:
      if (s.kernel.init[ONE] !== 0 || s.kernel.rootInode[ONE] === 0 || !isStartPayload(e)) return;
      // A program does not start in a tree of which a part is missing.
      if (s.fileSystem.importError[ONE] === 0) startInit(s, fx, e);
      else if (s.kernel.shutdown[ONE] === 0) refuseStart(s, fx);
      return;
  }
}

/** Wait status of a process 1 that was never made: as one that exits with 125. */
const NOT_STARTED = 125 << 8;

/** Ends the boot before it began; `fileSystem.importError` says why. */
function refuseStart(s: State, fx: Effects): void {
  s.kernel.exitStatus[ONE] = NOT_STARTED;
  fx.programEnded(NOT_STARTED);
}

/** Terminal row of the console device. */
const CONSOLE_ROW = 1;

/**
 * Takes a device interrupt: its driver finds the bytes received, the console's terminal gets them;
 * or a program has bound its source.
 */
export function reduceExternal(
  s: State,
  fx: Effects,
  e: Event,
  drivers: readonly ByteDriver[],
): void {
  for (const driver of drivers) {
    if (driver.source !== e.valueLo || !driver.asked(e)) continue;
    const length = driver.receivedLength(e);
    if (length > 0) typeBytes(s, fx, e.hart, CONSOLE_ROW, e.payload, driver.receivedAt, length);
  }
  takeIrq(s, fx, e.hart, e.valueLo);
}
