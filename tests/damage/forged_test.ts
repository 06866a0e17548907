/**
 * Journals that are in order in themselves and still not what was recorded. CRCs tell of accidents;
 * a flip with its CRC made good is caught by the hash chain; one with the chain made good by the
 * re-execution, and by the fold where it reaches a state hash.
 */
import assert from "node:assert/strict";
import { EventKind, InputKind, RecordedEvent } from "../../core/event.ts";
import { rowOf } from "../../core/syscall/rows.ts";
import { CommandError } from "../../journal/commands/command_error.ts";
import { crc32 } from "../../journal/format/crc32.ts";
import { FrameKind, Head, HEAD_BYTES, writeU32 } from "../../journal/format/format.ts";
import { formatEvent } from "../../journal/format_event.ts";
import { JournalReader } from "../../journal/read/reader.ts";
import { Random } from "../../journal/test_journal.ts";
import { auditJournal, foldJournal, replayJournal, type Verdict } from "../../mod.ts";
import { DamagedSet } from "./damaged_set.ts";
import { forge, type Forgery } from "./forge.ts";
import type { Frame, Truth } from "./frames.ts";
import { checkReader, GuardedSource } from "./reader_check.ts";
import { eventsOf } from "./small_journal.ts";

const set = new DamagedSet();
const { whole, events } = set;
Deno.test.afterAll(() => set.recorder.remove());

let files = 0;
const file = (forgery: Forgery) =>
  set.recorder.file(forge(whole.bytes, forgery), `forged-${files++}`);
/** Alters one event. */
const at = (order: number, alter: (e: RecordedEvent) => void): Forgery => ({
  event: (e) => {
    if (e.order === order) alter(e);
  },
});
const find = (kind: number, cause?: number): number =>
  events.find((e) => e.kind === kind && (cause === undefined || e.cause === cause))?.order ??
    assert.fail(`no event of kind ${kind}`);

/** Makes the CRCs of a frame good. */
function mend(bytes: Uint8Array, { offset, length }: Frame): void {
  const body = offset + HEAD_BYTES;
  writeU32(bytes, offset + Head.BodyCrc, crc32(bytes, body, offset + length));
  writeU32(bytes, offset + Head.HeadCrc, crc32(bytes, offset, offset + Head.HeadCrc));
}

