const TABLE = new Int32Array(256);
for (let n = 0; n < 256; n++) {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = (c & 1) !== 0 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  TABLE[n] = c;
}

/** CRC-32 (polynomial 0xEDB88320, reflected, inverted at both ends) of bytes[from, to). */
export function crc32(bytes: Uint8Array, from: number, to: number): number {
  let c = -1;
  for (let i = from; i < to; i++) c = (c >>> 8) ^ TABLE[(c ^ bytes[i]) & 255];
  return ~c >>> 0;
}
