/* Measure: N children that only exit. forkexit [N] */
#include "lib.h"

int main(int argc, char **argv) {
  long count = number_or(argc > 1 ? argv[1] : NULL, 2000);
  u64 sum = 0;
  for (long i = 0; i < count; i++) {
    long child = fork();
    if (child == 0) exit((int)(i & 63));
    sum += (u64)EXIT_STATUS(wait_for(child));
  }
  print("forkexit %lu\n", sum);
  return 0;
}
