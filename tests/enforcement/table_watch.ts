/** Looks at every page-table entry there is after every event. */
import { Pte } from "../../core/isa/riscv64.ts";
import type { LiveKernel, Watch } from "../kernel/harness.ts";

const ENTRIES = 512;
/** Entries' bits from 54 on are reserved; in the upper word they are from 22 on. */
const RESERVED_HIGH = 0xffc0_0000;
/** Bits 8 and 9 are software's, and we have no use for them. */
const SOFTWARE = 0x300;
const LEAF = Pte.Read | Pte.Write | Pte.Execute;
const GLOBAL = 32;

/** What is wrong with an entry, or "". */
export function entryBreach(lo: number, hi: number): string {
  if ((lo & Pte.Valid) === 0) return (lo | hi) === 0 ? "" : "bits in an entry that is not valid";
  if ((hi & RESERVED_HIGH) !== 0) return "reserved high bits";
  if ((lo & (SOFTWARE | GLOBAL)) !== 0) return "global or software bits";
  if ((lo & LEAF) === 0) {
    return (lo & (Pte.User | Pte.Accessed | Pte.Dirty)) === 0 ? "" : "a pointer with U, A or D";
  }
  if ((lo & Pte.Write) !== 0 && (lo & Pte.Read) === 0) return "W without R";
  if ((lo & Pte.Write) !== 0 && (lo & Pte.Execute) !== 0) return "W and X";
  if ((lo & Pte.Accessed) === 0) return "a leaf without A";
  if ((lo & Pte.Write) !== 0 && (lo & Pte.Dirty) === 0) return "W without D";
  return (lo & Pte.User) === 0 && (lo & (Pte.Write | Pte.Execute)) !== 0 ? "W or X without U" : "";
}

/** Throws at the first entry the walker would refuse, or that allows W and X. */
export function watchTables({ state: s }: LiveKernel): Watch {
  return {
    after: (e) => {
      const top = s.pageTable.$header[0];
      for (let row = 1; row <= top; row++) {
        if (s.pageTable.$live[row] === 0) continue;
        for (let i = 0; i < ENTRIES; i++) {
          const word = 2 * (row * ENTRIES + i);
          const breach = entryBreach(s.pageTable.entries[word], s.pageTable.entries[word + 1]);
          if (breach !== "") {
            throw new Error(`event ${e.order}: table ${row}, entry ${i}: ${breach}`);
          }
        }
      }
    },
  };
}
