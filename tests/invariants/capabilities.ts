/** I16, C13, C14, P7: capabilities, the tree they are derived in, and the descriptors that name them. */
import { RAISED } from "../../core/cap/node.ts";
import { DEPTH_LIMIT } from "../../core/cap/revoke.ts";
import {
  CapKind,
  NameKind,
  NodeFlag,
  objectTargets,
  PAGE_SLOTS,
  Right,
} from "../../core/cap/tables.ts";
import { OpenFlag } from "../../core/fs/tables.ts";
import { CARRIED } from "../../core/ipc/tables.ts";
import { ONE, type State } from "../../core/kernel.ts";
import { Account } from "../../core/ledger/accounts.ts";
import { DESCRIPTORS, NAME_PAGES } from "../../core/proc/tables.ts";
import { type Check, eachLive, type Group, type Report, top } from "./checker.ts";

/** I16: the row of a node that holds its object is in use. */
function checkObject(s: State, report: Report, node: number): boolean {
  const kind = s.capNode.kind[node];
  const object = s.capNode.object[node];
  const target = objectTargets[kind];
  const table = s[target?.table as keyof State];
  if (target !== undefined && (target.kind === "weak" || table.$live[object] === 1)) return true;
  report("I16", `capNode ${node}`, `of kind ${kind} for object ${object}, which is not in use`);
  return false;
}

/** P7: what an open file is not open for. */
function checkFileRights(s: State, report: Report, node: number): void {
  const c = s.capNode;
  const row = `capNode ${node}`;
  const object = c.object[node];
  const flags = s.openFile.flags[object];
  if ((c.rights[node] & Right.Read) !== 0 && (flags & OpenFlag.Read) === 0) {
    report("P7", row, `may read open file ${object}, which is not open for reading`);
  }
  if ((c.rights[node] & Right.Write) !== 0 && (flags & OpenFlag.Write) === 0) {
    report("P7", row, `may write open file ${object}, which is not open for writing`);
  }
}

/** I16 and P7 for one node: object, rights and ancestors. */
function checkNode(s: State, report: Report, node: number): void {
  const c = s.capNode;
  const row = `capNode ${node}`;
  if (!checkObject(s, report, node)) return;
  if (c.kind[node] === CapKind.OpenFile) checkFileRights(s, report, node);
  if (c.depth[node] > DEPTH_LIMIT) report("I16", row, `${c.depth[node]} levels down`);
  const nodes = top(c);
  let depth = 0;
  for (let above = c.parent[node]; above !== 0; above = c.parent[above]) {
    if (c.$live[above] !== 1) {
      return report("I16", row, `derived from node ${above}, which is free`);
    }
    if ((c.rights[node] & ~c.rights[above]) !== 0) {
      report("P7", row, `has rights ${c.rights[node]}, its ancestor ${above} ${c.rights[above]}`);
    }
    if (++depth > nodes) return report("I16", row, "is its own ancestor");
  }
  if (depth > c.depth[node]) {
    report("I16", row, `${depth} nodes are above it, depth says ${c.depth[node]}`);
  }
}

/** I16: a node with a slot is what that descriptor names, and the other way round. */
function checkNames(s: State, report: Report, seen: Uint8Array): void {
  seen.fill(0);
  eachLive(s.process, (p) => {
    let open = 0;
    for (let fd = 0; fd < DESCRIPTORS; fd++) {
      const at = p * DESCRIPTORS + fd;
      const node = s.process.descriptor[at];
      const generation = s.process.descriptorGeneration[at];
      if (node === 0) {
        if (generation !== 0 || s.process.descriptorFlags[at] !== 0) {
          report("I16", `process ${p}`, `descriptor ${fd} is closed, but not blank`);
        }
        continue;
      }
      open++;
      seen[node] = 1;
      const row = `process ${p} descriptor ${fd}`;
      if (s.capNode.$live[node] !== 1 || s.capNode.$generation[node] !== generation) {
        report("I16", row, `names node ${node} of generation ${generation}, which is gone`);
      } else if (s.capNode.space[node] !== p || s.capNode.slot[node] !== fd + 1) {
        const { space, slot } = s.capNode;
        report("I16", row, `names node ${node}, which says ${space[node]}, slot ${slot[node]}`);
      }
    }
    if (open !== s.process.descriptors[p]) {
      report("C14", `process ${p}`, `${open} open, descriptors says ${s.process.descriptors[p]}`);
    }
  });
}

