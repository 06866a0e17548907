#include "lib.h"

u64 checksum(u64 hash, const void *bytes, usize count) {
  const u8 *at = bytes;
  while (count--) hash = (hash ^ *at++) * 0x100000001b3ull;
  return hash;
}

u64 random_next(u64 *state) {
  u64 x = *state += 0x9e3779b97f4a7c15ull;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ x >> 27) * 0x94d049bb133111ebull;
  return x ^ x >> 31;
}
