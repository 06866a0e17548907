import type { ConsoleFactory } from "../../arch/machine/ports.ts";
import { DeviceNumber, DeviceSource } from "../../drivers/registry.ts";
import { Uart16550, uartTable } from "../../drivers/uart16550/model.ts";
import { UartRegister } from "../../drivers/uart16550/registers.ts";

/** The console of `boot`: the 16550 on the interrupt line it has on common boards. */
export const uartConsole: ConsoleFactory<typeof uartTable.columns> = {
  table: uartTable,
  device: DeviceNumber.Uart,
  source: DeviceSource.Uart,
  dataRegister: UartRegister.Data,
  make: (state, row, line, output) => new Uart16550(state, row, line, output),
};
