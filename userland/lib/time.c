#include "lib.h"

u64 clock_now(int clock) {
  struct timespec now = {0, 0};
  if (sys_clock_gettime(clock, (long)&now) < 0) return 0;
  return (u64)now.seconds * 1000000000ull + (u64)now.nanoseconds;
}

void sleep_for(u64 nanoseconds) {
  struct timespec left = {(i64)(nanoseconds / 1000000000ull), (i64)(nanoseconds % 1000000000ull)};
  while (sys_nanosleep((long)&left, (long)&left) == -EINTR) {
  }
}
