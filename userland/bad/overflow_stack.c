/* Hostile: recurses until the stack may grow no further. Dies of SIGSEGV. */
#include "lib.h"

__attribute__((noinline)) static u64 recurse(volatile u64 *below) {
  volatile u64 room[400];
  room[0] = *below + 1;
  if (!room[0]) return 0;
  return recurse(room) + room[0];
}

int main(void) {
  volatile u64 start = 0;
  return (int)recurse(&start);
}
