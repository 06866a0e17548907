/* Measure: N writes of one byte to /dev/null. writenull [N] */
#include "lib.h"

int main(int argc, char **argv) {
  long count = number_or(argc > 1 ? argv[1] : NULL, 100000);
  long fd = sys_openat(AT_FDCWD, (long)"/dev/null", O_WRONLY, 0);
  if (fd < 0) {
    print_to(2, "writenull: cannot open /dev/null (error %ld)\n", -fd);
    return 1;
  }
  u64 sum = 0;
  for (long i = 0; i < count; i++) sum += (u64)sys_write(fd, (long)"x", 1);
  print("writenull %lu\n", sum);
  return 0;
}
