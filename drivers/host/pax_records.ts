import { HostError } from "./host_error.ts";

/** What extended header records say of the members they are for; absent = nothing. */
export interface PaxFields {
  path?: Uint8Array;
  linkpath?: Uint8Array;
  size?: number;
}

const decoder = new TextDecoder();

/**
 * Reads extended header records ("LENGTH KEY=VALUE\n", IEEE 1003.1 pax) into `fields`. Keys that do
 * not change what a guest sees are passed over; an empty value takes a former one back.
 *
 * @throws {HostError} for a malformed record, or one that says the member is sparse
 */
export function readPaxRecords(bytes: Uint8Array, fields: PaxFields): void {
  let at = 0;
  while (at < bytes.length) {
    let length = 0;
    let i = at;
    for (; i < bytes.length && bytes[i] >= 0x30 && bytes[i] <= 0x39; i++) {
      length = length * 10 + bytes[i] - 0x30;
    }
    const end = at + length;
    const equals = bytes.indexOf(0x3d, i);
    const sound = i > at && bytes[i] === 0x20 && end <= bytes.length && equals > i &&
      equals < end && bytes[end - 1] === 0x0a;
    if (!sound) throw new HostError("invalid", "an extended header record is malformed");
    store(
      decoder.decode(bytes.subarray(i + 1, equals)),
      bytes.slice(equals + 1, end - 1),
      fields,
    );
    at = end;
  }
}

function store(key: string, value: Uint8Array, fields: PaxFields): void {
  if (key.startsWith("GNU.sparse.")) throw new HostError("invalid", "a member is a sparse file");
  if (key === "path" || key === "linkpath") {
    if (value.length === 0) delete fields[key];
    else fields[key] = value;
  } else if (key === "size") {
    const text = decoder.decode(value);
    if (text === "") delete fields.size;
    else if (/^\d{1,15}$/.test(text)) fields.size = Number(text);
    else throw new HostError("invalid", "an extended header's size is not a number");
  }
}
