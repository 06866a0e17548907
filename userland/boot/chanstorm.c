/*
 * Boot stage: children make channels and destroy them in a drawn order, all at once, while a server
 * and a client talk beside them. What was made must all be gone in the end, or the one that is left
 * is named.
 *
 * chanstorm [CHILDREN [ROUNDS [CHANNELS [SKIP]]]]: with SKIP the first child leaves out one destroy
 * in that round, from 1 on.
 */
#include "progress.h"
#include "stressor.h"

enum { MOST_CHILDREN = 64, MOST_CHANNELS = 128, SLOTS = 4096, PARTS = 8 };
/* How often both of those beside must be seen to get on, in loads of so many channels. */
enum { LOOKS = 4, LONG_LOAD = 40000, STRESSOR_HART = 4 };
#define SELF 0

/* What a child tells: how far it is, and at the end the channel it still has, or 0. */
struct report {
  long created;
  long destroyed;
  long kept;
  long at_end;
};

static long children, rounds, channels, skip;

/* Channels this child has, by slot: what it may not be given again before it has destroyed them. */
static long book[SLOTS];

static __attribute__((noreturn)) void fail(const char *what, long number) {
  print("chanstorm: %s (%ld) in process %ld\n", what, number, sys_getpid());
  exit(1);
}

/* Fisher and Yates, by numbers that come from the kernel once a round. */
static void shuffle(long *items, long count) {
  u64 state;
  if (sys_getrandom((long)&state, sizeof state, 0) != sizeof state) fail("getrandom", 0);
  for (long left = count; left > 1; left--) {
    long at = (long)(random_next(&state) % (u64)left);
    long item = items[at];
    items[at] = items[left - 1];
    items[left - 1] = item;
  }
}

static void do_round(long child, long round, struct report *report) {
  long made[MOST_CHANNELS];
  for (long i = 0; i < channels; i++) {
    made[i] = sys_channel_create(0);
    if (made[i] <= 0) fail("no channel", made[i]);
    long *place = &book[made[i] & (SLOTS - 1)];
    if (*place) fail("made over one that stands", *place);
    *place = made[i];
    report->created++;
  }
  shuffle(made, channels);
  for (long i = 0; i < channels; i++) {
    if (child == 0 && round + 1 == skip && i == channels / 2) continue;
    long answer = sys_channel_destroy(made[i]);
    if (answer) fail("destroy", answer);
    book[made[i] & (SLOTS - 1)] = 0;
    report->destroyed++;
  }
  /* Its number is no channel any more, neither to its owner nor to who would connect. */
  if (sys_channel_destroy(made[0]) != -EINVAL) fail("destroyed twice", made[0]);
  if (sys_connect_attach(SELF, made[0]) != -ESRCH) fail("reached after its end", made[0]);
}

static __attribute__((noreturn)) void be_child(long child, int out, int gate) {
  struct report report = {0, 0, 0, 0};
  for (long round = 0; round < rounds; round++) {
    do_round(child, round, &report);
    if (rounds < PARTS || (round + 1) % (rounds / PARTS) || round + 1 == rounds) continue;
    if (write_all(out, &report, sizeof report) != sizeof report) fail("report", round);
  }
  report.at_end = 1;
  for (long slot = 0; slot < SLOTS; slot++) {
    if (book[slot]) report.kept = book[slot];
  }
  if (write_all(out, &report, sizeof report) != sizeof report) fail("report", rounds);
  /* Stays until all have been counted. */
  u8 go;
  exit(read_all(gate, &go, 1) == 1 ? 0 : 1);
}

/* Adds up what the children tell; the number of channels that stand though they should not. */
static long collect(int in, long server_pid, struct stressor *stressor) {
  long created = 0, destroyed = 0, kept = 0, at_end = 0, heard = 0;
  long parts = rounds < PARTS ? 1 : PARTS, looks = children * parts / LOOKS;
  while (at_end < children) {
    struct report report;
    if (read_all(in, &report, sizeof report) != sizeof report) fail("no report", at_end);
    mark_progress("chanstorm", ++heard);
    if (children * rounds * channels >= LONG_LOAD && heard % looks == 0) CHECK(stressor_got_on(stressor));
    if (!report.at_end) continue;
    at_end++;
    created += report.created;
    destroyed += report.destroyed;
    if (report.kept == 0) continue;
    kept++;
    print("chanstorm: channel %ld was not destroyed\n", report.kept);
  }
  CHECK_EQUAL(created, children * rounds * channels);
  CHECK_EQUAL(destroyed, created - kept);
  /* All wait here; what reads the journal looks whether the kernel has as many as we say. */
  print("chanstorm: gate %ld kept, beside the one of %ld\n", kept, server_pid);
  if (kept == 0) print("chanstorm: %ld made and destroyed by %ld children\n", created, children);
  return kept;
}

int main(int argc, char **argv) {
  children = number_or(argc > 1 ? argv[1] : NULL, 8);
  rounds = number_or(argc > 2 ? argv[2] : NULL, 2);
  channels = number_or(argc > 3 ? argv[3] : NULL, 64);
  skip = number_or(argc > 4 ? argv[4] : NULL, 0);
  if (children < 1 || children > MOST_CHILDREN || rounds < 1 || channels < 1 ||
      channels > MOST_CHANNELS) {
    print_to(2, "usage: chanstorm [CHILDREN [ROUNDS [CHANNELS [SKIP]]]]\n");
    return 2;
  }
  int reports[2], gate[2];
  CHECK_EQUAL(pipe(reports), 0);
  CHECK_EQUAL(pipe(gate), 0);
  struct stressor *stressor = stressor_start(STRESSOR_HART);
  CHECK(stressor != NULL);
  if (!stressor) return 1;
  long pids[MOST_CHILDREN];
  for (long i = 0; i < children; i++) {
    pids[i] = fork();
    CHECK(pids[i] >= 0);
    if (pids[i] != 0) continue;
    sys_close(reports[0]);
    sys_close(gate[1]);
    be_child(i, reports[1], gate[0]);
  }
  sys_close(reports[1]);
  sys_close(gate[0]);
  long kept = collect(reports[0], stressor->server, stressor);
  static u8 go[MOST_CHILDREN];
  CHECK_EQUAL(write_all(gate[1], go, (usize)children), children);
  for (long i = 0; i < children; i++) CHECK_EQUAL(wait_for(pids[i]), 0);
  long beside = stressor_end(stressor);
  CHECK(beside > 0);
  if (kept == 0 && check_result() == 0) print("chanstorm: %ld round trips beside\n", beside);
  return kept ? 1 : check_result();
}
