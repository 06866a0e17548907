import assert from "node:assert/strict";
import { bindArena, layoutArena } from "../../core/state/arena.ts";
import { Event } from "../../core/event.ts";
import { allocRow } from "../../core/state/table.ts";
import { Uart16550, uartTable } from "./model.ts";
import { uartAsked, uartOverrun, uartReceivedAt, uartReceivedLength } from "./driver.ts";
import {
  FifoControl,
  InterruptEnable,
  InterruptId,
  LineControl,
  LineStatus,
  ModemControl,
  ModemStatus,
  UartRegister as Register,
} from "./registers.ts";

function make() {
  const layout = layoutArena({ uart: uartTable });
  const state = bindArena({ uart: uartTable }, layout, new ArrayBuffer(layout.bytes), 0);
  const row = allocRow(state.uart);
  const sent: number[] = [];
  const wire = { level: 0 };
  const uart = new Uart16550(
    state.uart,
    row,
    { setLevel: (level) => void (wire.level = level) },
    { send: (byte) => void sent.push(byte) },
  );
  uart.reset();
  return { uart, sent, wire, state: state.uart, row };
}

const id = (uart: Uart16550): number => uart.read(Register.InterruptId) & InterruptId.Mask;
const TRIGGER_8 = 2 << FifoControl.TriggerShift;

Deno.test("uart: reset values", () => {
  const { uart, wire } = make();
  assert.equal(uart.read(Register.LineStatus), 0x60);
  assert.equal(uart.read(Register.InterruptId), 0x01);
  assert.equal(uart.read(Register.ModemStatus), 0xb0);
  assert.equal(uart.read(Register.InterruptEnable), 0);
  assert.equal(wire.level, 0);
});

Deno.test("uart: sends bytes in order, and asks for more once when told to", () => {
  const { uart, sent, wire } = make();
  for (const byte of [104, 105, 0x10a]) uart.write(Register.Data, byte);
  assert.deepEqual(sent, [104, 105, 10]);
  assert.equal(wire.level, 0);
  uart.write(Register.InterruptEnable, InterruptEnable.TransmitEmpty);
  assert.equal(wire.level, 1);
  assert.equal(id(uart), InterruptId.TransmitEmpty);
  assert.equal(wire.level, 0);
  assert.equal(id(uart), InterruptId.None);
  uart.write(Register.InterruptEnable, InterruptEnable.TransmitEmpty);
  assert.equal(wire.level, 0, "the bit was on already");
  uart.write(Register.Data, 33);
  assert.equal(wire.level, 1);
});

Deno.test("uart: divisor latch takes the place of registers 0 and 1", () => {
  const { uart, sent } = make();
  uart.write(Register.InterruptEnable, 5);
  uart.write(Register.LineControl, LineControl.DivisorLatch | 3);
  uart.write(Register.Data, 0x34);
  uart.write(Register.InterruptEnable, 0x12);
  assert.equal(uart.read(Register.Data), 0x34);
  assert.equal(uart.read(Register.InterruptEnable), 0x12);
  uart.write(Register.LineControl, 3);
  assert.equal(uart.read(Register.InterruptEnable), 5);
  assert.equal(uart.read(Register.LineControl), 3);
  assert.deepEqual(sent, []);
});

Deno.test("uart: without FIFOs one byte waits, and the next overwrites it with an overrun", () => {
  const { uart, wire } = make();
  uart.write(Register.InterruptEnable, InterruptEnable.Received | InterruptEnable.LineStatus);
  assert.equal(uart.receiveRoom(), 1);
  uart.receive(1);
  assert.equal(uart.receiveRoom(), 0);
  assert.equal(id(uart), InterruptId.Received);
  uart.receive(2);
  assert.equal(id(uart), InterruptId.LineStatus);
  assert.equal(uart.read(Register.LineStatus), 0x60 | LineStatus.Overrun | LineStatus.DataReady);
  assert.equal(uart.read(Register.LineStatus), 0x60 | LineStatus.DataReady);
  assert.equal(uart.read(Register.Data), 2);
  assert.equal(uart.read(Register.Data), 0);
  assert.equal(wire.level, 0);
});

