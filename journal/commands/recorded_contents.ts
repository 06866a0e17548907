import { EventKind, InputKind, payloadU32, RecordedEvent } from "../../core/event.ts";
import { RECORD_HEAD, RecordField, TreeKind } from "../../core/fs/tree_records.ts";
import { sha256 } from "../../drivers/host/digest.ts";
import type { HostContents } from "../../drivers/host/host_contents.ts";
import { hexOf } from "../format/seek_index.ts";
import type { JournalReader } from "../read/reader.ts";

/** Gives the bytes with a digest, as HostInputs.blob does. */
export type BlobSource = (digest: Uint8Array, into: Uint8Array) => number;

/** The bytes a recorded run took from outside, each held to its digest before the machine gets it. */
export class RecordedContents {
  /** The digest of what could not be had. */
  lacking: Uint8Array | undefined;
  /** Whether what the journal had was something else. */
  forged = false;
  private readonly digest = new Uint8Array(32);

  /** @param more where to look for what the journal kept only the digests of */
  constructor(private readonly more: HostContents | undefined) {}

  /** Copies what a digest names to the start of `into`; returns its length, or -1. */
  copy(journal: BlobSource, digest: Uint8Array, into: Uint8Array): number {
    const recorded = journal(digest, into);
    if (recorded < 0) {
      const length = this.more?.copy(digest, into) ?? -1;
      if (length < 0) this.lacking = digest.slice();
      return length;
    }
    sha256(into, 0, recorded, this.digest);
    if (hexOf(this.digest) === hexOf(digest)) return recorded;
    this.lacking = digest.slice();
    this.forged = true;
    return -1;
  }
}

/** What an input took, for people: "chunk 0 of /bin/hello", "standard input"; "" for none. */
export function nameContents(reader: JournalReader, order: number): string {
  const e = new RecordedEvent();
  const files = new Map<number, string>();
  while (reader.lastOrder < order && reader.next(e)) {
    if (e.kind !== EventKind.Input) continue;
    if (e.cause === InputKind.Tree) enterFiles(e, files);
    if (e.order !== order) continue;
    if (e.cause === InputKind.Stream) return "what was on standard input";
    const path = files.get(e.valueLo);
    if (e.cause === InputKind.Chunk && path !== undefined) return `chunk ${e.uint(0)} of ${path}`;
  }
  return "";
}

/** Notes the paths of a tree's files by their numbers. */
function enterFiles(e: RecordedEvent, files: Map<number, string>): void {
  const p = e.payload, decoder = new TextDecoder();
  for (let at = 0; at + RECORD_HEAD <= e.payloadLength;) {
    const lengths = payloadU32(e, at + RecordField.PathLength);
    const path = lengths & 0xffff;
    if (p[at + RecordField.Kind] === TreeKind.File) {
      const bytes = p.subarray(at + RECORD_HEAD, at + RECORD_HEAD + path);
      files.set(payloadU32(e, at + RecordField.File), `/${decoder.decode(bytes)}`);
    }
    at += RECORD_HEAD + path + (lengths >>> 16);
  }
}
