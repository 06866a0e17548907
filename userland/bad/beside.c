/*
 * Hostile, with a witness: a bomb takes all there is of something and holds it, and goes on asking
 * for more, while a process that only wants to do its work counts how far it comes. Once that has
 * come far enough the bomb is killed with all its children, and what it had can be had again.
 * beside forks|frames|pages
 */
#include "lib.h"

enum { STEPS = 8, SPINNERS = 3 };

static u8 work[4 * PAGE];
/* Its end says that the bomb holds all it can: whoever could write must have closed it. */
static int full[2];

static void spin(void) {
  for (;;) __asm__ volatile("" ::: "memory");
}

/* Children that stay: a few busy ones, sleepers all others. */
static long take_forks(void) {
  for (long made = 0;; made++) {
    long child = fork();
    if (child < 0) return child;
    if (child > 0) continue;
    sys_close(full[1]);
    if (made < SPINNERS) spin();
    for (;;) sleep_for(1000000000);
  }
}

/* Frames behind pipes: whoever asks for one more is refused, not killed. */
static long take_frames(void) {
  int ends[2];
  for (;;) {
    long answer = sys_pipe2((long)ends, O_NONBLOCK);
    if (answer < 0) return answer;
    while ((answer = sys_write(ends[1], (long)work, PAGE)) > 0) {}
    if (answer != -EAGAIN) return answer;
  }
}

/* Pages of children: each touches until it is killed, and there is always a next. */
static long take_pages(void) {
  for (;;) {
    long child = fork();
    if (child < 0) return child;
    if (child == 0) {
      for (;;) {
        long area = map_pages(64 * PAGE, PROT_READ | PROT_WRITE);
        if (area < 0) exit(1);
        for (u64 i = 0; i < 64; i++) *(volatile u8 *)(area + i * PAGE) = 1;
      }
    }
    long status = wait_for(child);
    if (TERMINATION_SIGNAL(status) == SIGKILL) return -ENOMEM;
  }
}

/* Work that needs nothing new: arithmetic in its own pages, and a line when a step is done. */
static void witness(int told, int tell) {
  u64 sum = CHECKSUM_SEED;
  u8 byte = 0;
  memset(work, 1, sizeof work);
  write_all(tell, &byte, 1);
  read_all(told, &byte, 1);
  for (long step = 1; step <= STEPS; step++) {
    for (int i = 0; i < 4; i++) {
      sum = checksum(sum, work, sizeof work);
      work[step] = (u8)sum;
    }
    print("witness: step %ld\n", step);
  }
  exit(0);
}

int main(int argc, char **argv) {
  const char *thing = argc > 1 ? argv[1] : "forks";
  long (*take)(void) = take_forks;
  if (strcmp(thing, "frames") == 0) take = take_frames;
  if (strcmp(thing, "pages") == 0) take = take_pages;
  int ready[2];
  CHECK_EQUAL(pipe(full), 0);
  CHECK_EQUAL(pipe(ready), 0);
  long watcher = fork();
  CHECK(watcher >= 0);
  if (watcher == 0) {
    sys_close(full[1]);
    witness(full[0], ready[1]);
  }
  u8 byte = 0;
  CHECK_EQUAL(read_all(ready[0], &byte, 1), 1);
  long bomb = fork();
  CHECK(bomb >= 0);
  if (bomb == 0) {
    sys_setpgid(0, 0);
    /* The pipe's buffer and these pages are there before the rest is taken. */
    memset(work, 2, sizeof work);
    sys_close(full[0]);
    long error = take();
    print("bomb: full, error %ld\n", -error);
    sys_close(full[1]);
    /* It does not give up, but has its children to look after as well. */
    for (;; sleep_for(100000)) take();
  }
  sys_close(full[0]);
  sys_close(full[1]);
  CHECK_EQUAL(wait_for(watcher), 0);
  print("witness: done\n");
  CHECK_EQUAL(sys_kill(-bomb, SIGKILL), 0);
  CHECK_EQUAL(TERMINATION_SIGNAL(wait_for(bomb)), SIGKILL);
  print("bomb: dead\n");
  /* Its children are init's; they go as they are reaped. */
  long again = -EAGAIN;
  for (int turn = 0; turn < 200 && (again = fork()) < 0; turn++) sleep_for(1000000);
  if (again == 0) exit(3);
  CHECK_EQUAL(wait_for(again), STATUS_OF_EXIT(3));
  return check_result();
}
