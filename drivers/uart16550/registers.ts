/** Registers of the 16550A UART and their bits: all that the model and the driver share. */

/** Register numbers, one byte each. Divisor registers take the place of 0 and 1 while DLAB is set. */
export const UartRegister = {
  /** Read: receive buffer. Write: transmit holding. With DLAB: low divisor byte. */
  Data: 0,
  /** Interrupt enable. With DLAB: high divisor byte. */
  InterruptEnable: 1,
  /** Read: interrupt identification. Write: FIFO control. */
  InterruptId: 2,
  FifoControl: 2,
  LineControl: 3,
  ModemControl: 4,
  LineStatus: 5,
  ModemStatus: 6,
  Scratch: 7,
} as const;

/** Interrupt enable bits. */
export const InterruptEnable = {
  Received: 1,
  TransmitEmpty: 2,
  LineStatus: 4,
  ModemStatus: 8,
} as const;

/** Interrupt identification: what asks for service, most urgent first; bit 0 is set when nothing. */
export const InterruptId = {
  None: 0x01,
  LineStatus: 0x06,
  Received: 0x04,
  /** Bytes below the trigger level have waited. */
  ReceiveTimeout: 0x0c,
  TransmitEmpty: 0x02,
  ModemStatus: 0x00,
  /** The bits that tell these apart. */
  Mask: 0x0f,
  /** Set while the FIFOs are enabled. */
  FifosEnabled: 0xc0,
} as const;

/** FIFO control bits. */
export const FifoControl = {
  Enable: 0x01,
  ClearReceive: 0x02,
  ClearTransmit: 0x04,
  DmaMode: 0x08,
  TriggerShift: 6,
} as const;

/** Line control bits. */
export const LineControl = { Break: 0x40, DivisorLatch: 0x80 } as const;

/** Modem control bits. */
export const ModemControl = {
  DataTerminalReady: 0x01,
  RequestToSend: 0x02,
  Out1: 0x04,
  Out2: 0x08,
  Loopback: 0x10,
  Mask: 0x1f,
} as const;

/** Line status bits. */
export const LineStatus = {
  DataReady: 0x01,
  Overrun: 0x02,
  TransmitHoldingEmpty: 0x20,
  TransmitterEmpty: 0x40,
} as const;

/** Modem status bits; the low four say which of the high four changed since the last read. */
export const ModemStatus = {
  ClearToSendChanged: 0x01,
  DataSetReadyChanged: 0x02,
  RingEnded: 0x04,
  CarrierChanged: 0x08,
  ClearToSend: 0x10,
  DataSetReady: 0x20,
  Ring: 0x40,
  Carrier: 0x80,
} as const;

/** Bytes the receive FIFO holds. */
export const FIFO_BYTES = 16;

/** Received bytes at which the FIFO asks for service, by the two trigger bits of FIFO control. */
export const TRIGGER_LEVELS: readonly number[] = [1, 4, 8, 14];

/**
 * Layout of the sampled interrupt in an External event's payload: what the interrupt handler read,
 * in the order it read it.
 */
export const UartSample = {
  /** Interrupt identification at entry. */
  interruptId: 0,
  /** OR of every line status read. */
  lineStatus: 1,
  /** Received bytes, oldest first, to the end of the payload. */
  received: 2,
} as const;
