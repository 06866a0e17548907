/** Plants for the checks of capabilities: objects, rights, the tree, names, and what is in flight. */
import { DEPTH_LIMIT } from "../../core/cap/revoke.ts";
import { CapKind, NameKind, NodeFlag, PAGE_SLOTS, Right } from "../../core/cap/tables.ts";
import { OpenFlag } from "../../core/fs/tables.ts";
import type { State } from "../../core/kernel.ts";
import { Account } from "../../core/ledger/accounts.ts";
import { DESCRIPTORS, NAME_PAGES } from "../../core/proc/tables.ts";
import { top } from "./checker.ts";
import { always, nodes, type Plant, processes, row } from "./plant.ts";

const plant = (
  id: string,
  stage: string,
  what: string,
  says: readonly string[],
  write: Plant["write"],
): Plant => ({ id, group: "capabilities", stage, what, says, write });

const isFile = (s: State, n: number): boolean => s.capNode.kind[n] === CapKind.OpenFile;
const isLeaf = (s: State, n: number): boolean =>
  s.capNode.parent[n] !== 0 && s.capNode.firstChild[n] === 0;
const isFlying = (s: State, n: number): boolean => (s.capNode.flags[n] & NodeFlag.InFlight) !== 0;
/** A node with a native name. */
const isNamed = (s: State, n: number): boolean =>
  !isFlying(s, n) && s.capNode.slot[n] > DESCRIPTORS;

/** Where the native name of a node is, as its process's pages have it. */
function elementOf(s: State, node: number): number {
  const slot = s.capNode.slot[node] - DESCRIPTORS - 1;
  const process = isFlying(s, node)
    ? s.thread.process[s.message.thread[s.capNode.carrier[node]]]
    : s.capNode.space[node];
  const page = s.process.namePage[process * NAME_PAGES + Math.floor(slot / PAGE_SLOTS)];
  return page * PAGE_SLOTS + slot % PAGE_SLOTS;
}

const descriptorOf = (s: State, n: number): number =>
  s.capNode.space[n] * DESCRIPTORS + s.capNode.slot[n] - 1;

/** Whether a descriptor would be as a closed one but for its node. */
const isBlank = (s: State, at: number): boolean =>
  s.process.descriptorGeneration[at] === 0 && s.process.descriptorFlags[at] === 0;

const GONE = "named by no descriptor and by no native name";

