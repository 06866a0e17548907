import type { Tables } from "./arena.ts";
import { type Column, elementBytes } from "./column.ts";
import type { TableSpec } from "./table.ts";

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function typeText(column: Column): string {
  if (column.count === 1) return column.type;
  const used = column.usedCount === undefined ? "" : `, ${column.usedCount} used`;
  return `${column.type} × ${column.count}${used}`;
}

function handleText(column: Column): string {
  const handle = column.handle;
  if (handle === undefined) return "";
  if (handle.byKind === undefined) return `${handle.kind} ${handle.table}`;
  const { column: kinds, targets } = handle.byKind;
  const each = Object.entries(targets).map(([kind, to]) => `${kind} ${to.kind} ${to.table}`);
  return `by ${kinds}: ${each.join(", ")}`;
}

function rowBytes(spec: TableSpec): number {
  let bytes = 0;
  for (const column of Object.values(spec.columns)) {
    bytes += elementBytes(column.type) * column.count;
  }
  return bytes;
}

function tableSection(key: string, spec: TableSpec): string {
  const root = spec.root ? ", root of the recount" : "";
  const lines = [
    `## ${key}`,
    "",
    cell(spec.doc),
    "",
    `${spec.capacity} rows unless configured otherwise, ${rowBytes(spec)} bytes a row${root}.`,
    "",
    "| column | type | owner | role | handle | meaning |",
    "| --- | --- | --- | --- | --- | --- |",
  ];
  for (const [name, column] of Object.entries(spec.columns)) {
    lines.push(
      `| ${name} | ${typeText(column)} | ${column.owner} | ${column.role} | ` +
        `${handleText(column)} | ${cell(column.doc)} |`,
    );
  }
  return lines.join("\n");
}

/** The reference page of a schema, in Markdown: every table and column as declared. */
export function referencePage(title: string, tables: Tables): string {
  const sections = Object.entries(tables).map(([key, spec]) => tableSection(key, spec));
  return [`# ${title}`, ...sections].join("\n\n") + "\n";
}
