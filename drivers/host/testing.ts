/** Makes tar archives for tests. */

import { TarType } from "./tar_header.ts";

const encoder = new TextEncoder();

/** A member of an archive made for a test. */
export interface FixtureMember {
  readonly name: string;
  readonly type?: number;
  readonly mode?: number;
  readonly link?: string;
  readonly prefix?: string;
  readonly contents?: string | Uint8Array;
  /** What the size field says, where that is not the length of the contents. */
  readonly size?: string;
}

/** Makes a tar archive; without `end` the closing zero blocks are left out. */
export function makeTar(members: readonly FixtureMember[], end = true): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const m of members) {
    const contents = typeof m.contents === "string"
      ? encoder.encode(m.contents)
      : m.contents ?? new Uint8Array(0);
    blocks.push(headerBlock(m, contents.length));
    const padded = new Uint8Array(Math.ceil(contents.length / 512) * 512);
    padded.set(contents);
    blocks.push(padded);
  }
  if (end) blocks.push(new Uint8Array(1024));
  const bytes = new Uint8Array(blocks.reduce((sum, b) => sum + b.length, 0));
  let at = 0;
  for (const block of blocks) {
    bytes.set(block, at);
    at += block.length;
  }
  return bytes;
}

function headerBlock(m: FixtureMember, length: number): Uint8Array {
  const block = new Uint8Array(512);
  const put = (at: number, text: string): void => block.set(encoder.encode(text), at);
  put(0, m.name);
  put(100, (m.mode ?? 0o644).toString(8).padStart(7, "0"));
  put(124, m.size ?? length.toString(8).padStart(11, "0"));
  put(148, " ".repeat(8));
  block[156] = m.type ?? TarType.File;
  put(157, m.link ?? "");
  put(257, "ustar\u000000");
  put(345, m.prefix ?? "");
  const sum = block.reduce((a, b) => a + b, 0);
  put(148, sum.toString(8).padStart(6, "0") + "\0 ");
  return block;
}

/** Extended header records. */
export function paxRecords(records: Readonly<Record<string, string>>): string {
  let text = "";
  for (const [key, value] of Object.entries(records)) {
    const rest = encoder.encode(` ${key}=${value}\n`).length;
    let length = rest + 1;
    while (String(length).length + rest !== length) length++;
    text += `${length} ${key}=${value}\n`;
  }
  return text;
}
