/** What every measurement is given. */
export interface Setting {
  /** A smoke run: everything once, with the smallest counts; its figures mean nothing. */
  readonly quick: boolean;
  /** File that runs record into; each overwrites it. */
  readonly journal: string;
  /** What `qemu-riscv64` says of itself, undefined where there is none. */
  readonly qemu: string | undefined;
  /** Says what is being measured. */
  tell(what: string): void;
}
