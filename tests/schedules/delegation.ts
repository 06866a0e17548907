/**
 * What no event may do to capabilities, seen from one state to the next, which a look at one state
 * cannot tell: give a node rights it did not have, make one with rights that nobody had, take what a
 * revocation is not about, or end one while something below the node is left, mapped or cached.
 */
import { CapKind, NodeFlag } from "../../core/cap/tables.ts";
import type { State } from "../../core/kernel.ts";
import { OperationKind } from "../../core/sched/operation.ts";
import type { LateTlbs } from "./late_tlbs.ts";

/** Pages of a space that are mapped through something below a node that is being revoked. */
interface Span {
  readonly space: number;
  readonly generation: number;
  readonly start: number;
  readonly end: number;
}

/** A revocation under way, and what was below its node when it began. Never changed in place. */
export interface Revocation {
  readonly thread: number;
  readonly node: number;
  readonly generation: number;
  /** Nodes below, each with its generation. */
  readonly below: ReadonlyMap<number, number>;
  readonly spans: readonly Span[];
}

/** Kinds of which whoever may ask gets an original: it need not come from another node. */
const ASKED_FOR: ReadonlySet<number> = new Set([CapKind.Process, CapKind.Thread, CapKind.Space]);

function isBelow(s: State, node: number, above: number): boolean {
  let at = s.capNode.parent[node];
  for (let n = 0; at !== 0 && at !== above && n < s.capNode.$capacity; n++) {
    at = s.capNode.parent[at];
  }
  return at === above;
}

function begun(s: State, thread: number): Revocation {
  const c = s.capNode;
  const node = s.thread.cursor[6 * thread];
  const below = new Map<number, number>();
  const spans: Span[] = [];
  for (let n = 1; n <= c.$header[0]; n++) {
    if (c.$live[n] === 0 || !isBelow(s, n, node)) continue;
    below.set(n, c.$generation[n]);
    for (let r = c.firstRegion[n]; r !== 0; r = s.region.nextOfNode[r]) {
      const space = s.region.space[r];
      const generation = s.addressSpace.$generation[space];
      spans.push({ space, generation, start: s.region.start[r], end: s.region.end[r] });
    }
  }
  return { thread, node, generation: c.$generation[node], below, spans };
}

/** The revocations under way after an event. */
export function revocationsAfter(s: State, before: readonly Revocation[]): readonly Revocation[] {
  const held = before.filter(({ thread }) =>
    s.thread.$live[thread] === 1 && s.thread.call[thread] !== 0
  );
  const found = [...held];
  for (let t = 1; t <= s.thread.$header[0]; t++) {
    if (s.thread.$live[t] === 0 || s.thread.operation[t] !== OperationKind.Revoke) continue;
    if (!held.some(({ thread }) => thread === t)) found.push(begun(s, t));
  }
  return found.length === before.length && held.length === before.length ? before : found;
}

function isMapped(s: State, space: number, page: number): boolean {
  for (let r = 1; r <= s.region.$header[0]; r++) {
    if (s.region.$live[r] === 0 || s.region.space[r] !== space) continue;
    if (s.region.start[r] <= page && page < s.region.end[r]) return true;
  }
  return false;
}

/** What is left of what a revocation that has returned was to take; "" for nothing. */
export function leftOver(s: State, tlbs: LateTlbs, { node, generation, below, spans }: Revocation) {
  const c = s.capNode;
  for (const [n, born] of below) {
    // A row whose own revocation has not ended yet stays, without a name, a place or a mapping.
    const husk = (c.flags[n] & NodeFlag.Ghost) !== 0 && c.firstRegion[n] === 0 && c.parent[n] === 0;
    if (c.$live[n] === 1 && c.$generation[n] === born && !husk) {
      return `node ${n} is left below node ${node}, which was revoked`;
    }
  }
  if (c.$live[node] === 1 && c.$generation[node] === generation && c.firstChild[node] !== 0) {
    return `node ${c.firstChild[node]} was made below node ${node} while it was revoked`;
  }
  for (const { space, generation, start, end } of spans) {
    if (s.addressSpace.$generation[space] !== generation) continue;
    const asid = s.addressSpace.asid[space];
    for (const [hart, tlb] of tlbs.held.entries()) {
      for (const held of tlb.values()) {
        if (held.asid !== asid || held.page < start || held.page >= end) continue;
        if (!isMapped(s, space, held.page)) {
          return `hart ${hart} still reaches page ${held.page} through what was revoked`;
        }
      }
    }
  }
  return "";
}

/** Compares the nodes before and after each event. */
export class NodeWatch {
  private readonly live: Uint8Array;
  private readonly generation: Uint32Array;
  private readonly kind: Uint8Array;
  private readonly rights: Uint8Array;
  private readonly flags: Uint16Array;
  private readonly object: Uint32Array;
  private top = 0;
  private revoker = 0;

  constructor(private readonly s: State) {
    const rows = s.capNode.$live.length;
    this.live = new Uint8Array(rows);
    this.generation = new Uint32Array(rows);
    this.kind = new Uint8Array(rows);
    this.rights = new Uint8Array(rows);
    this.flags = new Uint16Array(rows);
    this.object = new Uint32Array(rows);
  }

  /** Remembers the nodes there are; `hart` is where the next event is. */
  before(hart: number): void {
    const c = this.s.capNode;
    this.top = c.$header[0];
    for (let n = 1; n <= this.top; n++) {
      this.live[n] = c.$live[n];
      this.generation[n] = c.$generation[n];
      this.kind[n] = c.kind[n];
      this.rights[n] = c.rights[n];
      this.flags[n] = c.flags[n];
      this.object[n] = c.object[n];
    }
    this.revoker = this.s.hart.operation[hart + 1];
  }

  /** What the event did that none may; "" for nothing. */
  after(revocations: readonly Revocation[]): string {
    const { s, revoker } = this;
    const c = s.capNode;
    for (let n = 1; n <= c.$header[0]; n++) {
      if (c.$live[n] === 0 || this.was(n)) continue;
      if (!this.hadSource(n)) return `node ${n} has rights ${c.rights[n]}, which nobody had`;
    }
    const own = revocations.find(({ thread }) => thread === revoker);
    for (let n = 1; n <= this.top; n++) {
      if (this.live[n] === 0) continue;
      if (this.was(n)) {
        const same = c.kind[n] === this.kind[n] && c.object[n] === this.object[n];
        if (!same) return `node ${n} names another object`;
        if ((c.rights[n] & ~this.rights[n]) !== 0) return `node ${n} has gained rights`;
      } else if (own !== undefined && (this.flags[n] & NodeFlag.Ghost) === 0) {
        if (own.below.get(n) !== this.generation[n]) {
          return `the revocation of node ${own.node} has taken node ${n}, which is not below it`;
        }
      }
    }
    return "";
  }

  /** Whether a node is one that was there before the event. */
  private was(n: number): boolean {
    const c = this.s.capNode;
    return n <= this.top && this.live[n] === 1 && c.$live[n] === 1 &&
      c.$generation[n] === this.generation[n];
  }

  /** Whether a new node's rights come from one node there was, or its object is new too. */
  private hadSource(n: number): boolean {
    const c = this.s.capNode;
    if (ASKED_FOR.has(c.kind[n])) return true;
    let known = false;
    for (let m = 1; m <= this.top; m++) {
      if (this.live[m] === 0 || this.kind[m] !== c.kind[n] || this.object[m] !== c.object[n]) {
        continue;
      }
      if ((c.rights[n] & ~this.rights[m]) === 0) return true;
      known = true;
    }
    return !known;
  }
}
