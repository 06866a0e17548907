/*
 * Boot stage: a load that begins on one hart spreads over the idle ones, and who is pinned stays.
 *
 * steal [workers [turns [time]]]: with a third argument it prints the ticks it took.
 */
#include "lib.h"

enum { MOST_WORKERS = 64, LOOKS = 32 };

struct report {
  u64 harts; /* a bit for each hart it was seen on */
  u64 sum;
};

static u64 ticks(void) {
  u64 now;
  __asm__ volatile("rdtime %0" : "=r"(now));
  return now;
}

/* The same work for everyone, with a look now and then at where it is done. */
static struct report work(long turns) {
  struct report report = {0, CHECKSUM_SEED};
  for (int look = 0; look < LOOKS; look++) {
    report.harts |= 1ull << (current_hart() & 63);
    for (long turn = 0; turn < turns / LOOKS; turn++) {
      report.sum = (report.sum ^ (u64)turn) * 0x100000001b3ull;
    }
  }
  report.harts |= 1ull << (current_hart() & 63);
  return report;
}

/* Worker 0 stays pinned to the hart it was forked on; the others may go anywhere. */
static __attribute__((noreturn)) void be_worker(long number, long turns, int gate, int out) {
  u8 go = 0;
  if (number > 0 && unpin() != 0) exit(1);
  if (write_all(out, &go, 1) != 1 || read_all(gate, &go, 1) != 1) exit(1);
  struct report reports[2] = {{(u64)number, 0}, work(turns)};
  exit(write_all(out, reports, sizeof reports) == sizeof reports ? 0 : 1);
}

int main(int argc, char **argv) {
  long workers = number_or(argc > 1 ? argv[1] : NULL, 6);
  long turns = number_or(argc > 2 ? argv[2] : NULL, 64000);
  if (workers < 2 || workers > MOST_WORKERS || turns < LOOKS) {
    print_to(2, "usage: steal [workers [turns [time]]]\n");
    return 2;
  }
  long harts = hart_count();
  int gate[2], out[2];
  CHECK_EQUAL(pipe(gate), 0);
  CHECK_EQUAL(pipe(out), 0);
  CHECK_EQUAL(pin_to_hart(0), 0);
  u64 home = 1ull << current_hart();
  for (long i = 0; i < workers; i++) {
    long child = fork();
    CHECK(child >= 0);
    if (child == 0) be_worker(i, turns, gate[0], out[1]);
  }
  /* All wait at the gate, at home; then all are ready there at once. */
  static u8 go[MOST_WORKERS];
  CHECK_EQUAL(read_all(out[0], go, (usize)workers), workers);
  u64 began = ticks();
  write_all(gate[1], go, (usize)workers);
  u64 pinned = 0, seen = 0, sum = 0;
  for (long i = 0; i < workers; i++) {
    struct report reports[2];
    if (read_all(out[0], reports, sizeof reports) != sizeof reports) break;
    if (reports[0].harts == 0) pinned = reports[1].harts;
    else seen |= reports[1].harts;
    if (i == 0) sum = reports[1].sum;
    CHECK_EQUAL(reports[1].sum, sum);
  }
  u64 took = ticks() - began;
  CHECK_EQUAL(pinned, home);
  /* An emulator's host decides for itself who runs where. */
  if (harts > 1 && !environment_get("RUNNER")) CHECK(__builtin_popcountl(seen) > 1);
  for (long i = 0; i < workers; i++) CHECK_EQUAL(wait_for(-1), 0);
  for (int i = 0; i < 2; i++) {
    sys_close(gate[i]);
    sys_close(out[i]);
  }
  CHECK_EQUAL(unpin(), 0);
  print("steal: %ld workers began on one hart, the pinned one stayed there\n", workers);
  if (argc > 3) print("steal: %lu ticks\n", took);
  return check_result();
}
