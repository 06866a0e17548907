/**
 * Random scripts under random orders: what the listed scenarios do not think of. Every event is
 * checked as in them, and the books at the end; results are not known, so they are not compared.
 */
import { InputKind } from "../../core/event.ts";
import { oneOrder, ScheduleError } from "./explore.ts";
import type { Scenario } from "./scene_state.ts";
import {
  BUFFER,
  fork,
  go,
  halt,
  handler,
  label,
  load,
  Nr,
  onSignal,
  type Op,
  pollfd,
  quiet,
  SA_RESTART,
  script,
  set,
  Sig,
  store,
  thread,
  timespec,
  vfork,
  words64,
} from "./script.ts";

/** Whole numbers below n, the same for the same seed. */
export type Below = (n: number) => number;

/** A generator of small numbers (xorshift32). */
export function generator(seed: number): Below {
  let x = (Math.imul(seed, 2_654_435_761) + 0x9e37_79b9) >>> 0 || 1;
  return (n) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    x >>>= 0;
    return x % n;
  };
}

const PAGE = 0x70_000;
const SIZES = [1, 100, 4096, 5000, 65_536] as const;

function anyOp(below: Below, processes: number, harts: number): Op {
  const pid = () => 1 + below(processes);
  const page = () => PAGE + below(4);
  const size = () => SIZES[below(SIZES.length)];
  const kinds: readonly (() => Op)[] = [
    () => quiet(Nr.read, 3, PAGE * 4096, size()),
    () => quiet(Nr.read, 3, BUFFER, 1 + below(3)),
    () => quiet(Nr.write, 4, PAGE * 4096, size()),
    () => quiet(Nr.write, 4, BUFFER, 1 + below(3)),
    () => quiet(Nr.read, 5, BUFFER, size()),
    () => quiet(Nr.write, 6, BUFFER, 1),
    () => quiet(Nr.close, 3 + below(4)),
    () =>
      quiet(
        Nr.ppoll,
        new Uint8Array([...pollfd(3, 1), ...pollfd(6, 4), ...pollfd(5, 1)]),
        3,
        below(2) === 0 ? timespec(1000 * below(20)) : null,
        below(2) === 0 ? set() : null,
        8,
      ),
    () => quiet(Nr.nanosleep, timespec(1000 * below(20)), BUFFER),
    () => quiet(Nr.wait4, 0xffff_ffff, BUFFER, below(2) * 2 + below(2) * 8, 0),
    () => quiet(Nr.kill, pid(), [Sig.usr1, Sig.usr2, Sig.stop, Sig.cont, Sig.cont][below(5)]),
    () => quiet(Nr.kill, pid(), below(6) === 0 ? Sig.kill : Sig.usr1),
    () => quiet(Nr.sigprocmask, below(3), set(Sig.usr1 + 2 * below(2)), 0, 8),
    () => quiet(Nr.sigsuspend, set(), 8),
    () => quiet(Nr.sigtimedwait, set(Sig.usr2), 0, timespec(1000 * below(20)), 8),
    () => quiet(Nr.setaffinity, below(2) * pid(), 8, words64(1 + below(2 ** harts - 1))),
    () => quiet(Nr.mmap, page() * 4096, 4096 * (1 + below(3)), 3, 0x32, 0xffff_ffff, 0),
    () => quiet(Nr.munmap, page() * 4096, 4096 * (1 + below(2))),
    () => quiet(Nr.mprotect, page() * 4096, 4096, 1 + 2 * below(2)),
    () => load(page()),
    () => store(page(), 1 + below(200)),
    () => store(page(), 1 + below(200)),
    () => quiet(Nr.clone, 17, 0, 0, 0, 0),
    () => quiet(Nr.yield),
    () => quiet(Nr.ftruncate, 7, below(3) * 300_000),
    () => quiet(Nr.read, 7, PAGE * 4096, size()),
    () => quiet(67, 7, PAGE * 4096, 500_000, below(2) * 4096),
    () => quiet(67, 8, BUFFER, 100, 65_536 * below(5)),
    () => quiet(Nr.read, 0, BUFFER, 100),
    () => quiet(Nr.ppoll, pollfd(0, 1), 1, timespec(1000 * below(20)), null, 8),
    () => quiet(Nr.toyRest, below(20)),
    () =>
      quiet(Nr.tgkill, pid(), 1 + below(processes + 3), [Sig.usr1, Sig.usr2, Sig.stop][below(3)]),
    () => quiet(Nr.setitimer, 0, words64(0, 0, 0, below(30)), 0),
    ...RARE,
  ];
  return kinds[below(below(8) === 0 ? kinds.length : kinds.length - RARE.length)]();
}

/** What ends somebody. */
const RARE: readonly (() => Op)[] = [
  () => quiet(Nr.exit, 0),
  () => quiet(Nr.exitThread, 0),
  () => quiet(Nr.execve, "/file", new Uint8Array(4), new Uint8Array(4)),
];

