import { SERVICE_BUCKETS, SERVICE_NAME_BYTES } from "../ipc/tables.ts";
import { ONE, type State } from "../kernel.ts";
import { watermark } from "../state/table.ts";
import type { Reach } from "./recount_walk.ts";

/** The ring of a channel: as many as it claims, no more than it may hold, as they came. */
export function checkRing(s: State, reach: Reach, channel: number): void {
  const c = s.channel;
  let entries = 0;
  let last = 0;
  for (let r = c.ringHead[channel]; r !== 0; r = s.ringEntry.next[r]) {
    if (++entries > watermark(s.ringEntry)) break;
    if (last !== 0 && s.ringEntry.arrival[r] <= s.ringEntry.arrival[last]) {
      reach.report("ringEntry", r, "posted before one that goes before it");
    }
    last = r;
  }
  if (entries !== c.ringUsed[channel] || last !== c.ringTail[channel]) {
    reach.report("channel", channel, `${entries} entries in its ring, it claims otherwise`);
  }
  if (entries > c.ringCapacity[channel]) {
    reach.report("channel", channel, `${entries} entries in its ring, more than it may hold`);
  }
}

/** The names of a channel: theirs is this one, and each is where it is looked for. */
export function checkNames(s: State, reach: Reach, channel: number): void {
  const n = s.serviceName;
  let previous = 0;
  let steps = 0;
  for (let row = s.channel.firstName[channel]; row !== 0; row = n.next[row]) {
    if (++steps > watermark(n)) break;
    if (n.channel[row] !== channel || n.previous[row] !== previous) {
      reach.report("serviceName", row, `listed by channel ${channel}, its links say otherwise`);
    }
    previous = row;
    const found = whoHas(s, row);
    if (found !== row && s.channel.dying[channel] === 0) {
      reach.report("serviceName", row, `who looks for it finds ${found}`);
    }
  }
}

/** The first row in the chain of a name's hash that names a living channel as it does; 0 for none. */
function whoHas(s: State, row: number): number {
  const n = s.serviceName;
  const bytes = (of: number) =>
    n.bytes.subarray(of * SERVICE_NAME_BYTES, of * SERVICE_NAME_BYTES + n.length[of]).join();
  const wanted = bytes(row);
  let steps = 0;
  let other = s.ipc.serviceBucket[ONE * SERVICE_BUCKETS + n.hash[row] % SERVICE_BUCKETS];
  for (; other !== 0 && ++steps <= watermark(n); other = n.hashNext[other]) {
    if (s.channel.dying[n.channel[other]] === 0 && bytes(other) === wanted) return other;
  }
  return 0;
}

/** A process claims as many names as its channels have. */
export function checkNamesOf(s: State, reach: Reach, p: number): void {
  let names = 0;
  let steps = 0;
  for (let c = s.process.firstChannel[p]; c !== 0; c = s.channel.nextOfProcess[c]) {
    if (++steps > watermark(s.channel)) break;
    for (let row = s.channel.firstName[c]; row !== 0; row = s.serviceName.next[row]) {
      if (++names > watermark(s.serviceName)) break;
    }
  }
  if (names !== s.process.serviceNames[p]) {
    reach.report("process", p, `${names} names of channels, serviceNames says otherwise`);
  }
}
