/*
 * Hostile: forks children that stay, until the kernel refuses or `limit` are there; then all are
 * killed and reaped, and it must be able to fork again. fork_bomb [limit]
 */
#include "lib.h"

int main(int argc, char **argv) {
  enum { MOST = 4096 };
  static long children[MOST];
  long limit = number_or(argc > 1 ? argv[1] : NULL, MOST);
  if (limit > MOST) limit = MOST;
  long count = 0, error = 0;
  while (count < limit) {
    long child = fork();
    if (child == 0) {
      for (;;) sleep_for(1000000000);
    }
    if (child < 0) {
      error = -child;
      break;
    }
    children[count++] = child;
  }
  for (long i = 0; i < count; i++) sys_kill(children[i], SIGKILL);
  for (long i = 0; i < count; i++) CHECK_EQUAL(TERMINATION_SIGNAL(wait_for(children[i])), SIGKILL);
  long again = fork();
  if (again == 0) exit(3);
  CHECK_EQUAL(wait_for(again), STATUS_OF_EXIT(3));
  print("fork_bomb: %ld children, then error %ld\n", count, error);
  return check_result();
}
