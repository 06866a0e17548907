import type { State } from "../../../core/kernel.ts";
import { kernelTables } from "../../../core/kernel.ts";
import { freeRows, retiredRows, type TableBase, watermark } from "../../../core/state/table.ts";
import type { Cell, Sheet } from "./sheet.ts";

function poolRow(name: string, table: TableBase): readonly Cell[] {
  const rows = table.$capacity - 1;
  const used = rows - freeRows(table) - retiredRows(table);
  const share = rows === 0 ? 0 : Math.floor(used * 1000 / rows);
  return [
    name,
    rows,
    used,
    freeRows(table),
    retiredRows(table),
    watermark(table),
    `${Math.floor(share / 10)}.${share % 10} %`,
  ];
}

/** Every table of the kernel: its slots, and how many were ever in use at one time. */
export function poolsView(s: State): Sheet {
  const tables = s as unknown as Readonly<Record<string, TableBase>>;
  return {
    columns: ["table", "rows", "used", "free", "retired", "most used", "full"],
    rows: Object.keys(kernelTables).map((name) => poolRow(name, tables[name])),
    none: "no tables",
  };
}
