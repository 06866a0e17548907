/*
 * Hostile: takes of one thing as much as it is given, many processes at once where one alone may
 * not have all, lets it go and takes again: the second time as much as the first. exhaust [thing]
 */
#include "lib.h"

enum { ENFILE = 23, ENOSPC = 28, AGAIN = 2 };

static int refusal_is_clean(long error) {
  return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOSPC ||
         error == -EAGAIN;
}

static void expect_clean(const char *thing, long error) {
  if (refusal_is_clean(error)) return;
  print("exhaust: %s ended with %ld\n", thing, error);
  CHECK(0);
}

/* Pipes, and their buffers filled as far as they go. */
static long take_pipes(long share) {
  static int ends[512];
  static u8 junk[PAGE];
  long made = 0, bytes = 0, error;
  int fds[2];
  while ((error = sys_pipe2((long)fds, O_NONBLOCK)) == 0) {
    ends[made++] = fds[1];
    if (made == 256) break;
  }
  expect_clean("pipe2", error);
  for (long i = 0; i < made; i++) {
    while ((error = sys_write(ends[i], (long)junk, sizeof junk)) > 0) bytes += error;
    expect_clean("write to a pipe", error);
  }
  (void)share;
  return made * 1000000 + bytes / (long)PAGE;
}

/* Names as long as they may be, until there is no room for another. */
static long take_names(long share) {
  char name[300];
  memset(name, 'n', sizeof name);
  memcpy(name, "/tmp/", 5);
  long made = 0, error = 0;
  for (; made < 20000; made++) {
    format(name + 5, 12, "%03ld%06ld", share, made);
    name[14] = 'x';
    name[5 + 255] = 0;
    error = sys_openat(AT_FDCWD, (long)name, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (error < 0) break;
    sys_close(error);
  }
  if (error < 0) expect_clean("openat", error);
  for (long i = made; i-- > 0;) {
    format(name + 5, 12, "%03ld%06ld", share, i);
    name[14] = 'x';
    CHECK_EQUAL(sys_unlinkat(AT_FDCWD, (long)name, 0), 0);
  }
  return made;
}

/* One file that grows until there is no memory. */
static long take_file(long share) {
  static u8 junk[4 * PAGE];
  char name[40];
  format(name, sizeof name, "/tmp/grow%ld", share);
  long fd = sys_openat(AT_FDCWD, (long)name, O_CREAT | O_TRUNC | O_RDWR, 0600);
  if (fd < 0) {
    expect_clean("openat", fd);
    return 0;
  }
  long pages = 0, got = 0;
  while (pages < 30000 && (got = sys_write(fd, (long)junk, sizeof junk)) > 0) pages += got / (long)PAGE;
  if (got < 0) expect_clean("write to a file", got);
  CHECK_EQUAL(sys_close(fd), 0);
  CHECK_EQUAL(sys_unlinkat(AT_FDCWD, (long)name, 0), 0);
  return pages;
}

/* Mappings that cannot be joined, each cut in the middle until that is refused too. */
static long take_regions(long share) {
  (void)share;
  long made = 0, error = 0;
  for (; made < 4000; made++) {
    error = map_pages(3 * PAGE, made & 1 ? PROT_READ : PROT_READ | PROT_WRITE);
    if (error < 0) break;
    long cut = sys_munmap(error + (long)PAGE, PAGE);
    if (cut < 0) {
      expect_clean("munmap", cut);
      break;
    }
    cut = sys_mprotect(error, PAGE, PROT_NONE);
    if (cut < 0) {
      expect_clean("mprotect", cut);
      break;
    }
  }
  if (error < 0) expect_clean("mmap", error);
  return made;
}

/* One page in each 2 MiB, so that each takes a page-table page. */
static long take_tables(long share) {
  (void)share;
  enum { TABLES = 512 };
  long area = map_pages((usize)TABLES << 21, PROT_READ | PROT_WRITE);
  if (area < 0) {
    expect_clean("mmap", area);
    return 0;
  }
  for (long i = 0; i < TABLES; i++) *(volatile u8 *)(area + (i << 21)) = 1;
  return TABLES;
}

static const struct thing {
  const char *name;
  long (*take)(long share);
  long processes;
} things[] = {
    {"pipes", take_pipes, 100}, {"names", take_names, 8},     {"file", take_file, 4},
    {"regions", take_regions, 90}, {"tables", take_tables, 70},
};

/* How many children there were; how many of them a lack of memory killed. */
static long take_all(const struct thing *thing, long *killed) {
  enum { ROOM = 128 };
  static long children[ROOM];
  int go[2];
  CHECK_EQUAL(pipe(go), 0);
  long count = 0;
  *killed = 0;
  for (; count < thing->processes; count++) {
    long child = fork();
    if (child < 0) {
      expect_clean("fork", child);
      break;
    }
    if (child == 0) {
      check_reset();
      thing->take(count);
      /* Holds what it has until all have theirs. */
      sys_close(go[1]);
      u8 byte;
      read_all(go[0], &byte, 1);
      exit(check_result());
    }
    children[count] = child;
  }
  sys_close(go[0]);
  sleep_for(1000000000);
  sys_close(go[1]);
  for (long i = 0; i < count; i++) {
    long status = wait_for(children[i]);
    if (TERMINATION_SIGNAL(status) == SIGKILL || TERMINATION_SIGNAL(status) == SIGBUS) {
      ++*killed;
    } else {
      CHECK_EQUAL(status, 0);
    }
  }
  return count;
}

int main(int argc, char **argv) {
  for (usize i = 0; i < sizeof things / sizeof *things; i++) {
    if (argc > 1 && strcmp(argv[1], things[i].name) != 0) continue;
    for (int turn = 0; turn < AGAIN; turn++) {
      long killed;
      long count = take_all(&things[i], &killed);
      print("exhaust: %s by %ld processes, %ld killed\n", things[i].name, count, killed);
    }
  }
  return check_result();
}
