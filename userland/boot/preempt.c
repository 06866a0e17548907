/* Boot stage: two processes that never call the kernel share one hart, and both get on. */
#include "lib.h"

enum {
  /* A step of the counter this long between two loop turns means that another one ran. */
  GAP_TICKS = 20000,
  GAPS_WANTED = 4,
  GAPS_NEEDED = 2,
  /* Turns without a gap after which a spinner gives up. */
  PATIENCE = 4000000,
};

struct report {
  u64 started, ended, turns, gaps;
};

static u64 ticks(void) {
  u64 now;
  __asm__ volatile("rdtime %0" : "=r"(now));
  return now;
}

/* Spins, without any call, until it has seen often enough that it was put aside. */
static struct report spin(void) {
  struct report report = {ticks(), 0, 0, 0};
  u64 last = report.started;
  for (u64 quiet = 0; report.gaps < GAPS_WANTED && quiet < PATIENCE; report.turns++) {
    u64 now = ticks();
    quiet++;
    if (now - last > GAP_TICKS) {
      report.gaps++;
      quiet = 0;
    }
    last = now;
  }
  report.ended = last;
  return report;
}

int main(void) {
  enum { SPINNERS = 2 };
  int fds[2], gate[2];
  CHECK_EQUAL(pipe(fds), 0);
  CHECK_EQUAL(pipe(gate), 0);
  CHECK_EQUAL(pin_to_hart(1), 0);
  for (int i = 0; i < SPINNERS; i++) {
    long child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      /* Both start together, when the parent is done with the hart. */
      u8 go;
      read_all(gate[0], &go, 1);
      struct report report = spin();
      write_all(fds[1], &report, sizeof report);
      exit(0);
    }
  }
  sys_close(fds[1]);
  write_all(gate[1], "go", SPINNERS);
  struct report reports[SPINNERS];
  CHECK_EQUAL(read_all(fds[0], reports, sizeof reports), sizeof reports);
  for (int i = 0; i < SPINNERS; i++) {
    CHECK(reports[i].gaps >= GAPS_NEEDED);
    CHECK(reports[i].turns > 0);
    CHECK(reports[i].started < reports[1 - i].ended);
    CHECK_EQUAL(wait_for(-1), 0);
  }
  sys_close(fds[0]);
  sys_close(gate[0]);
  sys_close(gate[1]);
  CHECK_EQUAL(unpin(), 0);
  print("preempt: two spinners shared a hart\n");
  return check_result();
}
