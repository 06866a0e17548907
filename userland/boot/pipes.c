/* Boot stage: pipes between processes: rings, bulk, ends, broken ends, non-blocking ends. */
#include "lib.h"

static void close_both(int fds[2]) {
  sys_close(fds[0]);
  sys_close(fds[1]);
}

/* A token goes round through `members` processes; each adds one to it. */
static void check_ring(int members, int laps) {
  int first[2], in;
  CHECK_EQUAL(pipe(first), 0);
  in = first[0];
  for (int i = 0; i < members; i++) {
    int next[2];
    CHECK_EQUAL(pipe(next), 0);
    long child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      u64 token;
      sys_close(first[1]);
      sys_close(next[0]);
      while (read_all(in, &token, sizeof token) == sizeof token) {
        token++;
        write_all(next[1], &token, sizeof token);
      }
      exit(0);
    }
    sys_close(in);
    sys_close(next[1]);
    in = next[0];
  }
  u64 token = 0;
  for (int lap = 0; lap < laps; lap++) {
    write_all(first[1], &token, sizeof token);
    CHECK_EQUAL(read_all(in, &token, sizeof token), sizeof token);
  }
  CHECK_EQUAL(token, (u64)members * (u64)laps);
  /* Closing the entry ends the members one after another. */
  sys_close(first[1]);
  CHECK_EQUAL(read_all(in, &token, 1), 0);
  sys_close(in);
  for (int i = 0; i < members; i++) CHECK_EQUAL(wait_for(-1), 0);
}

/* A megabyte through a pipe in uneven pieces arrives whole and in order. */
static void check_bulk(void) {
  enum { TOTAL = 1 << 20 };
  int fds[2];
  CHECK_EQUAL(pipe(fds), 0);
  long child = fork();
  CHECK(child >= 0);
  static u8 buffer[150000];
  if (child == 0) {
    sys_close(fds[0]);
    usize sent = 0;
    for (usize piece = 1; sent < TOTAL; piece = piece * 3 + 1) {
      usize count = piece % sizeof buffer + 1;
      if (count > TOTAL - sent) count = TOTAL - sent;
      for (usize i = 0; i < count; i++) buffer[i] = (u8)((sent + i) * 31 >> 3);
      if (write_all(fds[1], buffer, count) != count) exit(1);
      sent += count;
    }
    exit(0);
  }
  sys_close(fds[1]);
  usize received = 0, wrong = 0;
  for (;;) {
    long count = sys_read(fds[0], (long)buffer, 40000);
    if (count <= 0) break;
    for (usize i = 0; i < (usize)count; i++) {
      wrong += buffer[i] != (u8)((received + i) * 31 >> 3);
    }
    received += (usize)count;
  }
  CHECK_EQUAL(received, TOTAL);
  CHECK_EQUAL(wrong, 0);
  sys_close(fds[0]);
  CHECK_EQUAL(wait_for(child), 0);
}

static void check_ends(void) {
  int fds[2];
  u8 buffer[16];
  CHECK_EQUAL(pipe(fds), 0);
  CHECK_EQUAL(sys_write(fds[1], (long)"abcdef", 6), 6);
  CHECK_EQUAL(sys_read(fds[0], (long)buffer, 4), 4);
  CHECK_EQUAL(sys_read(fds[0], (long)buffer, 4), 2);
  CHECK_EQUAL(sys_read(fds[0], (long)buffer, 0), 0);
  CHECK_EQUAL(sys_write(fds[1], (long)buffer, 0), 0);
  CHECK_EQUAL(sys_read(fds[1], (long)buffer, 1), -EBADF);
  CHECK_EQUAL(sys_write(fds[0], (long)buffer, 1), -EBADF);
  CHECK_EQUAL(sys_lseek(fds[0], 0, SEEK_SET), -ESPIPE);
  struct stat info;
  CHECK_EQUAL(sys_fstat(fds[0], (long)&info), 0);
  CHECK_EQUAL(info.mode & S_IFMT, S_IFIFO);
  /* Bytes written before the end are still read, then the end. */
  CHECK_EQUAL(sys_write(fds[1], (long)"z", 1), 1);
  sys_close(fds[1]);
  CHECK_EQUAL(sys_read(fds[0], (long)buffer, 4), 1);
  CHECK_EQUAL(sys_read(fds[0], (long)buffer, 4), 0);
  CHECK_EQUAL(sys_read(fds[0], (long)buffer, 4), 0);
  sys_close(fds[0]);
  CHECK_EQUAL(sys_read(fds[0], (long)buffer, 1), -EBADF);
}