Deno.test("a flip with its CRCs made good is caught behind the CRCs", () => {
  const reasons = new Map<string, number>();
  for (const frame of whole.frames) {
    for (let bit = 0; bit < 8 * frame.length; bit += 3) {
      const place = bit >> 3;
      // With another length it is another piece of the file, and deflate ignores what is behind it.
      if (place >= Head.StoredLength && place < Head.RawLength) continue;
      // A CRC that is made good again is no flip.
      if (place >= Head.BodyCrc && place < Head.Chain) continue;
      if (place >= Head.HeadCrc && place < HEAD_BYTES) continue;
      const bytes = whole.bytes.slice();
      bytes[frame.offset + place] ^= 1 << (bit & 7);
      mend(bytes, frame);
      const what = `bit ${bit & 7} of byte ${frame.offset + place}, CRCs made good`;
      // A deflated body that inflates to the same bytes is the same frame.
      if (sameBody(bytes, frame)) continue;
      const reader = checkReader(what, bytes, set.truth(bytes), events);
      const reason = reader.reason.replace(/, at byte.*|\d+/g, "");
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
  }
  const chain = reasons.get("the hash chain is broken") ?? 0;
  assert.ok(chain > 2000, [...reasons].join("; "));
});

/** Whether a frame still says what it said; deflate has unused bits. */
function sameBody(bytes: Uint8Array, frame: Frame): boolean {
  const reader = new JournalReader(new GuardedSource(bytes));
  const e = new RecordedEvent();
  while (reader.next(e));
  return reader.state === "closed" &&
    bytes[frame.offset + Head.Codec] === 1 &&
    eventsOf(bytes).length === events.length;
}

Deno.test("a journal made anew out of its parts is accepted: what follows is seen by its content", () => {
  const path = file({});
  for (const read of [foldJournal, replayJournal, auditJournal]) assert.equal(read(path).status, 0);
});

/** Alterations of what the machine made, and the field in which they show. */
const MACHINE_MADE: readonly (readonly [string, number, (e: RecordedEvent) => void])[] = [
  ["time", find(EventKind.Boot), (e) => e.time += 10],
  ["payload", find(EventKind.Boot), (e) => e.payload[0] ^= 1],
  ["value", find(EventKind.PageFault), (e) => e.valueLo ^= 4096],
  ["access", find(EventKind.PageFault), (e) => e.access ^= 1],
  ["cause", find(EventKind.Syscall, 64), (e) => e.cause = 66],
  ["argument 0", find(EventKind.Syscall, 64), (e) => e.registers[0] = 2],
  ["argument 1", find(EventKind.Syscall, 64), (e) => e.registers[3] ^= 1],
  ["glance", find(EventKind.Syscall, 64), (e) => e.glance[3] ^= 0x20],
  ["glance length", find(EventKind.Syscall, 64), (e) => e.glanceLength--],
  ["payload", find(EventKind.Syscall, 101), (e) => e.payload[4] ^= 1],
  ["pc", find(EventKind.Timer), (e) => e.pcLo ^= 2],
  ["time", find(EventKind.Timer), (e) => e.time += 10],
  ["payload", find(EventKind.Sample), (e) => e.payload[40] ^= 1],
  ["kind", find(EventKind.Continue), (e) => e.kind = EventKind.Timer],
  ["cause", find(EventKind.Shutdown), (e) => e.cause = 3],
];

Deno.test("a forged event that the machine makes itself: replay names it and the field", () => {
  for (const [field, order, alter] of MACHINE_MADE) {
    const { status, line } = replayJournal(file(at(order, alter)));
    assert.equal(status, 1, `${field} of event ${order}: ${line}`);
    assert.match(line, new RegExp(`^diverged at event ${order} on hart 0: ${field} differs$`));
  }
});

Deno.test("a forged input is taken as it is, and shows where it matters", () => {
  const last = events.length - 1;
  const cases: readonly (readonly [number, (e: RecordedEvent) => void, RegExp, RegExp])[] = [
    [
      find(EventKind.Input, InputKind.Entropy),
      (e) => e.payload[0] ^= 1,
      new RegExp(`^diverged at event ${last} on hart 0: K hash differs`),
      new RegExp(`^diverged: the K hash after event ${last} differs`),
    ],
    [
      find(EventKind.Input, InputKind.Start),
      // A letter of the first argument.
      (e) => e.payload[e.payload.indexOf(98)] = 99,
      /^diverged at event \d+ on hart 0: /,
      // No state hash comes while the arguments are held.
      /206 events and 1 state hashes are equal/,
    ],
  ];
  for (const [order, alter, replayed, folded] of cases) {
    const path = file(at(order, alter));
    assert.match(replayJournal(path).line, replayed);
    assert.match(foldJournal(path).line, folded);
  }
});

Deno.test("forged contents: the replay holds them to their digest", () => {
  let n = 0;
  for (const order of events.filter((e) => e.cause === InputKind.Chunk && e.kind === 9)) {
    let seen = 0;
    const nth = n++;
    const path = file({
      body: (kind, body) => {
        if (kind === FrameKind.Blob && seen++ === nth) body[body.length - 1] ^= 1;
        return body;
      },
    });
    const { status, line } = replayJournal(path);
    assert.equal(status, 1, line);
    assert.equal(line, `diverged at event ${order.order}: its contents are not those it names`);
  }
  assert.equal(n, 2);
});

Deno.test("a forged state hash is named by whoever computes it", () => {
  const last = events.length - 1;
  const alter = (entry: number, byte: number): string =>
    file({
      body: (kind, body) => {
        if (kind === FrameKind.Hashes) body[36 * entry + byte] ^= 1;
        return body;
      },
    });
  const k = alter(0, 20), m = alter(1, 20), round = alter(1, 12);
  assert.match(replayJournal(k).line, new RegExp(`^diverged at event ${last} .*K hash differs`));
  assert.match(foldJournal(k).line, new RegExp(`^diverged: the K hash after event ${last}`));
  assert.match(replayJournal(m).line, new RegExp(`^diverged at event ${last} .*M hash differs`));
  assert.equal(foldJournal(m).status, 0, "a fold has no machine");
  assert.match(replayJournal(round).line, /M hash differs/);
  const none = file({ body: (kind, body) => kind === FrameKind.Hashes ? undefined : body });
  assert.match(replayJournal(none).line, new RegExp(`^diverged at event ${last} .*K hash differs`));
});

Deno.test("a journal that closes too early: the machine goes on", () => {
  for (const keep of [1, 60, 150, events.length - 1]) {
    const path = file({
      keep,
      body: (kind, body) => {
        // The closing's count is a varint of two bytes here, or one.
        if (kind === FrameKind.Hashes) return undefined;
        if (kind !== FrameKind.Closed) return body;
        const count = keep < 128 ? [keep] : [(keep & 127) | 128, keep >> 7];
        return Uint8Array.from([...count, ...body.subarray(2)]);
      },
    });
    const { status, line } = replayJournal(path);
    assert.equal(status, 1, line);
    assert.equal(line, `diverged at event ${keep} on hart 0: end differs`);
    const early = `diverged: the journal is closed after event ${keep - 1}, and the boot is not`;
    for (const fold of [foldJournal, auditJournal]) assert.equal(fold(path).line, early);
  }
});

/** What may come out of any forgery: a verdict, or one line. */
function judged(what: string, read: () => Verdict): number {
  try {
    const { status, line } = read();
    assert.ok(status === 0 || status === 1 || status === 3, `${what}: ${status}`);
    assert.match(line, /^[^\n]+$/, what);
    return status;
  } catch (error) {
    assert.ok(error instanceof CommandError && error.status === 2, `${what}: ${error}`);
    return 2;
  }
}

Deno.test("any field of any event forged gives a verdict, never an exception", () => {
  const caught = [0, 0, 0, 0];
  for (let seed = 1; seed <= 60; seed++) {
    const r = new Random(seed * 7919);
    const order = r.below(events.length), field = r.below(10), value = r.u32();
    const what = `seed ${seed}: field ${field} of event ${order} to ${value}`;
    const path = file(at(order, (e) => wild(e, field, value)));
    caught[judged(what, () => replayJournal(path))]++;
    judged(what, () => foldJournal(path));
    judged(what, () => auditJournal(path));
    for (const e of eventsOf(Deno.readFileSync(path))) formatEvent(e, rowOf);
  }
  assert.ok(caught[1] > 40, `replay: ${caught.join(" ")}`);
});

function wild(e: RecordedEvent, field: number, value: number): void {
  const set: readonly (() => void)[] = [
    () => e.kind = value & 15,
    () => e.access = value & 255,
    () => e.cause = value,
    () => e.pcLo = value,
    () => e.valueLo = value,
    () => e.valueHi = value,
    () => e.registerCount = value % 9,
    () => e.registers[value % 16] = value,
    () => e.payloadLength = value % 65536,
    () => e.payload[value % Math.max(1, e.payloadLength)] = value >>> 8,
  ];
  set[field]();
}

Deno.test("any body with its CRCs and chain made good reads to an end within its bounds", () => {
  const states = new Map<string, number>();
  for (let seed = 1; seed <= 2500; seed++) {
    const r = new Random(seed * 104729);
    const frame = r.below(whole.frames.length - 1);
    const forged = forge(whole.bytes, {
      body: (_, body, n) => {
        if (n !== frame) return body;
        for (let k = 1 + r.below(3); k > 0; k--) {
          const value = r.below(2) === 0 ? 255 : r.below(256);
          if (body.length > 0) {
            body[r.below(r.below(2) === 0 ? 60 : body.length) % body.length] = value;
          }
        }
        return body;
      },
    });
    const reader = new JournalReader(new GuardedSource(forged));
    const e = new RecordedEvent();
    let count = 0;
    while (reader.next(e) && count++ < 10_000);
    const truth: Truth = {
      header: reader.header !== undefined,
      last: reader.lastOrder,
      whole: false,
    };
    assert.ok(truth.last < events.length, `seed ${seed}: ${reader.describe()}`);
    states.set(reader.state, (states.get(reader.state) ?? 0) + 1);
  }
  assert.ok((states.get("damaged") ?? 0) > 500, [...states].join("; "));
});
