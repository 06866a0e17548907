/**
 * Turns a control-flow graph into one that nested blocks and loops can express: every loop gets one
 * header, by a dispatch node where the guest's code enters it at several places. Then names for each
 * node its immediate dominator, whether it heads a loop, and whether it joins several forward edges.
 */

/** An edge. `select` is what a dispatch node at its end must be told to go on to the real target. */
export interface Edge {
  to: number;
  select: number;
}

/** A node: a block of the region, or a dispatch node that goes on to `edges[selector]`. */
export interface FlowNode {
  readonly edges: Edge[];
  readonly isDispatch: boolean;
}

/** What code generation needs; arrays are indexed by node. */
export interface ControlFlow {
  readonly nodes: readonly FlowNode[];
  /** The node control enters at: one edge, to the first block or to a dispatch node before it. */
  readonly root: number;
  /** Position in reverse postorder, -1 for what cannot be reached. */
  readonly order: Int32Array;
  /** Nodes that each node immediately dominates, those latest in order first. */
  readonly children: readonly (readonly number[])[];
  readonly isLoop: Uint8Array;
  readonly isJoin: Uint8Array;
}

/**
 * Analyses a graph.
 *
 * @param successors targets of each block's edges by block index; block 0 is the entry
 */
export function analyseFlow(successors: readonly (readonly number[])[]): ControlFlow {
  const nodes: FlowNode[] = successors.map((list) => ({
    edges: list.map((to) => ({ to, select: -1 })),
    isDispatch: false,
  }));
  const blocks = Array.from(nodes, (_, n) => n);
  // The way in is a node of its own, so that the first block may be one of several loop entries.
  const root = nodes.push({ edges: [{ to: 0, select: -1 }], isDispatch: true }) - 1;
  const reached = postorder(nodes, root);
  makeReducible(nodes, blocks.filter((n) => reached.includes(n)));
  return structure(nodes, root);
}

/**
 * Gives each loop among `members` a single header. Loops are the strongly connected components;
 * inside one, what is left without its header is looked at again.
 */
function makeReducible(nodes: FlowNode[], members: readonly number[]): void {
  for (const component of components(nodes, members)) {
    const inside = new Set(component);
    const entries = component.filter((n) => isEnteredFromOutside(nodes, n, inside));
    const header = entries.length === 1 ? entries[0]! : addDispatch(nodes, entries);
    makeReducible(nodes, component.filter((n) => n !== header));
  }
}

function isEnteredFromOutside(
  nodes: readonly FlowNode[],
  target: number,
  inside: ReadonlySet<number>,
): boolean {
  return nodes.some((node, n) => !inside.has(n) && node.edges.some((e) => e.to === target));
}

/** Puts a dispatch node before several entries of a component; returns it. */
function addDispatch(nodes: FlowNode[], entries: readonly number[]): number {
  const dispatch = nodes.length;
  for (const node of nodes) {
    for (const edge of node.edges) {
      const at = entries.indexOf(edge.to);
      if (at < 0) continue;
      edge.to = dispatch;
      edge.select = at;
    }
  }
  nodes.push({ edges: entries.map((to) => ({ to, select: -1 })), isDispatch: true });
  return dispatch;
}

/** Strongly connected components with a cycle in them (Tarjan), without recursion. */
function components(nodes: readonly FlowNode[], members: readonly number[]): number[][] {
  const allowed = new Set(members);
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const onStack = new Set<number>();
  const stack: number[] = [];
  const found: number[][] = [];
  for (const root of members) {
    if (index.has(root)) continue;
    const work: { node: number; edge: number }[] = [];
    const open = (node: number): void => {
      index.set(node, index.size);
      low.set(node, index.get(node)!);
      stack.push(node);
      onStack.add(node);
      work.push({ node, edge: 0 });
    };
    open(root);
    for (let top = work.at(-1); top !== undefined; top = work.at(-1)) {
      const edges = nodes[top.node]!.edges;
      if (top.edge < edges.length) {
        const to = edges[top.edge++]!.to;
        if (!allowed.has(to)) continue;
        if (!index.has(to)) open(to);
        else if (onStack.has(to)) low.set(top.node, Math.min(low.get(top.node)!, index.get(to)!));
        continue;
      }
      work.pop();
      const under = work.at(-1);
      if (under !== undefined) {
        low.set(under.node, Math.min(low.get(under.node)!, low.get(top.node)!));
      }
      if (low.get(top.node) !== index.get(top.node)) continue;
      const component: number[] = [];
      for (;;) {
        const node = stack.pop()!;
        onStack.delete(node);
        component.push(node);
        if (node === top.node) break;
      }
      const loops = component.length > 1 ||
        nodes[component[0]!]!.edges.some((e) => e.to === component[0]);
      if (loops) found.push(component);
    }
  }
  return found;
}

function structure(nodes: readonly FlowNode[], root: number): ControlFlow {
  const post = postorder(nodes, root);
  const order = new Int32Array(nodes.length).fill(-1);
  const sequence = post.reverse();
  sequence.forEach((node, at) => order[node] = at);
  const dominator = dominators(nodes, sequence, order);
  const isLoop = new Uint8Array(nodes.length);
  const forward = new Uint32Array(nodes.length);
  for (const node of sequence) {
    for (const { to } of nodes[node]!.edges) {
      if (order[to]! <= order[node]!) isLoop[to] = 1;
      else forward[to]!++;
    }
  }
  const children: number[][] = nodes.map(() => []);
  for (const node of sequence.slice(1)) children[dominator[node]!]!.push(node);
  for (const list of children) list.sort((x, y) => order[y]! - order[x]!);
  const isJoin = Uint8Array.from(forward, (count) => count > 1 ? 1 : 0);
  return { nodes, root, order, children, isLoop, isJoin };
}

function postorder(nodes: readonly FlowNode[], root: number): number[] {
  const seen = new Uint8Array(nodes.length);
  const post: number[] = [];
  const work = [{ node: root, edge: 0 }];
  seen[root] = 1;
  for (let top = work.at(-1); top !== undefined; top = work.at(-1)) {
    const edges = nodes[top.node]!.edges;
    if (top.edge === edges.length) {
      post.push(top.node);
      work.pop();
      continue;
    }
    const to = edges[top.edge++]!.to;
    if (seen[to] === 1) continue;
    seen[to] = 1;
    work.push({ node: to, edge: 0 });
  }
  return post;
}

/** Immediate dominators (Cooper, Harvey and Kennedy's iteration over reverse postorder). */
function dominators(
  nodes: readonly FlowNode[],
  sequence: readonly number[],
  order: Int32Array,
): Int32Array {
  const dominator = new Int32Array(nodes.length).fill(-1);
  dominator[sequence[0]!] = sequence[0]!;
  const predecessors: number[][] = nodes.map(() => []);
  for (const node of sequence) {
    for (const { to } of nodes[node]!.edges) predecessors[to]!.push(node);
  }
  const meet = (x: number, y: number): number => {
    while (x !== y) {
      while (order[x]! > order[y]!) x = dominator[x]!;
      while (order[y]! > order[x]!) y = dominator[y]!;
    }
    return x;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (const node of sequence.slice(1)) {
      let best = -1;
      for (const from of predecessors[node]!) {
        if (dominator[from] !== -1) best = best < 0 ? from : meet(best, from);
      }
      if (dominator[node] === best) continue;
      dominator[node] = best;
      changed = true;
    }
  }
  return dominator;
}
