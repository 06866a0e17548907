import type { ByteDriver } from "../core/driver.ts";
import type { Event } from "../core/event.ts";
import type { TableSpec } from "../core/state/table.ts";
import { uartTable } from "./uart16550/model.ts";
import { uartAsked, uartOverrun, uartReceivedAt, uartReceivedLength } from "./uart16550/driver.ts";

/** A driver with what the machine and people call its device. */
export interface DeviceDriver extends ByteDriver {
  /** Number of the device in DeviceWrite effects and in the machine's device list. */
  readonly device: number;
  readonly name: string;
  /** Whether bytes were lost before these. */
  overrun(e: Event): boolean;
}

/** Device numbers. */
export const DeviceNumber = { Uart: 1 } as const;

/** PLIC sources, as on QEMU's `virt` machine. */
export const DeviceSource = { Uart: 10 } as const;

const uart: DeviceDriver = {
  device: DeviceNumber.Uart,
  name: "uart16550",
  source: DeviceSource.Uart,
  asked: uartAsked,
  receivedAt: uartReceivedAt,
  receivedLength: uartReceivedLength,
  overrun: uartOverrun,
};

/** Every driver, in device order. */
export const drivers: readonly DeviceDriver[] = [uart];

/** Tables of every device model, for the machine's arena. */
export const deviceTables = { uart16550: uartTable } as const satisfies Readonly<
  Record<string, TableSpec>
>;

/** The driver of an interrupt source, or undefined for one that no driver has. */
export function driverOfSource(source: number): DeviceDriver | undefined {
  for (const driver of drivers) if (driver.source === source) return driver;
  return undefined;
}
