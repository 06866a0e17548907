/** What the machine offers a device model, and what it asks of one. */

/** A level-triggered interrupt line into the interrupt controller. */
export interface IrqLine {
  /** 1 while the device asks for service. Setting the level it already has does nothing. */
  setLevel(level: number): void;
}

/** Where a serial device's transmitted bytes go. */
export interface BytePort {
  /** Takes one byte, 0 to 255, in order. Must not block or fail. */
  send(byte: number): void;
}

/** A device model, as the machine reaches it. All its state is in rows of the machine's arena. */
export interface DeviceModel {
  /** Puts the hardware into its reset state; called once on a zeroed row. */
  reset(): void;
  /** Reads a register; reading may have side effects, as in hardware. */
  read(register: number): number;
  /** Writes a register. */
  write(register: number, value: number): void;
  /**
   * Does the reads of the driver's interrupt handler, at sense, and stores what they returned.
   *
   * @param into the event's payload
   * @param at offset of the first byte to write
   * @returns bytes stored
   */
  sampleInterrupt(into: Uint8Array, at: number): number;
}
