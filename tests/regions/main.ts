/** A campaign of random programs on compiled code beside the interpreter. */
import { engineNamed } from "../../arch/machine/test_engines.ts";
import { compareSlices } from "./slices.ts";

const HELP = `deno run -A tests/regions/main.ts [options]
  --engine wasm|eager   what is held against the interpreter (eager)
  --seed N              (1)
  --first N             first program (0)
  --count N             programs (1000)
  --rounds N            runs of each program, as other slices (5)`;

const options: Record<string, string> = {
  engine: "eager",
  seed: "1",
  first: "0",
  count: "1000",
  rounds: "5",
};
for (let at = 0; at < Deno.args.length; at += 2) {
  const name = Deno.args[at]!.slice(2);
  const value = Deno.args[at + 1];
  if (value === undefined || options[name] === undefined) {
    console.error(HELP);
    Deno.exit(name === "help" ? 0 : 2);
  }
  options[name] = value;
}
const number = (name: string): number => Number(options[name]);
const result = compareSlices({
  engine: engineNamed(options["engine"]!),
  seed: number("seed"),
  first: number("first"),
  count: number("count"),
  rounds: number("rounds"),
  progress: (done) => {
    if (done % 1000 === 0) console.error(`${done} programs`);
  },
});
for (const failure of result.failures.slice(0, 3)) console.error(failure);
console.log(
  `${result.programs} programs, ${result.slices} states compared, ${result.failures.length} differ`,
);
Deno.exit(result.failures.length === 0 ? 0 : 1);