/** What a process does that shares its maker's memory. */
function inside(below: Below, harts: number): Op {
  const page = PAGE + below(4);
  switch (below(6)) {
    case 0:
    case 1:
      return quiet(Nr.setaffinity, 0, 8, words64(1 + below(2 ** harts - 1)));
    case 2:
      return quiet(Nr.munmap, page * 4096, 4096 * (1 + below(2)));
    case 3:
      return quiet(Nr.mmap, page * 4096, 4096 * 2, 3, 0x32, 0xffff_ffff, 0);
    case 4:
      return quiet(Nr.clone, 17, 0, 0, 0, 0);
    default:
      return store(page, 1 + below(200));
  }
}

/** What keeps the others going: bytes, signals, room. It waits for nobody as long as it can. */
function pump(below: Below, processes: number): Op {
  const pid = () => 1 + below(processes);
  switch (below(6)) {
    case 0:
    case 1:
      return quiet(Nr.write, 4, BUFFER, 1 + below(3));
    case 2:
      return quiet(Nr.read, 5, PAGE * 4096, SIZES[below(SIZES.length)]);
    case 3:
      return quiet(Nr.kill, pid(), Sig.cont);
    case 4:
      return quiet(Nr.kill, pid(), Sig.usr2);
    default:
      return quiet(Nr.kill, pid(), Sig.usr1);
  }
}

/** The scenario of a seed. */
export function wildScenario(seed: number): Scenario {
  const below = generator(seed);
  const harts = 1 + below(4);
  const actors = 2 + below(3);
  const body = (): Op[] =>
    Array.from({ length: 6 + below(14) }, () => {
      if (below(12) === 0) return [...vfork("", "V")];
      if (below(12) === 0) return [...thread("T", 5 + below(3))];
      return [anyOp(below, actors + 1, harts)];
    }).flat();
  const terminal = below(3) === 0;
  const names = Array.from({ length: actors - 1 }, (_, i) => `B${i}`);
  return {
    name: `wild ${seed}`,
    harts,
    actors: actors + 1,
    preemptions: 6,
    program: "main",
    terminal,
    arrivals: terminal
      ? ["a", "b\n", "\x03", "c\n"].map((bytes) => ({ input: InputKind.Terminal, bytes }))
      : [],
    script: script(
      onSignal(Sig.usr1, "one", below(2) * SA_RESTART),
      onSignal(Sig.usr2, "two", below(2) * SA_RESTART, Sig.usr1),
      onSignal(Sig.segv, "fault"),
      onSignal(Sig.alrm, "one"),
      quiet(Nr.pipe2, BUFFER, 0),
      quiet(Nr.pipe2, BUFFER, below(2) * 0o4000),
      quiet(Nr.openat, 0xffff_ff9c, "/tmp/wild", 0o102, 0o644),
      quiet(Nr.openat, 0xffff_ff9c, "/file", 0, 0),
      quiet(Nr.mmap, PAGE * 4096, below(2) === 0 ? 4 * 4096 : 130 * 4096, 3, 0x32, 0xffff_ffff, 0),
      store(PAGE, 1),
      names.flatMap((name, i) => below(2) === 0 ? fork(name) : thread(name, i + 1)),
      fork("P"),
      go,
      ...body(),
      halt,
      ...names.flatMap((name) => [label(name), go, ...body(), halt]),
      // Shares its maker's memory, may run elsewhere, and must go for the maker to go on.
      [label("V"), ...Array.from({ length: 4 }, () => inside(below, harts)), quiet(Nr.exit, 0)],
      [label("T"), ...Array.from({ length: 4 }, () => inside(below, harts))],
      [quiet(Nr.exitThread, 0)],
      [label("main"), quiet(Nr.yield), quiet(Nr.exit, 0)],
      [label("P"), go, ...Array.from({ length: 40 }, () => pump(below, actors)), halt],
      handler("one"),
      handler("two", store(PAGE + 1, 3)),
      [label("fault"), quiet(Nr.mmap, PAGE * 4096, 4 * 4096, 3, 0x32, 0xffff_ffff, 0)],
      [quiet(Nr.sigreturn, null)],
    ),
  };
}

/** What random runs came by. */
export interface Wild {
  runs: number;
  events: number;
  readonly sites: Set<string>;
}

/**
 * Runs the scripts of some seeds, each under one order.
 *
 * @throws an Error whose message ends with the command that repeats the run
 */
export function runWild(from: number, count: number, wild: Wild): void {
  for (let seed = from; seed < from + count; seed++) {
    const below = generator(seed + 0x1000_0000);
    // An order that prefers some choices is further from round robin than one that likes all.
    const liked = "gictn"[below(5)];
    const pick = (choices: readonly string[], step: number): string | undefined => {
      if (step > 3000) return undefined;
      const preferred = choices.filter((choice) => choice[0] === liked);
      const among = preferred.length > 0 && below(3) > 0 ? preferred : choices;
      return among[below(among.length)];
    };
    try {
      const { scene } = oneOrder(wildScenario(seed), pick);
      const books = scene.books();
      if (books !== "") throw new ScheduleError(`wild ${seed}: ${books}`);
      wild.runs++;
      wild.events += scene.events;
      for (const site of scene.sites) wild.sites.add(site.slice(site.indexOf(":") + 1));
    } catch (error) {
      const what = (error instanceof Error ? error.message : String(error)).split("\n")[0];
      throw new Error(`${what}\nreproduce: deno task schedules --wild --from ${seed} --count 1`);
    }
  }
}