/** I16: a native name stands for the node that says so; C13: a process counts its names. */
function checkNativeNames(s: State, report: Report, seen: Uint8Array): void {
  eachLive(s.namePage, (page) => {
    const p = s.namePage.process[page];
    for (let at = page * PAGE_SLOTS; at < (page + 1) * PAGE_SLOTS; at++) {
      const kind = s.namePage.kind[at];
      if (kind === NameKind.Free) continue;
      const node = s.namePage.target[at];
      seen[node] = 1;
      const row = `namePage ${page} element ${at % PAGE_SLOTS}`;
      if (s.capNode.$generation[node] !== s.namePage.targetGeneration[at]) {
        report("I16", row, `names node ${node}, which is gone`);
      } else if (
        processOf(s, node) !== p || !slotFits(s, p, node, page, at % PAGE_SLOTS) ||
        (kind === NameKind.Moving) !== (s.capNode.space[node] === 0)
      ) {
        const { space, slot } = s.capNode;
        report("I16", row, `names node ${node}, which says ${space[node]}, slot ${slot[node]}`);
      }
    }
  });
}

/** The process that names a node, or that sends it away. */
function processOf(s: State, node: number): number {
  const { carrier, flags, space } = s.capNode;
  if ((flags[node] & NodeFlag.InFlight) === 0) return space[node];
  return s.thread.process[s.message.thread[carrier[node]]];
}

/** Whether the slot a node says it is named in is an element of a page. */
function slotFits(s: State, p: number, node: number, page: number, element: number): boolean {
  const slot = s.capNode.slot[node] - DESCRIPTORS - 1;
  if (slot < 0 || slot % PAGE_SLOTS !== element) return false;
  return s.process.namePage[p * NAME_PAGES + Math.floor(slot / PAGE_SLOTS)] === page;
}

/** Nodes in a list, bounded in case it is a circle. */
function lengthOf(s: State, first: number): number {
  let length = 0;
  const next = s.capNode.nextInSpace;
  for (let node = first; node !== 0 && length <= top(s.capNode); node = next[node]) length++;
  return length;
}

/** C13: every node is listed by its process, with the ghosts, or carried by the message it names. */
function checkListed(s: State, report: Report, live: number): void {
  let listed = lengthOf(s, s.kernel.firstGhost[ONE]);
  eachLive(s.process, (p) => listed += lengthOf(s, s.process.firstNode[p]));
  eachLive(s.message, (m) => {
    for (let i = 0; i < s.message.carried[m]; i++) {
      const node = s.message.capability[CARRIED * m + i];
      if (node === 0) continue;
      listed++;
      if ((s.capNode.flags[node] & NodeFlag.InFlight) !== 0 && s.capNode.carrier[node] === m) {
        continue;
      }
      report("C13", `message ${m}`, `carries node ${node}, which does not say so`);
    }
  });
  if (listed !== live) report("C13", "lists", `${live} nodes, ${listed} listed or in flight`);
}

/** C13: a node has a name, or is a ghost with children, or a message carries it. */
function isAccounted(s: State, node: number, named: number): boolean {
  const { flags, children, firstRegion, carrier, slot, space } = s.capNode;
  const kind = flags[node] & (NodeFlag.Ghost | NodeFlag.InFlight);
  if (kind === 0) return named === 1 && space[node] !== 0;
  if (space[node] !== 0) return false;
  // One that is moved away keeps its name.
  if (kind === NodeFlag.InFlight) {
    return carrier[node] !== 0 && (named === 1) === (slot[node] !== 0);
  }
  if (named === 1 || slot[node] !== 0) return false;
  return children[node] > RAISED || firstRegion[node] !== 0 ||
    (flags[node] & NodeFlag.Revoking) !== 0;
}

/** Capability nodes against objects, tree and namespaces; open files against their nodes. */
export const capabilities: Group = {
  name: "capabilities",
  ids: ["I16", "C13", "C14", "P7"],
  make: ({ state: s }): Check => {
    const named = new Uint8Array(s.capNode.$capacity);
    const nodes = new Uint32Array(s.openFile.$capacity);
    return (_e, report) => {
      let live = 0;
      nodes.fill(0);
      checkNames(s, report, named);
      checkNativeNames(s, report, named);
      eachLive(s.capNode, (node) => {
        live++;
        checkNode(s, report, node);
        if (s.capNode.kind[node] === CapKind.OpenFile) nodes[s.capNode.object[node]]++;
        if (!isAccounted(s, node, named[node])) {
          report("C13", `capNode ${node}`, "named by no descriptor and by no native name");
        }
      });
      checkListed(s, report, live);
      if (live !== s.account.balance[Account.NodeUsed]) {
        report("C13", "books", `${live} nodes, NodeUsed ${s.account.balance[Account.NodeUsed]}`);
      }
      eachLive(s.openFile, (file) => {
        if (nodes[file] === s.openFile.refs[file] && nodes[file] !== 0) return;
        report(
          "C14",
          `openFile ${file}`,
          `${nodes[file]} nodes name it, refs says ${s.openFile.refs[file]}`,
        );
      });
    };
  },
};
