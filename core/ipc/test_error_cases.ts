/**
 * How each message call comes to each of its errors. `errors_test.ts` provokes them all;
 * `docs/message_errors.md` is the same list for readers.
 */
import { CHANNEL_ERRORS } from "./test_channel_errors.ts";
import type { ErrorCase } from "./test_error_case.ts";
import { RECEIVE_ERRORS } from "./test_receive_errors.ts";
import { SEND_ERRORS } from "./test_send_errors.ts";

export type { ErrorCase, ErrorName } from "./test_error_case.ts";

/** Every case: of channels, connections and names, of those who send, of those who receive. */
export const ERROR_CASES: readonly ErrorCase[] = [
  ...CHANNEL_ERRORS,
  ...SEND_ERRORS,
  ...RECEIVE_ERRORS,
];
