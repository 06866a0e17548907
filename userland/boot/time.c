/* Boot stage: clocks go forward, sleeps last, random numbers differ. */
#include "lib.h"

static void check_monotonic(void) {
  u64 last = clock_now(CLOCK_MONOTONIC);
  CHECK(last > 0);
  for (int i = 0; i < 200; i++) {
    u64 now = clock_now(CLOCK_MONOTONIC);
    CHECK(now >= last);
    last = now;
  }
  /* The counter registers agree with the clock's direction. */
  u64 before, after;
  __asm__ volatile("rdtime %0" : "=r"(before));
  clock_now(CLOCK_MONOTONIC);
  __asm__ volatile("rdtime %0" : "=r"(after));
  CHECK(after > before);
  CHECK_EQUAL(sys_clock_gettime(99, (long)&before), -EINVAL);
}

static void check_realtime(void) {
  u64 now = clock_now(CLOCK_REALTIME);
  CHECK(now > 0);
  struct timespec time;
  CHECK_EQUAL(sys_clock_gettime(CLOCK_REALTIME, (long)&time), 0);
  CHECK(time.nanoseconds >= 0 && time.nanoseconds < 1000000000);
  CHECK((u64)time.seconds * 1000000000ull + (u64)time.nanoseconds >= now);
}

static void check_sleep(void) {
  static const u64 lengths[] = {1, 50000, 1000000, 5000000};
  for (usize i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    u64 start = clock_now(CLOCK_MONOTONIC);
    sleep_for(lengths[i]);
    CHECK(clock_now(CLOCK_MONOTONIC) - start >= lengths[i]);
  }
  struct timespec wrong = {0, 1000000000};
  CHECK_EQUAL(sys_nanosleep((long)&wrong, 0), -EINVAL);
  wrong.seconds = -1;
  wrong.nanoseconds = 0;
  CHECK_EQUAL(sys_nanosleep((long)&wrong, 0), -EINVAL);
}

/* Sleepers wake in the order of their deadlines, though they start in the opposite one. */
static void check_sleep_order(void) {
  enum { SLEEPERS = 4 };
  int fds[2];
  CHECK_EQUAL(pipe(fds), 0);
  u64 start = clock_now(CLOCK_MONOTONIC);
  for (int i = 0; i < SLEEPERS; i++) {
    if (fork() == 0) {
      u8 name = (u8)(SLEEPERS - 1 - i);
      u64 late = clock_now(CLOCK_MONOTONIC) - start;
      u64 due = (name + 1) * 40000000ull;
      if (late < due) sleep_for(due - late);
      write_all(fds[1], &name, 1);
      exit(0);
    }
  }
  sys_close(fds[1]);
  u8 order[SLEEPERS + 1];
  CHECK_EQUAL(read_all(fds[0], order, sizeof order), SLEEPERS);
  for (int i = 0; i < SLEEPERS; i++) CHECK_EQUAL(order[i], i);
  for (int i = 0; i < SLEEPERS; i++) CHECK_EQUAL(wait_for(-1), 0);
  sys_close(fds[0]);
}

static void check_random(void) {
  enum { DRAWS = 8 };
  u64 drawn[DRAWS][4];
  for (int i = 0; i < DRAWS; i++) {
    CHECK_EQUAL(sys_getrandom((long)drawn[i], sizeof drawn[i], 0), sizeof drawn[i]);
    for (int other = 0; other < i; other++) {
      CHECK(memcmp(drawn[i], drawn[other], sizeof drawn[i]) != 0);
    }
  }
  u64 any = 0, all = ~0ull;
  for (int i = 0; i < DRAWS * 4; i++) {
    any |= drawn[i / 4][i % 4];
    all &= drawn[i / 4][i % 4];
  }
  CHECK_EQUAL(any, ~0ull);
  CHECK_EQUAL(all, 0);
}

int main(void) {
  check_monotonic();
  check_realtime();
  check_sleep();
  check_sleep_order();
  check_random();
  print("time: clocks, sleeps and random numbers behave\n");
  return check_result();
}
