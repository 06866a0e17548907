import { HostError } from "./host_error.ts";
import { type PaxFields, readPaxRecords } from "./pax_records.ts";
import { checksumHolds, isZeroBlock, parseHeader, TAR_BLOCK, TarType } from "./tar_header.ts";

/** A member of an archive, with what extended headers said of it applied. */
export interface TarMember {
  readonly name: Uint8Array;
  readonly link: Uint8Array;
  readonly mode: number;
  readonly size: number;
  /** A TarType. */
  readonly type: number;
  /** Where its contents begin in the archive. */
  readonly offset: number;
}

/** Random access to an archive: as journal readers use. */
interface Source {
  readonly size: number;
  read(offset: number, into: Uint8Array): number;
}

/** Names and extended headers are small; more is not an archive. */
const EXTENSION_LIMIT = 1 << 20;

/**
 * Reads the members of a tar archive in order: ustar, pax (path, linkpath, size) and GNU long
 * names. Contents are skipped.
 *
 * @throws {HostError} when it is not a tar archive, or one that is cut or unsound
 */
export function* readTarMembers(source: Source): Generator<TarMember> {
  const block = new Uint8Array(TAR_BLOCK);
  const globals: PaxFields = {};
  let next: PaxFields = {};
  let at = 0;
  for (let first = true;; first = false) {
    const read = source.read(at, block);
    // Some writers leave the closing zero blocks out.
    if (read === 0 && !first) return;
    if (read < TAR_BLOCK) throw new HostError("invalid", first ? NOT_TAR : "the archive is cut");
    if (isZeroBlock(block)) return;
    if (!checksumHolds(block)) {
      throw new HostError("invalid", first ? whatItIs(block) : "a header's checksum is wrong");
    }
    const header = parseHeader(block);
    const offset = at + TAR_BLOCK;
    const type = header.type;
    const extension = isExtension(type);
    const size = extension ? header.size : next.size ?? globals.size ?? header.size;
    const stored = hasContents(type) ? size : 0;
    at = offset + Math.ceil(stored / TAR_BLOCK) * TAR_BLOCK;
    if (at > source.size) throw new HostError("invalid", "the archive is cut");
    if (extension) {
      readExtension(type, extensionBytes(source, offset, size), globals, next);
      continue;
    }
    if (type === TarType.GnuSparse) throw new HostError("invalid", "a member is a sparse file");
    yield {
      name: next.path ?? globals.path ?? header.name,
      link: next.linkpath ?? globals.linkpath ?? header.link,
      mode: header.mode,
      size: stored,
      type,
      offset,
    };
    next = {};
  }
}

const NOT_TAR = "it is not a tar archive";

/** What a first block without a right checksum is, for the user. */
function whatItIs(block: Uint8Array): string {
  const compressed = (block[0] === 0x1f && block[1] === 0x8b) ||
    (block[0] === 0x28 && block[1] === 0xb5 && block[2] === 0x2f && block[3] === 0xfd) ||
    (block[0] === 0xfd && block[1] === 0x37 && block[2] === 0x7a) ||
    (block[0] === 0x42 && block[1] === 0x5a && block[2] === 0x68);
  return compressed ? "it is compressed; unpack it to a plain tar archive first" : NOT_TAR;
}

function isExtension(type: number): boolean {
  return type === TarType.PaxGlobal || type === TarType.PaxNext ||
    type === TarType.GnuLongName || type === TarType.GnuLongLink;
}

/** Links, directories, devices and fifos carry nothing, whatever their size field says. */
function hasContents(type: number): boolean {
  return type < TarType.HardLink || type > TarType.Fifo;
}

function extensionBytes(source: Source, offset: number, size: number): Uint8Array {
  if (size > EXTENSION_LIMIT) throw new HostError("invalid", "an extended header is too long");
  const bytes = new Uint8Array(size);
  if (source.read(offset, bytes) < size) throw new HostError("invalid", "the archive is cut");
  return bytes;
}

function readExtension(
  type: number,
  bytes: Uint8Array,
  globals: PaxFields,
  next: PaxFields,
): void {
  if (type === TarType.PaxGlobal) readPaxRecords(bytes, globals);
  else if (type === TarType.PaxNext) readPaxRecords(bytes, next);
  else {
    const end = bytes.indexOf(0);
    const name = end < 0 ? bytes : bytes.slice(0, end);
    if (type === TarType.GnuLongName) next.path = name;
    else next.linkpath = name;
  }
}
