import type { Event } from "../../core/event.ts";
import { InterruptId, LineStatus, UartSample } from "./registers.ts";

/**
 * The pure half of the UART driver: it reads a sampled interrupt in the payload of an External
 * event and touches nothing else. A payload shorter than the two status bytes is a sample of
 * nothing.
 */

/** Whether the UART had asked for service; false is a spurious interrupt. */
export function uartAsked(e: Event): boolean {
  return e.payloadLength >= UartSample.received &&
    (e.payload[UartSample.interruptId] & InterruptId.Mask) !== InterruptId.None;
}

/** Offset in the payload of the first byte received. */
export const uartReceivedAt: number = UartSample.received;

/** Number of bytes received, oldest first from {@link uartReceivedAt}. */
export function uartReceivedLength(e: Event): number {
  return Math.max(0, e.payloadLength - UartSample.received);
}

/** Whether bytes were lost before these because nobody read them in time. */
export function uartOverrun(e: Event): boolean {
  return e.payloadLength >= UartSample.received &&
    (e.payload[UartSample.lineStatus] & LineStatus.Overrun) !== 0;
}
