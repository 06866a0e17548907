import { address, row, value } from "./row.ts";

const always = { none: "whoever runs may come to its end" } as const;

/** The toy personality: five calls in a number range, with names and errors, of their own. */
export const toyRows = [
  row(700, "say", { text: address, length: value }, { slot: "console" }, "progress", "Prints.", [
    0,
    1,
  ]),
  row(701, "ticks", {}, { slot: "clock" }, "never", "Virtual time in microseconds."),
  row(702, "rest", { microseconds: value }, { slot: "clock" }, "eintr", "Sleeps."),
  row(703, "grow", { bytes: value }, { slot: "space" }, "never", "Extends the heap; its old end."),
  row(704, "leave", { status: value }, always, "never", "Ends the process."),
] as const;

/** Names of the toy calls. */
export type ToyCall = (typeof toyRows)[number]["name"];
