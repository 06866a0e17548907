import { grouped } from "../../journal/commands/summary.ts";
import type { StressResult } from "./stress_run.ts";
import type { Workload } from "./workloads.ts";

/** What came of all runs of a load. */
export interface StressRow {
  readonly name: string;
  readonly passed: number;
  readonly runs: number;
  readonly hung: number;
  /** What the passed runs did, in the load's unit. */
  readonly count: number;
  readonly unit: string;
  readonly events: number;
  readonly journalBytes: number;
  /** Events a second while recording. */
  readonly eventsPerSecond: number;
  /** Process seconds: recording, both replays, audit. */
  readonly seconds: number;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Sums the results of a load up. */
export function rowOf(workload: Workload, results: readonly StressResult[]): StressRow {
  const own = results.filter(({ name }) => name === workload.name);
  const passed = own.filter(({ problems }) => problems.length === 0).length;
  const events = sum(own.map((result) => result.events));
  const recording = sum(own.map((result) => result.ms.record)) / 1000;
  return {
    name: workload.name,
    passed,
    runs: own.length,
    hung: own.filter((result) => result.hung).length,
    count: passed * workload.count,
    unit: workload.unit,
    events,
    journalBytes: sum(own.map((result) => result.journalBytes)),
    eventsPerSecond: recording === 0 ? 0 : Math.round(events / recording),
    seconds: sum(own.map((result) => result.ms.whole)) / 1000,
  };
}

/** The table, a line a load. */
export function tableText(rows: readonly StressRow[]): string {
  const cells = [
    ["load", "passed", "hung", "did", "events", "events/s", "seconds"],
    ...rows.map((row) => [
      row.name,
      `${row.passed}/${row.runs}`,
      String(row.hung),
      `${grouped(row.count)} ${row.unit}`,
      grouped(row.events),
      grouped(row.eventsPerSecond),
      row.seconds.toFixed(1),
    ]),
  ];
  const widths = cells[0].map((_, i) => Math.max(...cells.map((line) => line[i].length)));
  const pad = (text: string, i: number): string =>
    i === 0 || i === 3 ? text.padEnd(widths[i]) : text.padStart(widths[i]);
  return cells.map((line) => `${line.map(pad).join("  ").trimEnd()}\n`).join("");
}
