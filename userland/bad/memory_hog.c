/*
 * Hostile: a child maps and touches pages until it is refused, killed or has `limit` of them; the
 * parent goes on and can still have memory. memory_hog [limit]
 */
#include "lib.h"

int main(int argc, char **argv) {
  enum { BATCH = 64 };
  long limit = number_or(argc > 1 ? argv[1] : NULL, 1l << 24);
  long child = fork();
  if (child == 0) {
    for (long pages = 0; pages < limit; pages += BATCH) {
      long area = map_pages(BATCH * PAGE, PROT_READ | PROT_WRITE);
      if (area < 0) exit(area == -ENOMEM ? 12 : 1);
      for (u64 i = 0; i < BATCH; i++) *(volatile u8 *)(area + i * PAGE) = 1;
    }
    exit(0);
  }
  long status = wait_for(child);
  int expected = status == 0 || status == STATUS_OF_EXIT(12) ||
                 TERMINATION_SIGNAL(status) == SIGKILL || TERMINATION_SIGNAL(status) == SIGBUS ||
                 TERMINATION_SIGNAL(status) == SIGSEGV;
  CHECK(expected);
  long area = map_pages(BATCH * PAGE, PROT_READ | PROT_WRITE);
  CHECK(area > 0);
  for (u64 i = 0; i < BATCH; i++) *(volatile u8 *)(area + i * PAGE) = 1;
  print("memory_hog: the child ended with status %lx\n", status);
  return check_result();
}
