/* Benchmark: sorts pseudo-random numbers in place. quicksort [repeats] */
#include "lib.h"

enum { COUNT = 250000 };

static i64 numbers[COUNT];

static void sort(i64 *low, i64 *high) {
  while (high - low > 12) {
    i64 pivot = low[(high - low) / 2];
    i64 *left = low, *right = high;
    while (left <= right) {
      while (*left < pivot) left++;
      while (*right > pivot) right--;
      if (left > right) break;
      i64 kept = *left;
      *left++ = *right;
      *right-- = kept;
    }
    if (right - low < high - left) {
      sort(low, right);
      low = left;
    } else {
      sort(left, high);
      high = right;
    }
  }
  for (i64 *at = low + 1; at <= high; at++) {
    i64 value = *at, *hole = at;
    for (; hole > low && hole[-1] > value; hole--) *hole = hole[-1];
    *hole = value;
  }
}

int main(int argc, char **argv) {
  long repeats = number_or(argc > 1 ? argv[1] : NULL, 7);
  u64 state = 42, sum = CHECKSUM_SEED;
  for (long r = 0; r < repeats; r++) {
    for (int i = 0; i < COUNT; i++) numbers[i] = (i64)random_next(&state);
    sort(numbers, numbers + COUNT - 1);
    for (int i = 1; i < COUNT; i++) {
      if (numbers[i - 1] > numbers[i]) return 1;
    }
    for (int i = 0; i < COUNT; i += 1000) sum = checksum(sum, &numbers[i], sizeof numbers[i]);
  }
  print("quicksort %016lx\n", sum);
  return 0;
}
