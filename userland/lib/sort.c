#include "lib.h"

static void swap(u8 *a, u8 *b, usize size) {
  while (size--) {
    u8 kept = *a;
    *a++ = *b;
    *b++ = kept;
  }
}

/* The middle one of three elements, so that sorted input does not go quadratic. */
static u8 *middle_of(u8 *a, u8 *b, u8 *c, int (*compare)(const void *, const void *)) {
  if (compare(a, b) < 0) {
    if (compare(b, c) < 0) return b;
    return compare(a, c) < 0 ? c : a;
  }
  if (compare(a, c) < 0) return a;
  return compare(b, c) < 0 ? c : b;
}

void qsort(void *base, usize count, usize size, int (*compare)(const void *, const void *)) {
  u8 *low = base;
  while (count > 1) {
    u8 *last = low + (count - 1) * size;
    swap(middle_of(low, low + count / 2 * size, last, compare), last, size);
    u8 *boundary = low;
    for (u8 *at = low; at < last; at += size) {
      if (compare(at, last) < 0) {
        swap(at, boundary, size);
        boundary += size;
      }
    }
    swap(boundary, last, size);
    usize left = (usize)(boundary - low) / size;
    usize right = count - left - 1;
    /* Recursing into the smaller part bounds the depth by log2(count). */
    if (left < right) {
      qsort(low, left, size, compare);
      low = boundary + size;
      count = right;
    } else {
      qsort(boundary + size, right, size, compare);
      count = left;
    }
  }
}
