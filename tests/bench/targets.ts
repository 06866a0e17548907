/** What was asked of Daybook's speed, beside what was measured. */
import { COMPUTE } from "./compute.ts";
import type { Report } from "./measure.ts";
import { meanOf } from "./means.ts";

/** One demand. Less is better. */
export interface Target {
  readonly what: string;
  readonly must: number;
  readonly aim: number;
  readonly unit: "" | "ns" | "µs" | "bytes" | "ms";
  /** Undefined when it was not measured. */
  readonly value: number | undefined;
}

/** How far a target is reached. */
export function verdict({ must, aim, value }: Target): string {
  if (value === undefined) return "not measured";
  if (value <= aim) return "aim met";
  return value <= must ? "met" : "not met";
}

/** All demands that a report has something to say about. */
export function targets(report: Report): Target[] {
  const { compute, boot, start } = report;
  // A mean over some of the programs would answer another question.
  const rows = compute?.rows.length === COMPUTE.length ? compute.rows : [];
  const some = (names: readonly string[]): number | undefined =>
    most(rows.filter((row) => names.includes(row.program)).map((row) => row.overQemu));
  const micros = (name: string): number | undefined =>
    report.paths?.find((row) => row.name.startsWith(name))?.microseconds;
  const trip = (name: string): number | undefined =>
    report.messages?.find((row) => row.name === name)?.median;
  const step = (name: string): number | undefined =>
    report.reducer?.find((row) => row.name.startsWith(name))?.nanoseconds;
  const scaled = (value: number | undefined, by: number) =>
    value === undefined ? value : value * by;
  const transfer = scaled(trip("round trip, same hart"), 0.5);
  const target = (
    what: string,
    must: number,
    aim: number,
    value: number | undefined,
    unit: Target["unit"] = "",
  ): Target => ({ what, must, aim, unit, value });
  return [
    target(
      "compute, geometric mean ÷ QEMU",
      1.3,
      0.9,
      meanOf(rows, (row) => row.overQemu),
    ),
    target("compute, worst program ÷ QEMU", 2, 1.3, some(COMPUTE)),
    target("matmul and nbody ÷ QEMU, the worse", 1, 0.5, some(["matmul", "nbody"])),
    target("recording on ÷ off, compute", 1.03, 1.01, meanOf(rows, (row) => row.onOverOff)),
    target("replay ÷ recording, compute", 1.05, 1, meanOf(rows, (row) => row.replayOverOn)),
    target("null system call", 500, 250, scaled(micros("null system call"), 1000), "ns"),
    target("pipe round trip, same hart", 6, 2, micros("pipe round trip, same hart"), "µs"),
    target("pipe round trip, two harts", 6, 2, micros("pipe round trip, two harts of 2"), "µs"),
    target("message round trip, same hart", 1.5, 0.6, trip("round trip, same hart"), "µs"),
    target("message round trip, two harts", 3, 1.2, trip("round trip, two harts of 2"), "µs"),
    target("for a one-way transfer, same hart", 1, 0.5, transfer, "µs"),
    target("capability check, in the reducer", 50, 50, step("capability check"), "ns"),
    target("frame allocation, in the reducer", 300, 300, step("frame allocation"), "ns"),
    target("context switch, in the reducer", 1000, 1000, step("context switch"), "ns"),
    target("process by native calls, to its wait", 50, 50, micros("process made"), "µs"),
    target("journal of the boot, an event", 14, 8, boot?.journal.bytesPerEvent, "bytes"),
    target("first output of busybox echo", 400, 250, scaled(start?.taskSeconds, 1000), "ms"),
  ];
}

function most(figures: readonly (number | undefined)[]): number | undefined {
  if (figures.length === 0 || figures.includes(undefined)) return undefined;
  return Math.max(...figures.map((figure) => figure ?? NaN));
}
