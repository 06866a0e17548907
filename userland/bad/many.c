/*
 * Hostile: `count` processes at one time. All wait for one word; then each ends with an exit status
 * of its own, or of a signal that its number chooses, and every one of them is reaped. many [count]
 */
#include "lib.h"

enum { MOST = 4096, SIGNALLED = 7 };

static long children[MOST];
static u8 seen[MOST];

static void wait_for_word(int fd) {
  u8 byte;
  read_all(fd, &byte, 1);
}

static int status_of(long i) {
  return i % SIGNALLED == 0 ? SIGTERM : STATUS_OF_EXIT((int)(i * 37 & 0xff));
}

int main(int argc, char **argv) {
  long count = number_or(argc > 1 ? argv[1] : NULL, 1000);
  if (count > MOST) count = MOST;
  int word[2];
  CHECK_EQUAL(pipe(word), 0);
  long made = 0;
  for (; made < count; made++) {
    long child = fork();
    if (child < 0) break;
    if (child == 0) {
      sys_close(word[1]);
      wait_for_word(word[0]);
      if (made % SIGNALLED == 0) sys_kill(sys_getpid(), SIGTERM);
      exit((int)(made * 37 & 0xff));
    }
    children[made] = child;
  }
  CHECK_EQUAL(made, count);
  print("many: %ld live\n", made);
  sys_close(word[1]);
  /* Half are reaped by name, in reverse; whoever comes first of the rest, until none is left. */
  long reaped = 0;
  for (long i = made - 1; i >= made / 2; i--) {
    CHECK_EQUAL(wait_for(children[i]), status_of(i));
    seen[i]++;
    reaped++;
  }
  for (;;) {
    int status = 0;
    long child = sys_wait4(-1, (long)&status, 0, 0);
    if (child == -ECHILD) break;
    long i = 0;
    while (i < made && children[i] != child) i++;
    CHECK(i < made);
    CHECK_EQUAL(status, status_of(i));
    seen[i]++;
    reaped++;
  }
  for (long i = 0; i < made; i++) CHECK_EQUAL(seen[i], 1);
  print("many: %ld reaped\n", reaped);
  return check_result();
}
