/* Measure: getppid N times, or a loop of N turns that calls nothing. nullcall [N [empty]] */
#include "lib.h"

int main(int argc, char **argv) {
  long count = number_or(argc > 1 ? argv[1] : NULL, 100000);
  int empty = argc > 2 && strcmp(argv[2], "empty") == 0;
  u64 sum = 0;
  if (empty) {
    for (long i = 0; i < count; i++) __asm__ volatile("" : "+r"(sum));
  } else {
    long parent = sys_getppid();
    for (long i = 0; i < count; i++) sum += sys_getppid() == parent;
  }
  print("nullcall %lu\n", sum);
  return 0;
}
