import { elf } from "../../core/isa/elf.ts";
import type { Random } from "../kernel/random.ts";

const TEXT_ADDRESS = 0x1_0000;
const DATA_ADDRESS = 0x2_0000;

/**
 * Writes what a sampled head of an executable may hold: mostly a small ELF file that can be run,
 * sometimes a script, a damaged header, or anything.
 *
 * @param length bytes of the sample
 * @param size bytes of the file
 */
export function writeImageHead(to: Uint8Array, length: number, size: number, random: Random): void {
  to.fill(0, 0, length);
  const draw = random.below(20);
  if (draw === 0) {
    for (let i = 0; i < length; i++) to[i] = random.bits();
    return;
  }
  if (draw < 3) {
    const text = random.pick(["#!/small -x\n", "#! /file  one two \n", "#!", "#!/tmp/a\n", "#!/x"]);
    for (let i = 0; i < text.length && i < length; i++) to[i] = text.charCodeAt(i);
    return;
  }
  const full = elf.headerBytes + 2 * elf.programHeaderBytes;
  if (length < full) return;
  const view = new DataView(to.buffer, to.byteOffset, length);
  const u64 = (at: number, value: number): void => view.setBigUint64(at, BigInt(value), true);
  view.setUint32(0, elf.magic, true);
  to[4] = elf.class64;
  to[5] = elf.littleEndian;
  view.setUint16(16, random.oneIn(3) ? elf.typeShared : elf.typeExecutable, true);
  view.setUint16(18, elf.machine, true);
  u64(24, TEXT_ADDRESS + 4 * random.below(16));
  u64(32, elf.headerBytes);
  view.setUint16(54, elf.programHeaderBytes, true);
  view.setUint16(56, 2, true);
  const segment = (n: number, flags: number, address: number, file: number, memory: number) => {
    const at = elf.headerBytes + n * elf.programHeaderBytes;
    view.setUint32(at, elf.segmentLoad, true);
    view.setUint32(at + 4, flags, true);
    u64(at + 8, 0);
    u64(at + 16, address);
    u64(at + 32, file);
    u64(at + 40, memory);
  };
  const file = Math.min(size, 4096 * (1 + random.below(4)));
  segment(0, elf.flagRead | elf.flagExecute, TEXT_ADDRESS, file, file);
  const data = random.oneIn(2) ? 0 : Math.min(file, 5000);
  segment(1, elf.flagRead | elf.flagWrite, DATA_ADDRESS, data, data + 4096 * random.below(4));
  // One wrong byte or word somewhere in the headers.
  if (draw === 3) to[random.below(full)] = random.bits();
  else if (draw === 4) view.setUint32(4 * random.below(full / 4), random.bits(), true);
}
