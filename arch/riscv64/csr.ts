/** The CSRs that user mode can name (unprivileged ISA manual, Zicsr and Zicntr, F). */
export const CSR = {
  fflags: 0x001,
  frm: 0x002,
  fcsr: 0x003,
  cycle: 0xc00,
  time: 0xc01,
  instret: 0xc02,
} as const;

const names = new Map<number, string>(Object.entries(CSR).map(([name, csr]) => [csr, name]));

/** The assembler's name of a CSR, if user mode has it. */
export function csrName(csr: number): string | undefined {
  return names.get(csr);
}
