/* Measure: two processes on one hart yield to each other N times each. ctxswitch [N] */
#include "lib.h"

int main(int argc, char **argv) {
  long count = number_or(argc > 1 ? argv[1] : NULL, 20000);
  pin_to_hart(0);
  long child = fork();
  u64 failed = 0;
  for (long i = 0; i < count; i++) failed += sys_sched_yield() != 0;
  if (child == 0) exit(failed != 0);
  if (wait_for(child)) return 1;
  print("ctxswitch %lu\n", (u64)count - failed);
  return 0;
}
