/** `deno task reference`: writes the reference pages from the declarations in the code. */
import { kernelTables } from "../core/kernel.ts";
import { referencePage } from "../core/state/reference.ts";
import { linuxRows } from "../core/syscall/table.ts";
import { qnxRows } from "../core/syscall/qnx_table.ts";
import { nativeRows } from "../core/syscall/native_table.ts";
import { toyRows } from "../core/syscall/toy_table.ts";
import { syscallPage } from "./syscall_page.ts";

/** Pages are as wide as their tables, which `deno fmt` would pad. */
const HEAD = "<!-- deno-fmt-ignore-file -->\n\n";

/** Every page as it should be, by its file name in this folder. */
export function referencePages(): Readonly<Record<string, string>> {
  return {
    "tables.md": HEAD + referencePage("Tables of the kernel", kernelTables),
    "syscalls.md": HEAD + syscallPage([
      { title: "Linux", rows: linuxRows },
      { title: "Messages", rows: qnxRows },
      { title: "Toy personality", rows: toyRows },
      { title: "Native: capabilities by token", rows: nativeRows },
    ]),
  };
}

if (import.meta.main) {
  for (const [name, page] of Object.entries(referencePages())) {
    const path = new URL(name, import.meta.url).pathname;
    Deno.writeTextFileSync(path, page);
    console.log(`docs/${name}: ${page.split("\n").length - 1} lines`);
  }
}
