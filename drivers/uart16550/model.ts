import { u16, u32, u8 } from "../../core/state/column.ts";
import { type Table, table } from "../../core/state/table.ts";
import type { BytePort, DeviceModel, IrqLine } from "../../arch/machine/devices/device_ports.ts";
import {
  FIFO_BYTES,
  FifoControl,
  InterruptEnable,
  InterruptId,
  LineControl,
  LineStatus,
  ModemControl,
  ModemStatus,
  TRIGGER_LEVELS,
  UartRegister,
  UartSample,
} from "./registers.ts";

/** Hardware state of 16550A UARTs. */
export const uartTable = table("uart16550", {
  doc: "One row per serial port.",
  capacity: 4,
  root: true,
}, {
  interruptEnable: u8("IER, four bits", { owner: "global" }),
  fifoControl: u8("FCR as kept: enable, DMA mode and trigger bits", { owner: "global" }),
  lineControl: u8("LCR", { owner: "global" }),
  modemControl: u8("MCR, five bits", { owner: "global" }),
  modemStatus: u8("MSR", { owner: "global" }),
  scratch: u8("SCR", { owner: "global" }),
  divisor: u16("divisor latch; kept, of no effect", { owner: "global" }),
  fifo: u8("receive FIFO, a ring; only one place is used while FIFOs are off", {
    count: FIFO_BYTES,
    owner: "global",
  }),
  fifoFirst: u8("ring position of the oldest byte", { owner: "global" }),
  fifoCount: u8("bytes received and not read", { owner: "global" }),
  overrun: u8("1 after a byte was lost, until LSR is read", { owner: "global" }),
  transmitEmpty: u8("1 while the transmitter-empty interrupt waits to be seen", {
    owner: "global",
  }),
  received: u32("bytes that entered the FIFO, modulo 2^32", { owner: "global", role: "history" }),
  transmitted: u32("bytes sent, modulo 2^32", { owner: "global", role: "history" }),
  lost: u32("bytes lost to overrun", { owner: "global", role: "history" }),
});

/** UART rows, bound to an arena. */
export type UartTable = Table<typeof uartTable.columns>;

/** Modem inputs of a port with a terminal at the other end. */
const CONNECTED = ModemStatus.ClearToSend | ModemStatus.DataSetReady | ModemStatus.Carrier;

/**
 * A 16550A UART over one row of state.
 *
 * Deviations from silicon, none visible to a correct driver: sending takes no time, so the
 * transmitter is empty whenever it is looked at; a line is idle for four character times between
 * arrivals, so the receive timeout is due as soon as bytes wait below the trigger level; framing,
 * parity and break never occur; OUT2 does not gate the interrupt line.
 */
export class Uart16550 implements DeviceModel {
  /**
   * @param state UART rows
   * @param row this UART's row, zeroed or restored from a snapshot
   */
  constructor(
    private readonly state: UartTable,
    private readonly row: number,
    private readonly line: IrqLine,
    private readonly output: BytePort,
  ) {}

  reset(): void {
    this.state.modemStatus[this.row] = CONNECTED;
    this.updateLine();
  }

  /** Bytes that can be received now without loss. */
  receiveRoom(): number {
    const s = this.state, row = this.row;
    const size = (s.fifoControl[row] & FifoControl.Enable) !== 0 ? FIFO_BYTES : 1;
    // In loopback the line is disconnected from the receiver; bytes wait outside.
    if ((s.modemControl[row] & ModemControl.Loopback) !== 0) return 0;
    return Math.max(0, size - s.fifoCount[row]);
  }

  /** A byte arrives on the line; without room it is lost and overrun is set. */
  receive(byte: number): void {
    if ((this.state.modemControl[this.row] & ModemControl.Loopback) !== 0) return;
    this.accept(byte);
    this.updateLine();
  }

