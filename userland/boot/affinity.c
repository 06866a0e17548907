/* Boot stage: a process moves between harts, and its mappings change under it everywhere. */
#include "lib.h"

enum { PAGES = 16 };

static void check_moves(long harts) {
  long first = -1;
  for (long i = 0; i < harts; i++) {
    CHECK_EQUAL(pin_to_hart(i), 0);
    long here = current_hart();
    CHECK(here >= 0);
    if (i == 0) first = here;
    if (i > 0) CHECK(here != first);
    u64 mask[16] = {0};
    CHECK(sys_sched_getaffinity(0, sizeof mask, (long)mask) > 0);
    int bits = 0;
    for (int w = 0; w < 16; w++) bits += __builtin_popcountl(mask[w]);
    CHECK_EQUAL(bits, 1);
    CHECK_EQUAL(mask[here / 64] >> (here % 64) & 1, 1);
  }
  CHECK_EQUAL(pin_to_hart(0), 0);
  CHECK_EQUAL(current_hart(), first);
  u64 none = 0;
  CHECK_EQUAL(sys_sched_setaffinity(0, sizeof none, (long)&none), -EINVAL);
  CHECK_EQUAL(unpin(), 0);
}

/* Pages used on two harts are changed on one of them; the other must not keep the old view. */
static void check_shootdown(long harts) {
  for (long round = 0; round < harts; round++) {
    long area = map_pages(PAGES * PAGE, PROT_READ | PROT_WRITE);
    CHECK(area > 0);
    volatile u8 *bytes = (volatile u8 *)area;
    pin_to_hart(round);
    for (usize i = 0; i < PAGES; i++) bytes[i * PAGE] = (u8)(i + 1);
    pin_to_hart(round + 1);
    for (usize i = 0; i < PAGES; i++) {
      CHECK_EQUAL(bytes[i * PAGE], i + 1);
      bytes[i * PAGE] = (u8)(i + 2);
    }
    CHECK_EQUAL(sys_mprotect(area, PAGES / 2 * PAGE, PROT_READ), 0);
    pin_to_hart(round);
    for (usize i = 0; i < PAGES; i++) {
      CHECK_EQUAL(probe_store(bytes + i * PAGE + 1, 1), i < PAGES / 2 ? SIGSEGV : 0);
      CHECK_EQUAL(bytes[i * PAGE], i + 2);
    }
    CHECK_EQUAL(sys_munmap(area, PAGES * PAGE), 0);
    pin_to_hart(round + 1);
    for (usize i = 0; i < PAGES; i++) CHECK_EQUAL(probe_load(bytes + i * PAGE), SIGSEGV);
    /* What is mapped there next starts from zero on both. */
    CHECK_EQUAL(sys_mmap(area, PAGES * PAGE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                area);
    CHECK_EQUAL(bytes[PAGE], 0);
    pin_to_hart(round);
    CHECK_EQUAL(bytes[2 * PAGE], 0);
    CHECK_EQUAL(sys_munmap(area, PAGES * PAGE), 0);
  }
  unpin();
}

/* A child inherits the mask; each child pinned elsewhere reports the hart it ran on. */
static void check_children(long harts) {
  int fds[2];
  CHECK_EQUAL(pipe(fds), 0);
  for (long i = 0; i < harts; i++) {
    pin_to_hart(i);
    long wanted = current_hart();
    if (fork() == 0) {
      for (int turn = 0; turn < 3; turn++) {
        sys_sched_yield();
        if (current_hart() != wanted) exit(1);
      }
      write_all(fds[1], &wanted, sizeof wanted);
      exit(0);
    }
  }
  unpin();
  sys_close(fds[1]);
  u64 seen = 0;
  long hart;
  while (read_all(fds[0], &hart, sizeof hart) == sizeof hart) seen |= 1ull << (hart & 63);
  CHECK_EQUAL(__builtin_popcountl(seen), harts);
  for (long i = 0; i < harts; i++) CHECK_EQUAL(wait_for(-1), 0);
  sys_close(fds[0]);
}

int main(void) {
  probes_install();
  long harts = hart_count();
  CHECK(harts >= 1);
  CHECK_EQUAL(sys_sched_getaffinity(0, 0, 0), -EINVAL);
  check_moves(harts);
  check_shootdown(harts);
  check_children(harts);
  print("affinity: ran on %ld harts\n", harts);
  return check_result();
}
