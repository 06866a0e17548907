/** What every measurement is given. */
export interface Setting {
  /** A smoke run: everything once, with the smallest counts; its figures mean nothing. */
  readonly quick: boolean;
  /** An empty folder for journals and outputs. */
  readonly folder: string;
  /** What `qemu-riscv64` says of itself, undefined where there is none. */
  readonly qemu: string | undefined;
  /** Whether a row, or any row of a section, is asked for. */
  wants(section: string, row?: string): boolean;
  /** Says what is being measured. */
  tell(what: string): void;
}