  read(register: number): number {
    const s = this.state, row = this.row;
    const latch = (s.lineControl[row] & LineControl.DivisorLatch) !== 0;
    let value = 0;
    switch (register) {
      case UartRegister.Data:
        if (latch) return s.divisor[row] & 0xff;
        value = this.takeByte();
        break;
      case UartRegister.InterruptEnable:
        return latch ? s.divisor[row] >>> 8 : s.interruptEnable[row];
      case UartRegister.InterruptId:
        value = this.readInterruptId();
        break;
      case UartRegister.LineControl:
        return s.lineControl[row];
      case UartRegister.ModemControl:
        return s.modemControl[row];
      case UartRegister.LineStatus:
        value = this.lineStatus();
        s.overrun[row] = 0;
        break;
      case UartRegister.ModemStatus:
        value = s.modemStatus[row];
        s.modemStatus[row] = value & 0xf0;
        break;
      case UartRegister.Scratch:
        return s.scratch[row];
      default:
        return 0;
    }
    this.updateLine();
    return value;
  }

  write(register: number, value: number): void {
    const s = this.state, row = this.row;
    const byte = value & 0xff;
    const latch = (s.lineControl[row] & LineControl.DivisorLatch) !== 0;
    switch (register) {
      case UartRegister.Data:
        if (latch) s.divisor[row] = (s.divisor[row] & 0xff00) | byte;
        else this.transmit(byte);
        break;
      case UartRegister.InterruptEnable:
        if (latch) s.divisor[row] = (s.divisor[row] & 0xff) | (byte << 8);
        else this.enableInterrupts(byte & 0x0f);
        break;
      case UartRegister.FifoControl:
        this.controlFifo(byte);
        break;
      case UartRegister.LineControl:
        s.lineControl[row] = byte;
        break;
      case UartRegister.ModemControl:
        s.modemControl[row] = byte & ModemControl.Mask;
        this.updateModemStatus();
        break;
      case UartRegister.Scratch:
        s.scratch[row] = byte;
        break;
      default:
        // LSR and MSR are read-only to software; a factory-test write changes nothing.
        return;
    }
    this.updateLine();
  }

  sampleInterrupt(into: Uint8Array, at: number): number {
    into[at + UartSample.interruptId] = this.read(UartRegister.InterruptId);
    let seen = 0;
    let length = UartSample.received;
    for (;;) {
      const status = this.read(UartRegister.LineStatus);
      seen |= status;
      if ((status & LineStatus.DataReady) === 0) break;
      into[at + length++] = this.read(UartRegister.Data);
    }
    into[at + UartSample.lineStatus] = seen;
    // A handler that ends without this read would be called again for ever by a modem change.
    this.read(UartRegister.ModemStatus);
    return length;
  }

  private accept(byte: number): void {
    const s = this.state, row = this.row;
    const fifos = (s.fifoControl[row] & FifoControl.Enable) !== 0;
    const base = row * FIFO_BYTES;
    if (s.fifoCount[row] === (fifos ? FIFO_BYTES : 1)) {
      s.overrun[row] = 1;
      s.lost[row]++;
      // A full FIFO keeps what it has; the single receive register takes the newer byte.
      if (!fifos) s.fifo[base + s.fifoFirst[row]] = byte;
      return;
    }
    s.fifo[base + ((s.fifoFirst[row] + s.fifoCount[row]) % FIFO_BYTES)] = byte;
    s.fifoCount[row]++;
    s.received[row]++;
  }

  private takeByte(): number {
    const s = this.state, row = this.row;
    if (s.fifoCount[row] === 0) return 0;
    const first = s.fifoFirst[row];
    const byte = s.fifo[row * FIFO_BYTES + first];
    s.fifoFirst[row] = (first + 1) % FIFO_BYTES;
    s.fifoCount[row]--;
    return byte;
  }

  private transmit(byte: number): void {
    const s = this.state, row = this.row;
    s.transmitted[row]++;
    s.transmitEmpty[row] = 1;
    if ((s.modemControl[row] & ModemControl.Loopback) !== 0) this.accept(byte);
    else this.output.send(byte);
  }