static void check_broken(void) {
  int fds[2];
  CHECK_EQUAL(pipe(fds), 0);
  sys_close(fds[0]);
  signal_ignore(SIGPIPE);
  CHECK_EQUAL(sys_write(fds[1], (long)"x", 1), -EPIPE);
  signal_default(SIGPIPE);
  long child = fork();
  if (child == 0) {
    sys_write(fds[1], (long)"x", 1);
    exit(0);
  }
  CHECK_EQUAL(TERMINATION_SIGNAL(wait_for(child)), SIGPIPE);
  sys_close(fds[1]);

  /* A writer that sleeps on a full pipe is woken when its last reader goes. */
  CHECK_EQUAL(pipe(fds), 0);
  child = fork();
  if (child == 0) {
    static u8 much[1 << 17];
    sys_close(fds[0]);
    signal_ignore(SIGPIPE);
    long moved = sys_write(fds[1], (long)much, sizeof much);
    if (moved > 0) moved = sys_write(fds[1], (long)much, sizeof much);
    exit(moved == -EPIPE ? 3 : 4);
  }
  sys_close(fds[1]);
  u8 byte;
  CHECK_EQUAL(read_all(fds[0], &byte, 1), 1);
  sleep_for(2000000);
  sys_close(fds[0]);
  CHECK_EQUAL(wait_for(child), STATUS_OF_EXIT(3));
}

static void check_non_blocking(void) {
  int fds[2];
  static u8 block[1000];
  CHECK_EQUAL(sys_pipe2((long)fds, O_NONBLOCK | O_CLOEXEC), 0);
  CHECK_EQUAL(sys_fcntl(fds[0], F_GETFD, 0), FD_CLOEXEC);
  CHECK_EQUAL(sys_fcntl(fds[1], F_GETFL, 0) & O_NONBLOCK, O_NONBLOCK);
  CHECK_EQUAL(sys_read(fds[0], (long)block, 1), -EAGAIN);
  usize filled = 0;
  long moved;
  while ((moved = sys_write(fds[1], (long)block, sizeof block)) > 0) filled += (usize)moved;
  CHECK_EQUAL(moved, -EAGAIN);
  CHECK(filled >= 4096);
  usize drained = 0;
  while ((moved = sys_read(fds[0], (long)block, sizeof block)) > 0) drained += (usize)moved;
  CHECK_EQUAL(moved, -EAGAIN);
  CHECK_EQUAL(drained, filled);
  CHECK_EQUAL(sys_fcntl(fds[0], F_SETFL, 0), 0);
  CHECK_EQUAL(sys_fcntl(fds[0], F_GETFL, 0) & O_NONBLOCK, 0);
  sys_close(fds[1]);
  CHECK_EQUAL(sys_read(fds[0], (long)block, 1), 0);
  sys_close(fds[0]);
}

/* Writes of at most 4096 bytes do not mix with those of other writers. */
static void check_atomic_writes(void) {
  enum { WRITERS = 4, RECORDS = 40, SIZE = 512 };
  int fds[2];
  CHECK_EQUAL(pipe(fds), 0);
  for (int w = 0; w < WRITERS; w++) {
    if (fork() == 0) {
      u8 record[SIZE];
      memset(record, 'a' + w, SIZE);
      for (int i = 0; i < RECORDS; i++) write_all(fds[1], record, SIZE);
      exit(0);
    }
  }
  sys_close(fds[1]);
  u8 record[SIZE];
  int seen[WRITERS] = {0}, mixed = 0;
  while (read_all(fds[0], record, SIZE) == SIZE) {
    for (int i = 1; i < SIZE; i++) mixed += record[i] != record[0];
    seen[(record[0] - 'a') & 3]++;
  }
  CHECK_EQUAL(mixed, 0);
  for (int w = 0; w < WRITERS; w++) CHECK_EQUAL(seen[w], RECORDS);
  sys_close(fds[0]);
  for (int w = 0; w < WRITERS; w++) CHECK_EQUAL(wait_for(-1), 0);
}

static void check_vectors(void) {
  int fds[2];
  char a[3], b[8];
  CHECK_EQUAL(pipe(fds), 0);
  struct io_vector out[] = {{"one", 3}, {"", 0}, {"two-three", 9}};
  CHECK_EQUAL(sys_writev(fds[1], (long)out, 3), 12);
  struct io_vector in[] = {{a, 3}, {b, 8}};
  CHECK_EQUAL(sys_readv(fds[0], (long)in, 2), 11);
  CHECK_EQUAL(memcmp(a, "one", 3), 0);
  CHECK_EQUAL(memcmp(b, "two-thre", 8), 0);
  close_both(fds);
}

int main(void) {
  check_ends();
  check_vectors();
  check_ring(6, 50);
  check_bulk();
  check_broken();
  check_non_blocking();
  check_atomic_writes();
  print("pipes: rings, bulk and broken ends behave\n");
  return check_result();
}
