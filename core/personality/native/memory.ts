import { grantOriginal, mayReceive } from "../../cap/delegate.ts";
import { attachRegion } from "../../cap/node.ts";
import { isRevoked } from "../../cap/revoke.ts";
import { CapKind, Right } from "../../cap/tables.ts";
import { checkToken } from "../../cap/token.ts";
import type { Effects } from "../../effect.ts";
import { Err, Result } from "../../error.ts";
import type { Event } from "../../event.ts";
import { USER_END_PAGE } from "../../isa/riscv64.ts";
import { ONE, type State } from "../../kernel.ts";
import { PAGE_BYTES } from "../../limits.ts";
import { createObject, releaseObject, truncateObject } from "../../mem/object.ts";
import { protectRange } from "../../mem/protect.ts";
import { ANY_PROT, isCovered, mapRegion } from "../../mem/region.ts";
import { abandonSpace, createSpace, holdSpace, LOWEST_PAGE, mayChange } from "../../mem/space.ts";
import { Inhabited, ObjectKind, Prot, RegionFlag } from "../../mem/tables.ts";
import { unmapRange } from "../../mem/unmap.ts";
import { freeRows } from "../../state/table.ts";

/** memory_create(pages). */
export function memoryCreate(s: State, fx: Effects, e: Event, t: number): number {
  const p = s.thread.process[t];
  const pages = e.argument(0);
  if (pages === 0) return -Err.Invalid;
  if (pages > s.memory.totalFrames[ONE] || freeRows(s.memoryObject) === 0) return -Err.NoMemory;
  const full = mayReceive(s, p);
  if (full < 0) return full;
  // From here on it must succeed.
  const object = createObject(s, ObjectKind.Anonymous);
  truncateObject(s, fx, object, pages);
  const rights = Right.Read | Right.Write | Right.Execute | Right.Map | Right.Grant;
  const token = grantOriginal(s, p, CapKind.Memory, object, rights);
  releaseObject(s, fx, object);
  return token;
}

/** memory_size(token). */
export function memorySize(s: State, _fx: Effects, e: Event, t: number): number {
  const node = checkToken(s, s.thread.process[t], e.argument(0), CapKind.Memory, 0);
  return node < 0 ? node : s.memoryObject.sizePages[s.capNode.object[node]];
}

/** space_create(). */
export function spaceCreate(s: State, fx: Effects, _e: Event, t: number): number {
  const p = s.thread.process[t];
  const full = mayReceive(s, p);
  if (full < 0) return full;
  const space = createSpace(s, fx);
  if (space < 0) return space;
  // From here on it must succeed.
  holdSpace(s, space);
  s.addressSpace.inhabited[space] = Inhabited.Never;
  const rights = Right.Read | Right.Map | Right.Grant | Right.Control;
  const token = grantOriginal(s, p, CapKind.Space, space, rights);
  abandonSpace(s, space);
  return token;
}

/** Right bits that mapping with some access needs of the memory. */
function rightsFor(prot: number): number {
  return ((prot & Prot.Read) !== 0 ? Right.Read : 0) |
    ((prot & Prot.Write) !== 0 ? Right.Write : 0) |
    ((prot & Prot.Execute) !== 0 ? Right.Execute : 0) | Right.Map;
}

/** space_map(space, memory, address, pages, offset, rights). */
export function spaceMap(s: State, fx: Effects, e: Event, t: number): number {
  const p = s.thread.process[t];
  const into = checkToken(s, p, e.argument(0), CapKind.Space, Right.Map);
  if (into < 0) return into;
  const prot = e.uint(5);
  if (prot === 0 || prot > 7) return -Err.Invalid;
  const node = checkToken(s, p, e.argument(1), CapKind.Memory, rightsFor(prot));
  if (node < 0) return node;
  if (isRevoked(s, node)) return -Err.Revoked;
  const space = s.capNode.object[into];
  const object = s.capNode.object[node];
  const start = e.argument(2) / PAGE_BYTES;
  const pages = e.argument(3);
  if (!Number.isInteger(start) || start < LOWEST_PAGE) return -Err.Invalid;
  if (e.argument(4) + pages > s.memoryObject.sizePages[object]) return -Err.Invalid;
  if (!mayChange(s, t, space)) return Result.Pending;
  const bytes = pages * PAGE_BYTES;
  const shared = RegionFlag.Shared;
  const end = start + pages;
  const at = e.argument(4);
  const region = mapRegion(s, fx, space, start, end, prot, shared, object, at, bytes, prot);
  if (region < 0) return region;
  // From here on it must succeed.
  attachRegion(s, region, node);
  return 0;
}

/** The space a token with Map names, -Err, or -Err.Invalid for pages no space has. */
function spaceArgument(s: State, e: Event, t: number): number {
  const node = checkToken(s, s.thread.process[t], e.argument(0), CapKind.Space, Right.Map);
  if (node < 0) return node;
  const start = e.argument(1) / PAGE_BYTES;
  const pages = e.argument(2);
  if (!Number.isInteger(start) || pages === 0) return -Err.Invalid;
  return start + pages > USER_END_PAGE ? -Err.Invalid : s.capNode.object[node];
}

/** space_unmap(space, address, pages). */
export function spaceUnmap(s: State, fx: Effects, e: Event, t: number): number {
  const space = spaceArgument(s, e, t);
  if (space < 0) return space;
  const start = e.argument(1) / PAGE_BYTES;
  return unmapRange(s, fx, e.hart, t, start, start + e.argument(2), 0, space);
}

/** space_protect(space, address, pages, rights). */
export function spaceProtect(s: State, fx: Effects, e: Event, t: number): number {
  const space = spaceArgument(s, e, t);
  if (space < 0) return space;
  if (e.argument(3) > ANY_PROT) return -Err.Invalid;
  const start = e.argument(1) / PAGE_BYTES;
  const end = start + e.argument(2);
  if (!mayChange(s, t, space)) return Result.Pending;
  if (!isCovered(s, space, start, end)) return -Err.NotFound;
  return protectRange(s, fx, e.hart, t, start, end, e.uint(3), space);
}