  private enableInterrupts(bits: number): void {
    const s = this.state, row = this.row;
    // Turning the transmitter interrupt on while the transmitter is empty raises it at once.
    const turnedOn = bits & ~s.interruptEnable[row] & InterruptEnable.TransmitEmpty;
    if (turnedOn !== 0) s.transmitEmpty[row] = 1;
    s.interruptEnable[row] = bits;
  }

  private controlFifo(bits: number): void {
    const s = this.state, row = this.row;
    const was = s.fifoControl[row] & FifoControl.Enable;
    const enable = bits & FifoControl.Enable;
    if (was !== enable || (enable !== 0 && (bits & FifoControl.ClearReceive) !== 0)) {
      s.fifoFirst[row] = 0;
      s.fifoCount[row] = 0;
    }
    // The other bits can be written only together with the enable bit.
    s.fifoControl[row] = enable === 0
      ? 0
      : bits & ~(FifoControl.ClearReceive | FifoControl.ClearTransmit);
  }

  private updateModemStatus(): void {
    const s = this.state, row = this.row;
    const control = s.modemControl[row];
    let lines: number = CONNECTED;
    if ((control & ModemControl.Loopback) !== 0) {
      lines = ((control & ModemControl.RequestToSend) !== 0 ? ModemStatus.ClearToSend : 0) |
        ((control & ModemControl.DataTerminalReady) !== 0 ? ModemStatus.DataSetReady : 0) |
        ((control & ModemControl.Out1) !== 0 ? ModemStatus.Ring : 0) |
        ((control & ModemControl.Out2) !== 0 ? ModemStatus.Carrier : 0);
    }
    const before = s.modemStatus[row];
    const changed = (before ^ lines) & 0xf0;
    let deltas = (changed >>> 4) & ~ModemStatus.RingEnded;
    // Of the ring line only the falling edge counts.
    if ((changed & before & ModemStatus.Ring) !== 0) deltas |= ModemStatus.RingEnded;
    s.modemStatus[row] = lines | (before & 0x0f) | deltas;
  }

  private lineStatus(): number {
    const s = this.state, row = this.row;
    return LineStatus.TransmitHoldingEmpty | LineStatus.TransmitterEmpty |
      (s.fifoCount[row] !== 0 ? LineStatus.DataReady : 0) |
      (s.overrun[row] !== 0 ? LineStatus.Overrun : 0);
  }

  private readInterruptId(): number {
    const id = this.interruptId();
    if (id === InterruptId.TransmitEmpty) this.state.transmitEmpty[this.row] = 0;
    const fifos = (this.state.fifoControl[this.row] & FifoControl.Enable) !== 0;
    return id | (fifos ? InterruptId.FifosEnabled : 0);
  }

  private interruptId(): number {
    const s = this.state, row = this.row;
    const enabled = s.interruptEnable[row];
    if ((enabled & InterruptEnable.LineStatus) !== 0 && s.overrun[row] !== 0) {
      return InterruptId.LineStatus;
    }
    if ((enabled & InterruptEnable.Received) !== 0 && s.fifoCount[row] !== 0) {
      const fifos = (s.fifoControl[row] & FifoControl.Enable) !== 0;
      const trigger = fifos ? TRIGGER_LEVELS[s.fifoControl[row] >>> FifoControl.TriggerShift] : 1;
      return s.fifoCount[row] >= trigger ? InterruptId.Received : InterruptId.ReceiveTimeout;
    }
    if ((enabled & InterruptEnable.TransmitEmpty) !== 0 && s.transmitEmpty[row] !== 0) {
      return InterruptId.TransmitEmpty;
    }
    if ((enabled & InterruptEnable.ModemStatus) !== 0 && (s.modemStatus[row] & 0x0f) !== 0) {
      return InterruptId.ModemStatus;
    }
    return InterruptId.None;
  }

  private updateLine(): void {
    this.line.setLevel(this.interruptId() === InterruptId.None ? 0 : 1);
  }
}
