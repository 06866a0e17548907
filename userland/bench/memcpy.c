/* Benchmark: copies and fills of many sizes and alignments. memcpy [repeats] */
#include "lib.h"

enum { SIZE = 1 << 18 };

static u8 from[SIZE + 64], to[SIZE + 64];

int main(int argc, char **argv) {
  long repeats = number_or(argc > 1 ? argv[1] : NULL, 1800);
  for (usize i = 0; i < sizeof from; i++) from[i] = (u8)(i * 7);
  u64 sum = CHECKSUM_SEED;
  for (long r = 0; r < repeats; r++) {
    memcpy(to, from, SIZE);
    /* Every eighth time the sides are out of step, so that bytes have to be moved one by one. */
    if (r % 8 == 0) memcpy(to + 1, from + 4, 16384);
    memset(from + (r & 1023), (int)r, 512);
    for (usize length = 1; length < 200; length += 13) memcpy(to + length * 512, from + 8, length);
    sum = checksum(sum, to + (r * 4096 & (SIZE - 1)), 256);
  }
  print("memcpy %016lx\n", sum);
  return 0;
}
