/**
 * What the kernel must know of ELF64 files for this ISA, as data (System V gABI; RISC-V ELF psABI,
 * "Object Files").
 */
export const elf = {
  /** 7F 'E' 'L' 'F', read as a little-endian word. */
  magic: 0x464c457f,
  class64: 2,
  littleEndian: 1,
  typeExecutable: 2,
  typeShared: 3,
  /** EM_RISCV. */
  machine: 243,
  headerBytes: 64,
  programHeaderBytes: 56,
  segmentLoad: 1,
  segmentInterpreter: 3,
  flagExecute: 1,
  flagWrite: 2,
  flagRead: 4,
} as const;
