/* Measure: N round trips of one byte between two processes. pipepong [N [hart-apart]] */
#include "lib.h"

int main(int argc, char **argv) {
  long count = number_or(argc > 1 ? argv[1] : NULL, 20000);
  long apart = number_or(argc > 2 ? argv[2] : NULL, 0);
  int there[2], back[2];
  pipe(there);
  pipe(back);
  pin_to_hart(0);
  long child = fork();
  u8 byte = 0;
  if (child == 0) {
    pin_to_hart(apart);
    sys_close(there[1]);
    while (read_all(there[0], &byte, 1) == 1) {
      byte++;
      write_all(back[1], &byte, 1);
    }
    exit(0);
  }
  u64 sum = 0;
  for (long i = 0; i < count; i++) {
    write_all(there[1], &byte, 1);
    if (read_all(back[0], &byte, 1) != 1) return 1;
    sum += byte;
  }
  sys_close(there[1]);
  if (wait_for(child)) return 1;
  print("pipepong %lu\n", sum);
  return 0;
}
