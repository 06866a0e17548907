#include "lib.h"

enum { MASK_BYTES = 128 };

/* The harts this process started with; read once, before the first pinning narrows them. */
static u8 first_mask[MASK_BYTES];
static long first_count;

static long load_first_mask(void) {
  if (first_count) return first_count;
  long bytes = sys_sched_getaffinity(0, MASK_BYTES, (long)first_mask);
  if (bytes < 0) return bytes;
  for (long i = 0; i < bytes; i++) first_count += __builtin_popcount(first_mask[i]);
  return first_count;
}

long hart_count(void) {
  return load_first_mask();
}

long pin_to_hart(long index) {
  long count = load_first_mask();
  if (count <= 0) return count;
  long wanted = index % count;
  u8 mask[MASK_BYTES] = {0};
  for (long hart = 0; hart < MASK_BYTES * 8; hart++) {
    if (!(first_mask[hart / 8] >> (hart % 8) & 1)) continue;
    if (wanted-- == 0) {
      mask[hart / 8] = (u8)(1 << hart % 8);
      break;
    }
  }
  return sys_sched_setaffinity(0, MASK_BYTES, (long)mask);
}

long unpin(void) {
  long count = load_first_mask();
  return count <= 0 ? count : sys_sched_setaffinity(0, MASK_BYTES, (long)first_mask);
}

long current_hart(void) {
  u32 hart = 0;
  long answer = sys_getcpu((long)&hart, 0);
  return answer < 0 ? answer : (long)hart;
}
