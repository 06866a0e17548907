/** I16, C13, C14, P7: capabilities, the tree they are derived in, and the descriptors that name them. */
import { CapKind, Right } from "../../core/cap/tables.ts";
import { OpenFlag } from "../../core/fs/tables.ts";
import type { State } from "../../core/kernel.ts";
import { Account } from "../../core/ledger/accounts.ts";
import { DESCRIPTORS } from "../../core/proc/tables.ts";
import { type Check, eachLive, type Group, type Report, top } from "./checker.ts";

/** I16 and P7 for one node: object, rights and ancestors. */
function checkNode(s: State, report: Report, node: number): void {
  const c = s.capNode;
  const row = `capNode ${node}`;
  const object = c.object[node];
  if (c.kind[node] !== CapKind.OpenFile || s.openFile.$live[object] !== 1) {
    return report("I16", row, `of kind ${c.kind[node]} for object ${object}, which is not in use`);
  }
  const flags = s.openFile.flags[object];
  if ((c.rights[node] & Right.Read) !== 0 && (flags & OpenFlag.Read) === 0) {
    report("P7", row, `may read open file ${object}, which is not open for reading`);
  }
  if ((c.rights[node] & Right.Write) !== 0 && (flags & OpenFlag.Write) === 0) {
    report("P7", row, `may write open file ${object}, which is not open for writing`);
  }
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
      eachLive(s.capNode, (node) => {
        live++;
        checkNode(s, report, node);
        const object = s.capNode.object[node];
        nodes[object] = (nodes[object] ?? 0) + 1;
        if (named[node] !== 1) report("C13", `capNode ${node}`, "named by no descriptor");
      });
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