export const capabilityPlants: readonly Plant[] = [
  plant(
    "I16",
    "pipes",
    "a node that is its own ancestor",
    ["is its own ancestor"],
    row(nodes, always, (s, n) => s.capNode.parent[n] = n),
  ),
  plant(
    "I16",
    "channels",
    "a node whose object is not there",
    ["of kind * for object *, which is not in use"],
    row(
      nodes,
      (s, n) => s.capNode.kind[n] === CapKind.Channel && top(s.channel) + 1 < s.channel.$capacity,
      (s, n) => s.capNode.object[n] = top(s.channel) + 1,
    ),
  ),
  plant(
    "I16",
    "capabilities",
    "a node derived from one that is free",
    ["derived from node *, which is free"],
    row(
      nodes,
      (s, n) => isLeaf(s, n) && top(s.capNode) + 1 < s.capNode.$capacity,
      (s, n) => s.capNode.parent[n] = top(s.capNode) + 1,
    ),
  ),
  plant(
    "I16",
    "capabilities",
    "a node deeper than any may be",
    ["* levels down"],
    row(nodes, isLeaf, (s, n) => s.capNode.depth[n] = DEPTH_LIMIT + 1),
  ),
  plant(
    "I16",
    "capabilities",
    "a node that does not know how deep it is",
    ["* nodes are above it, depth says *"],
    row(nodes, isLeaf, (s, n) => s.capNode.depth[n] = 0),
  ),
  plant(
    "P7",
    "capabilities",
    "a right that its ancestor has not",
    ["has rights *, its ancestor * *"],
    row(
      nodes,
      (s, n) =>
        isLeaf(s, n) && s.capNode.parent[s.capNode.parent[n]] === 0 &&
        (s.capNode.rights[s.capNode.parent[n]] & Right.Execute) === 0,
      (s, n) => s.capNode.rights[n] |= Right.Execute,
    ),
  ),
  plant(
    "P7",
    "pipes",
    "a right to write that the open file does not give",
    ["may write open file *, which is not open for writing"],
    row(
      nodes,
      (s, n) =>
        isFile(s, n) && s.capNode.parent[n] === 0 &&
        (s.openFile.flags[s.capNode.object[n]] & OpenFlag.Write) === 0,
      (s, n) => s.capNode.rights[n] |= Right.Write,
    ),
  ),
  plant(
    "P7",
    "pipes",
    "a right to read that the open file does not give",
    ["may read open file *, which is not open for reading"],
    row(
      nodes,
      (s, n) =>
        isFile(s, n) && s.capNode.parent[n] === 0 &&
        (s.openFile.flags[s.capNode.object[n]] & OpenFlag.Read) === 0,
      (s, n) => s.capNode.rights[n] |= Right.Read,
    ),
  ),
  plant(
    "I16",
    "pipes",
    "a descriptor of an earlier life",
    ["names node * of generation *, which is gone"],
    row(
      nodes,
      (s, n) => isFile(s, n) && !isNamed(s, n),
      (s, n) => s.capNode.$generation[n]++,
    ),
  ),
  plant(
    "I16",
    "pipes",
    "a node that says it has another descriptor",
    ["names node *, which says *, slot *"],
    row(
      nodes,
      (s, n) => isFile(s, n) && !isNamed(s, n),
      (s, n) => s.capNode.slot[n]++,
    ),
  ),
  plant(
    "I16",
    "pipes",
    "a closed descriptor that closes at exec",
    ["descriptor * is closed, but not blank"],
    row(
      processes,
      (s, p) => s.process.descriptor[(p + 1) * DESCRIPTORS - 1] === 0,
      (s, p) => s.process.descriptorFlags[(p + 1) * DESCRIPTORS - 1] = 1,
    ),
  ),
  plant(
    "C14",
    "pipes",
    "a descriptor too many",
    ["* open, descriptors says *"],
    row(processes, always, (s, p) => s.process.descriptors[p]++),
  ),
  plant(
    "C14",
    "pipes",
    "an open file with a reference too many",
    ["* nodes name it, refs says *"],
    row((s) => s.openFile, always, (s, f) => s.openFile.refs[f]++),
  ),
  plant(
    "I16",
    "capabilities",
    "a native name of an earlier life",
    ["names node *, which is gone"],
    row(nodes, isNamed, (s, n) => s.namePage.targetGeneration[elementOf(s, n)]++),
  ),
  plant(
    "I16",
    "capabilities",
    "a native name in another place than its node says",
    ["names node *, which says *, slot *"],
    row(nodes, isNamed, (s, n) => s.capNode.slot[n]++),
  ),
  plant(
    "I16",
    "capabilities",
    "a name kept for a node that nothing carries away",
    ["names node *, which says *, slot *"],
    row(nodes, isNamed, (s, n) => s.namePage.kind[elementOf(s, n)] = NameKind.Moving),
  ),
  plant(
    "I16",
    "handover",
    "a name that goes on to name a node that is carried away",
    ["names node *, which says *, slot *"],
    row(
      nodes,
      (s, n) => isFlying(s, n) && s.capNode.slot[n] !== 0,
      (s, n) => s.namePage.kind[elementOf(s, n)] = NameKind.Node,
    ),
  ),
  plant(
    "C13",
    "pipes",
    "a node no descriptor names",
    ["* open, descriptors says *", GONE],
    row(
      nodes,
      (s, n) => isFile(s, n) && !isNamed(s, n) && isBlank(s, descriptorOf(s, n)),
      (s, n) => s.process.descriptor[descriptorOf(s, n)] = 0,
    ),
  ),
  plant(
    "C13",
    "capabilities",
    "a ghost that has a name",
    [GONE],
    row(nodes, isNamed, (s, n) => s.capNode.flags[n] |= NodeFlag.Ghost),
  ),
  plant(
    "C13",
    "handover",
    "a node in flight with another message than carries it",
    ["carries node *, which does not say so"],
    row(
      nodes,
      (s, n) => isFlying(s, n) && s.capNode.slot[n] === 0,
      (s, n) => s.capNode.carrier[n]++,
    ),
  ),
  plant(
    "C13",
    "capabilities",
    "nodes their process does not list",
    ["* nodes, * listed or in flight"],
    row(
      processes,
      (s, p) => s.process.firstNode[p] !== 0,
      (s, p) => s.process.firstNode[p] = 0,
    ),
  ),
  plant(
    "C13",
    "capabilities",
    "a node the books do not know of",
    ["* nodes, NodeUsed *"],
    row(nodes, always, (s) => s.account.balance[Account.NodeUsed]--),
  ),
];