Deno.test("uart: FIFO trigger, timeout, overrun, ring wrap and clearing", () => {
  const { uart, wire, state, row } = make();
  uart.write(Register.FifoControl, FifoControl.Enable | TRIGGER_8);
  uart.write(Register.InterruptEnable, InterruptEnable.Received);
  uart.receive(0);
  assert.equal(uart.read(Register.InterruptId), 0xcc);
  assert.equal(wire.level, 1);
  for (let i = 1; i < 8; i++) uart.receive(i);
  assert.equal(uart.read(Register.InterruptId), 0xc4);
  for (let i = 0; i < 8; i++) assert.equal(uart.read(Register.Data), i);
  assert.equal(wire.level, 0);
  for (let i = 0; i < 16; i++) uart.receive(100 + i);
  assert.equal(uart.receiveRoom(), 0);
  uart.receive(1);
  assert.equal(state.lost[row], 1);
  for (let i = 0; i < 16; i++) assert.equal(uart.read(Register.Data), 100 + i);
  assert.equal(uart.read(Register.LineStatus) & LineStatus.Overrun, LineStatus.Overrun);
  uart.receive(7);
  uart.write(Register.FifoControl, FifoControl.Enable | FifoControl.ClearReceive);
  assert.equal(uart.read(Register.LineStatus), 0x60);
  assert.equal(wire.level, 0);
  uart.receive(8);
  uart.write(Register.FifoControl, 0);
  assert.equal(uart.read(Register.LineStatus), 0x60, "turning FIFOs off empties them");
});

Deno.test("uart: loopback returns what is sent, and mirrors modem control", () => {
  const { uart, sent, wire } = make();
  uart.write(Register.ModemControl, ModemControl.Loopback | ModemControl.Out1);
  uart.read(Register.ModemStatus);
  uart.write(Register.Data, 65);
  assert.deepEqual(sent, []);
  assert.equal(uart.receiveRoom(), 0);
  uart.receive(1);
  assert.equal(uart.read(Register.Data), 65);
  assert.equal(uart.read(Register.LineStatus), 0x60);
  uart.write(Register.InterruptEnable, InterruptEnable.ModemStatus);
  uart.write(Register.ModemControl, ModemControl.Loopback | ModemControl.RequestToSend);
  assert.equal(wire.level, 1);
  assert.equal(id(uart), InterruptId.ModemStatus);
  assert.equal(
    uart.read(Register.ModemStatus),
    ModemStatus.ClearToSend | ModemStatus.ClearToSendChanged | ModemStatus.RingEnded,
  );
  assert.equal(wire.level, 0);
});

Deno.test("uart: scratch keeps a byte; line and modem status are read-only", () => {
  const { uart } = make();
  uart.write(Register.Scratch, 0x1a5);
  uart.write(Register.LineStatus, 0);
  uart.write(Register.ModemStatus, 0);
  assert.equal(uart.read(Register.Scratch), 0xa5);
  assert.equal(uart.read(Register.LineStatus), 0x60);
  assert.equal(uart.read(Register.ModemStatus), 0xb0);
});

Deno.test("uart: a sampled interrupt gives the driver all bytes and lowers the line", () => {
  const { uart, wire } = make();
  uart.write(Register.FifoControl, FifoControl.Enable | TRIGGER_8);
  uart.write(Register.InterruptEnable, 0x0f);
  const e = new Event();
  e.payloadLength = uart.sampleInterrupt(e.payload, 0);
  assert.equal(uartAsked(e), true, "the transmitter-empty request of the enable write");
  assert.equal(uartReceivedLength(e), 0);
  assert.equal(wire.level, 0);
  for (let i = 0; i < 17; i++) uart.receive(i + 40);
  e.payloadLength = uart.sampleInterrupt(e.payload, 0);
  assert.equal(wire.level, 0);
  assert.equal(uartAsked(e), true);
  assert.equal(uartOverrun(e), true);
  assert.equal(uartReceivedLength(e), 16);
  const got = [...e.payload.subarray(uartReceivedAt, e.payloadLength)];
  assert.deepEqual(got, Array.from({ length: 16 }, (_, i) => i + 40));
  e.payloadLength = uart.sampleInterrupt(e.payload, 0);
  assert.equal(uartAsked(e), false, "a spurious interrupt");
  assert.equal(uartReceivedLength(e), 0);
  e.payloadLength = 0;
  assert.equal(uartAsked(e) || uartOverrun(e), false);
  assert.equal(uartReceivedLength(e), 0);
});
