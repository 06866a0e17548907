import { elf } from "../../core/isa/elf.ts";

/** Bytes of a program that {@link refuseElf} looks at: the kernel wants its headers in them too. */
export const ELF_HEAD_BYTES = 4096;

const SCRIPT = 0x2123;
/** Names of machines people have at hand, by ELF machine number. */
const MACHINES: Readonly<Record<number, string>> = {
  3: "x86",
  40: "ARM",
  62: "x86-64",
  183: "AArch64",
  243: "RISC-V",
};

/**
 * Looks at a program before a machine is started for it, so that the usual mistakes get a clear
 * line. The kernel holds the same rules, and some finer ones, at execve.
 *
 * @param head first bytes of the file, {@link ELF_HEAD_BYTES} or all of a shorter one
 * @param size bytes of the whole file
 * @returns "" or why it cannot be executed
 */
export function refuseElf(head: Uint8Array, size: number): string {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  if (size === 0) return "it is empty";
  if (head.length >= 2 && view.getUint16(0, true) === SCRIPT) return "";
  if (head.length < 4 || view.getUint32(0, true) !== elf.magic) return "it is not an ELF file";
  if (head.length < elf.headerBytes) return "it is cut short: its ELF header is not whole";
  if (view.getUint8(4) !== elf.class64) return "it is not a 64-bit program; this machine is RV64";
  if (view.getUint8(5) !== elf.littleEndian) return "it is a big-endian program";
  const machine = view.getUint16(18, true);
  if (machine !== elf.machine) {
    const name = MACHINES[machine] ?? `machine number ${machine}`;
    return `it is a program for ${name}; this machine is 64-bit RISC-V`;
  }
  const type = view.getUint16(16, true);
  if (type !== elf.typeExecutable && type !== elf.typeShared) {
    return "it is an object file, not a linked program";
  }
  return refuseSegments(view, size);
}

function refuseSegments(view: DataView, size: number): string {
  const at = Number(view.getBigUint64(32, true));
  const count = view.getUint16(56, true);
  const end = at + count * elf.programHeaderBytes;
  if (view.getUint16(54, true) !== elf.programHeaderBytes || count === 0) {
    return "it has no program headers";
  }
  if (end > size) return "it is cut short: its program headers are not whole";
  if (end > view.byteLength) return "its program headers are not at the front of the file";
  let loaded = 0;
  for (let header = at; header < end; header += elf.programHeaderBytes) {
    const kind = view.getUint32(header, true);
    if (kind === elf.segmentInterpreter) {
      return "it is dynamically linked; link it with -static";
    }
    if (kind !== elf.segmentLoad) continue;
    loaded++;
    const offset = Number(view.getBigUint64(header + 8, true));
    if (offset + Number(view.getBigUint64(header + 32, true)) > size) {
      return "it is cut short: a segment reaches beyond its end";
    }
  }
  return loaded === 0 ? "it has nothing to load" : "";
}
