import assert from "node:assert/strict";
import { Random } from "../../../tests/kernel/random.ts";
import { analyseFlow } from "./control_flow.ts";
import type { ControlFlow } from "./control_flow.ts";

/** Code as nested blocks and loops, made by the rules of `compile_region.ts`. */
type Code =
  | { kind: "scope"; label: string; isLoop: boolean; body: Code[] }
  | { kind: "node"; node: number; arms: Code[][] };

/** Nests the nodes; throws where a branch names no label around it. */
function nest(flow: ControlFlow): Code[] {
  const emitted = new Set<number>();
  const tree = (node: number, labels: readonly string[]): Code[] => {
    assert.ok(!emitted.has(node), `node ${node} twice`);
    emitted.add(node);
    const joins = flow.children[node]!.filter((child) => flow.isJoin[child] === 1);
    if (flow.isLoop[node] === 0) return within(node, joins, labels);
    const label = `loop ${node}`;
    return [{ kind: "scope", label, isLoop: true, body: within(node, joins, [...labels, label]) }];
  };
  const within = (node: number, joins: readonly number[], labels: readonly string[]): Code[] => {
    const [first, ...rest] = joins;
    if (first === undefined) {
      return [{
        kind: "node",
        node,
        arms: flow.nodes[node]!.edges.map((e) => arm(node, e, labels)),
      }];
    }
    const label = `join ${first}`;
    const body = within(node, rest, [...labels, label]);
    return [{ kind: "scope", label, isLoop: false, body }, ...tree(first, labels)];
  };
  const arm = (node: number, { to }: { to: number }, labels: readonly string[]): Code[] => {
    const label = flow.order[to]! <= flow.order[node]!
      ? `loop ${to}`
      : flow.isJoin[to] === 1
      ? `join ${to}`
      : "";
    if (label === "") return tree(to, labels);
    assert.ok(labels.includes(label), `${label} is not around node ${node}`);
    return [];
  };
  return tree(flow.root, []);
}

/** Walks nested code as a machine would; each block visited is told to `decide`, which names an edge. */
function walk(flow: ControlFlow, code: Code[], decide: (block: number) => number): void {
  let selector = 0, over = false;
  /** Runs code; returns the label branched to, or "" when it ends. */
  const run = (list: readonly Code[]): string => {
    for (const item of list) {
      if (item.kind === "scope") {
        let to = run(item.body);
        while (item.isLoop && to === item.label && !over) to = run(item.body);
        if (over) return "";
        if (to !== "" && to !== item.label) return to;
        continue;
      }
      const { edges, isDispatch } = flow.nodes[item.node]!;
      const chosen = isDispatch ? (edges.length === 1 ? 0 : selector) : decide(item.node);
      if (chosen < 0) {
        over = true;
        return "";
      }
      const { to, select } = edges[chosen]!;
      if (select >= 0) selector = select;
      if (flow.order[to]! <= flow.order[item.node]!) return `loop ${to}`;
      if (flow.isJoin[to] === 1) return `join ${to}`;
      return run(item.arms[chosen]!);
    }
    return "";
  };
  run(code);
  assert.ok(over, "control fell out of the code");
}

/** Takes the same random decisions in the graph and in the code that stands for it. */
function compare(graph: readonly (readonly number[])[], random: Random, what: string): void {
  const flow = analyseFlow(graph);
  const code = nest(flow);
  for (let round = 0; round < 10; round++) {
    let expected = 0, steps = 60;
    walk(flow, code, (block) => {
      assert.equal(block, expected, what);
      const edges = graph[block]!;
      if (edges.length === 0 || steps-- === 0) return -1;
      const chosen = random.below(edges.length);
      expected = edges[chosen]!;
      return chosen;
    });
  }
}

Deno.test("control flow: loops with several entries, nested and crossing", () => {
  const graphs: readonly (readonly (readonly number[])[])[] = [
    [[]],
    [[0]],
    [[1, 1], [0, 0]],
    [[1, 2], [2], [1]],
    [[1, 2], [2, 3], [1, 3], [0]],
    [[1, 2, 3], [2], [3], [1]],
    [[1, 4], [2], [3, 1], [4, 1], [5, 2], [1, 4]],
    [[1, 2], [3, 4], [4, 3], [4, 1], [3, 2]],
    [[1, 2], [2, 3, 4], [1, 3, 4], [4, 1], [3, 2, 0]],
    [[1], [2, 3], [4], [4, 2], [5, 1], [3, 6], []],
    [[], [0]],
  ];
  const random = new Random(1);
  for (const graph of graphs) compare(graph, random, JSON.stringify(graph));
});

Deno.test("control flow: random graphs take the same path as the code made of them", () => {
  for (let seed = 0; seed < 3000; seed++) {
    const random = new Random(seed);
    const count = 1 + random.below(14);
    const most = 1 + random.below(4);
    const graph = Array.from(
      { length: count },
      () => Array.from({ length: random.below(most + 1) }, () => random.below(count)),
    );
    compare(graph, random, `seed ${seed}: ${JSON.stringify(graph)}`);
  }
});

Deno.test("control flow: each loop has one header that dominates it", () => {
  for (let seed = 0; seed < 500; seed++) {
    const random = new Random(seed);
    const count = 2 + random.below(20);
    const graph = Array.from({ length: count }, () => [random.below(count), random.below(count)]);
    const flow = analyseFlow(graph);
    const parent = new Map<number, number>();
    flow.children.forEach((list, node) => list.forEach((child) => parent.set(child, node)));
    flow.nodes.forEach(({ edges }, node) => {
      for (const { to } of edges) {
        if (flow.order[node]! < 0 || flow.order[to]! > flow.order[node]!) continue;
        let at: number | undefined = node;
        while (at !== undefined && at !== to) at = parent.get(at);
        assert.equal(at, to, `seed ${seed}: ${node} goes back to ${to}`);
        assert.equal(flow.isLoop[to], 1);
      }
    });
  }
});
