/** The reference page of the system call table. */
import type { ArgumentKind, Blocking, Consumed, SyscallRow } from "../core/syscall/row.ts";

import { qnxErrors } from "../core/syscall/qnx_errors.ts";
import { qnxRows } from "../core/syscall/qnx_table.ts";

/** Calls of one personality. */
export interface CallFamily {
  readonly title: string;
  readonly rows: readonly SyscallRow[];
}

const BLOCKING: Readonly<Record<Blocking, string>> = {
  never: "never blocks",
  restart: "runs again after an action with SA_RESTART, else EINTR",
  eintr: "EINTR, whatever the action",
  progress: "what was done so far; if nothing, as `restart`",
};

/** How an argument is taken at sense, in a few words; the text of its register is plain. */
function howTaken(how: ArgumentKind, names: readonly string[]): string {
  switch (how.kind) {
    case "value":
      return "";
    case "address":
      return "address";
    case "path":
      return "path copied in";
    case "strings":
      return "strings copied in";
    case "in":
      return `${how.bytes} bytes copied in`;
    case "frame":
      return `${how.bytes} bytes copied in from the stack pointer`;
    case "inIndirect":
      return `${how.bytes} bytes copied in through a pair`;
    case "inArray":
      return `${names[how.count]} × ${how.element} bytes${
        how.per === 1 ? "" : ` per ${how.per}`
      } copied in, at most ${how.most}`;
    case "inSelected":
      return `copied in by ${names[how.selector]}: ${selectedSizes(how.bytes)}`;
  }
}

function selectedSizes(bytes: Readonly<Record<number, number>>): string {
  return Object.entries(bytes)
    .map(([choice, size]) => `0x${Number(choice).toString(16)} ${size} bytes`)
    .join(", ");
}

function argumentsText(row: SyscallRow): string {
  const names = row.args.map((argument) => argument.name);
  return row.args.map(({ name, how }) => {
    const taken = howTaken(how, names);
    return taken === "" ? `\`${name}\`` : `\`${name}\` (${taken})`;
  }).join(", ");
}

function consumedText(row: SyscallRow): string {
  const consumed: Consumed = row.consumes;
  if ("argument" in consumed) {
    const { argument, kind, rights = [] } = consumed;
    const what = [kind ?? "", ...rights.length > 0 ? [`with ${rights.join(", ")}`] : []];
    const said = what.join(" ").trim();
    return `argument \`${row.args[argument].name}\`${said === "" ? "" : ` (${said})`}`;
  }
  if ("slot" in consumed) return `the process's ${consumed.slot}`;
  return `none: it ${consumed.none}`;
}

const cell = (text: string): string => text.replaceAll("|", "\\|");

function familySection(family: CallFamily): string {
  const rows = [...family.rows].sort((a, b) => a.number - b.number);
  const lines = [
    `## ${family.title}`,
    "",
    "| number | name | arguments | capability | blocking | meaning |",
    "| --- | --- | --- | --- | --- | --- |",
  ];
  for (const row of rows) {
    const cells = [
      `${row.number}`,
      `\`${row.name}\``,
      argumentsText(row),
      consumedText(row),
      row.blocking,
      row.doc,
    ];
    lines.push(`| ${cells.map(cell).join(" | ")} |`);
  }
  return lines.join("\n");
}

/** What message calls return instead of their results. */
function errorSection(): string {
  const lines = [
    "## Errors of messages",
    "",
    "A call that sends returns what its server answers too, which may be any error. A call whose " +
    "process has renounced what it consumes returns EPERM.",
    "",
    "| call | errors |",
    "| --- | --- |",
  ];
  for (const row of qnxRows) {
    const errors = Object.entries(qnxErrors[row.name]);
    lines.push(`| \`${row.name}\` | ${errors.map(([e, when]) => `${e}: ${when}`).join("; ")} |`);
  }
  return lines.join("\n");
}

/** The page, in Markdown: how to read it, then each family of calls by number. */
export function syscallPage(families: readonly CallFamily[]): string {
  const blocking = Object.entries(BLOCKING).map(([name, meaning]) => `- \`${name}\`: ${meaning}.`);
  return [
    "# System calls",
    "An argument without a remark is taken as it stands in its register. An _address_ stays one: the " +
    "kernel resolves it when the call is reduced. What is _copied in_ is read once, when the call is " +
    "sensed, and is in the event. Any other number answers ENOSYS.",
    "What a handled signal does to a call that is blocked:",
    blocking.join("\n"),
    ...families.map(familySection),
    errorSection(),
  ].join("\n\n") + "\n";
}
