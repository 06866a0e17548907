/*
 * Hostile: many processes at once that do one thing together. crowd [count]
 *   - all read one pipe, all are told of its end at the same moment;
 *   - all sleep, one signal to their group ends them;
 *   - all are orphaned at once, and end together;
 *   - each is the child of the one before, and the first dies.
 * Fewer are made where `count` cannot be had, and a lack of memory may kill some.
 */
#include "lib.h"

enum { MOST = 4096 };

static long children[MOST];

/* Forks up to `count` children that run `body` and exit; how many there are. */
static long start(long count, void (*body)(int), int fd) {
  long made = 0;
  while (made < count) {
    long child = fork();
    if (child < 0) break;
    if (child == 0) {
      body(fd);
      exit(7);
    }
    children[made++] = child;
  }
  return made;
}

/* Long enough to be there when the signal comes; it ends where a lack of memory killed the leader. */
static void sleep_long(int fd) {
  (void)fd;
  sleep_for(1000000000000);
}

static void read_end(int fd) {
  u8 byte;
  if (read_all(fd, &byte, 1) != 0) exit(8);
}

static long together_at_pipe(long count) {
  int fds[2];
  CHECK_EQUAL(pipe(fds), 0);
  /* The writing end must be ours alone, or the readers keep one another waiting. */
  sys_fcntl(fds[1], F_SETFD, FD_CLOEXEC);
  long made = 0;
  while (made < count) {
    long child = fork();
    if (child < 0) break;
    if (child == 0) {
      sys_close(fds[1]);
      read_end(fds[0]);
      exit(7);
    }
    children[made++] = child;
  }
  sleep_for(20000000);
  sys_close(fds[1]);
  sys_close(fds[0]);
  for (long i = 0; i < made; i++) {
    long status = wait_for(children[i]);
    CHECK(status == STATUS_OF_EXIT(7) || TERMINATION_SIGNAL(status) == SIGKILL);
  }
  return made;
}

static long together_by_signal(long count) {
  int report[2];
  CHECK_EQUAL(pipe(report), 0);
  long leader = fork();
  if (leader == 0) {
    CHECK_EQUAL(sys_setpgid(0, 0), 0);
    long made = start(count, sleep_long, 0);
    write_all(report[1], &made, sizeof made);
    sleep_long(0);
    exit(1);
  }
  sys_close(report[1]);
  long made = 0;
  if (leader < 0 || read_all(report[0], &made, sizeof made) != sizeof made) made = -1;
  sys_close(report[0]);
  if (leader < 0) return -1;
  sys_kill(-leader, SIGTERM);
  CHECK_EQUAL(TERMINATION_SIGNAL(wait_for(leader)), made < 0 ? SIGKILL : SIGTERM);
  return made;
}

/* The middle process leaves its children behind; they hold the pipe open until they end. */
static long orphans(long count) {
  int fds[2];
  CHECK_EQUAL(pipe(fds), 0);
  long middle = fork();
  if (middle == 0) {
    long made = 0;
    for (; made < count; made++) {
      long child = fork();
      if (child < 0) break;
      if (child == 0) {
        sleep_for(30000000);
        exit(0);
      }
    }
    write_all(fds[1], &made, sizeof made);
    exit(0);
  }
  sys_close(fds[1]);
  long made = -1;
  u8 rest;
  read_all(fds[0], &made, sizeof made);
  CHECK_EQUAL(read_all(fds[0], &rest, 1), 0);
  sys_close(fds[0]);
  if (middle > 0) wait_for(middle);
  return made;
}

/* A line of descent: each process forks one, and waits for a word that never comes. */
static long descent(long count) {
  int word[2], report[2];
  CHECK_EQUAL(pipe(word), 0);
  CHECK_EQUAL(pipe(report), 0);
  long first = fork();
  if (first == 0) {
    sys_close(word[1]);
    sys_close(report[0]);
    long depth = 1;
    while (depth < count) {
      long child = fork();
      if (child > 0) read_end(word[0]);
      if (child > 0) exit(0);
      if (child < 0) break;
      depth++;
    }
    write_all(report[1], &depth, sizeof depth);
    read_end(word[0]);
    exit(0);
  }
  sys_close(word[0]);
  sys_close(report[1]);
  /* A lack of memory may kill the last one before it reports, so nobody waits for that. */
  sleep_for(100000000);
  if (first > 0) sys_kill(first, SIGKILL);
  if (first > 0) CHECK_EQUAL(TERMINATION_SIGNAL(wait_for(first)), SIGKILL);
  sys_close(word[1]);
  long depth = -1;
  u8 rest;
  if (read_all(report[0], &depth, sizeof depth) != sizeof depth) depth = -1;
  CHECK_EQUAL(read_all(report[0], &rest, 1), 0);
  sys_close(report[0]);
  return depth;
}

int main(int argc, char **argv) {
  long count = number_or(argc > 1 ? argv[1] : NULL, 1000);
  if (count > MOST) count = MOST;
  long at_pipe = together_at_pipe(count);
  long by_signal = together_by_signal(count);
  long left = orphans(count);
  long deep = descent(count);
  /* Whoever ended last was init's, and may still be there. */
  sleep_for(50000000);
  print("crowd: %ld at a pipe, %ld by signal, %ld orphans, %ld deep\n", at_pipe, by_signal, left, deep);
  return check_result();
}
