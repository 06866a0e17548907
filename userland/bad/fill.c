/*
 * Hostile: takes one thing until it is refused, says how much it had and the errno, gives all of it
 * back, and does so again: the second time it must have as much as the first. fill thing
 *
 * Between the two turns it prints `released`, so that whoever watches can look at the books.
 */
#include "lib.h"

enum { MOST = 4096, TURNS = 2, EFBIG = 27 };

static long held[MOST];
/* How many of a thing there are at once; the error that ended the taking, 0 for none. */
static long count, error;

static int refused(long answer) {
  if (answer >= 0) {
    held[count++] = answer;
    return count == MOST;
  }
  error = -answer;
  return 1;
}

static void name_of(char *name, long i) {
  format(name, 64, "/tmp/a name of forty bytes, two chunks long %04ld", i);
}

/* ---- processes: each a process, a thread, a waiter, a space, regions, nodes, page tables ---- */

static void take_forks(void) {
  long child;
  do {
    child = fork();
    if (child == 0) {
      for (;;) sleep_for(1000000000000);
    }
  } while (!refused(child));
}

static void give_forks(void) {
  for (long i = 0; i < count; i++) sys_kill(held[i], SIGKILL);
  for (long i = 0; i < count; i++) CHECK_EQUAL(TERMINATION_SIGNAL(wait_for(held[i])), SIGKILL);
}

/* ---- descriptors, open files, pipes ---- */

static void take_opens(void) {
  while (!refused(sys_openat(AT_FDCWD, (long)"/", O_RDONLY | O_DIRECTORY, 0))) {}
}

static void take_dups(void) {
  while (!refused(sys_dup(0))) {}
}

static void give_descriptors(void) {
  for (long i = 0; i < count; i++) CHECK_EQUAL(sys_close(held[i]), 0);
}

static void take_pipes(void) {
  int ends[2];
  for (;;) {
    long answer = sys_pipe2((long)ends, 0);
    if (refused(answer < 0 ? answer : ends[0])) return;
    /* The other end must not be what runs out. */
    sys_close(ends[1]);
  }
}

static void take_fifos(void) {
  char name[64];
  for (long i = 0;; i++) {
    name_of(name, i);
    long made = sys_mknodat(AT_FDCWD, (long)name, S_IFIFO | 0600, 0);
    CHECK(made == 0 || made == -EEXIST);
    if (refused(sys_openat(AT_FDCWD, (long)name, O_RDWR, 0))) return;
  }
}

/* ---- names: inodes, their objects, entries, and the chunks of their texts ---- */

static void take_files(void) {
  char name[64];
  for (long i = 0;; i++) {
    name_of(name, i);
    long fd = sys_openat(AT_FDCWD, (long)name, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (refused(fd)) return;
    sys_close(fd);
  }
}

static void take_links(void) {
  char name[64];
  CHECK_EQUAL(sys_mknodat(AT_FDCWD, (long)"/tmp/first", S_IFREG | 0600, 0), 0);
  for (long i = 0;; i++) {
    name_of(name, i);
    if (refused(sys_linkat(AT_FDCWD, (long)"/tmp/first", AT_FDCWD, (long)name, 0))) return;
  }
}

static void give_names(void) {
  char name[64];
  for (long i = 0; i < count; i++) {
    name_of(name, i);
    CHECK_EQUAL(sys_unlinkat(AT_FDCWD, (long)name, 0), 0);
  }
  sys_unlinkat(AT_FDCWD, (long)"/tmp/first", 0);
}

/* ---- mappings: regions, and the objects of shared ones ---- */

static void take_mappings(void) {
  while (!refused(map_pages(PAGE, count & 1 ? PROT_READ : PROT_READ | PROT_WRITE))) {}
}

static void take_shared(void) {
  while (!refused(sys_mmap(0, PAGE, PROT_READ, MAP_SHARED | 0x20, -1, 0))) {}
}

static void give_mappings(void) {
  for (long i = 0; i < count; i++) CHECK_EQUAL(sys_munmap(held[i], PAGE), 0);
}

/* ---- the pages of a file, and those of pipes ---- */

static long file;

static void take_file_pages(void) {
  static u8 junk[PAGE];
  file = sys_openat(AT_FDCWD, (long)"/tmp/grown", O_CREAT | O_RDWR, 0600);
  CHECK(file >= 0);
  long answer;
  do {
    answer = sys_write(file, (long)junk, PAGE);
  } while (!refused(answer));
}

static void give_file_pages(void) {
  CHECK_EQUAL(sys_close(file), 0);
  CHECK_EQUAL(sys_unlinkat(AT_FDCWD, (long)"/tmp/grown", 0), 0);
}

/* Nothing of another's is wanted in the way of a page: children that hold pages would be killed. */
static int ends[64][2];
static long pipes;

static void take_buffers(void) {
  static u8 junk[PAGE];
  for (pipes = 0; pipes < 24; pipes++) {
    CHECK_EQUAL(sys_pipe2((long)ends[pipes], O_NONBLOCK), 0);
    for (;;) {
      long answer = sys_write(ends[pipes][1], (long)junk, PAGE);
      if (answer == -EAGAIN) break;
      if (refused(answer)) {
        pipes++;
        return;
      }
    }
  }
}

static void give_buffers(void) {
  for (long i = 0; i < pipes; i++) {
    sys_close(ends[i][0]);
    sys_close(ends[i][1]);
  }
}

/* ---- programs: each file that is executed is remembered ---- */

static long run_copy(long i) {
  char name[64];
  name_of(name, i);
  long fd = sys_openat(AT_FDCWD, (long)name, O_CREAT | O_WRONLY, 0700);
  CHECK(fd >= 0);
  CHECK_EQUAL(sys_write(fd, (long)"no program", 10), 10);
  sys_close(fd);
  char *const none[] = {NULL};
  return sys_execve((long)name, (long)none, (long)none);
}

static void take_images(void) {
  /* What was looked at and is none is remembered too. */
  for (;;) {
    long answer = run_copy(count);
    if (refused(answer == -ENOEXEC ? 0 : answer)) return;
  }
}

static void give_images(void) {
  count++;
  give_names();
  count--;
}

/* ---- parts of files of the host, asked for by many at once ---- */

static void take_chunks(void) {
  static const char *const files[] = {"affinity", "fault", "files", "float", "hello", "memory"};
  enum { READERS = sizeof files / sizeof *files };
  static int turn;
  int go[2];
  CHECK_EQUAL(pipe(go), 0);
  long children[READERS];
  for (long i = 0; i < READERS; i++) {
    children[i] = fork();
    if (children[i] != 0) continue;
    check_reset();
    char name[64], byte;
    format(name, sizeof name, "/bin/%s", files[i]);
    long fd = sys_openat(AT_FDCWD, (long)name, O_RDONLY, 0);
    sys_close(go[1]);
    read_all(go[0], &byte, 1);
    long got = sys_pread64(fd, (long)&byte, 1, 0);
    exit(got == 1 ? 0 : (int)-got);
  }
  sys_close(go[0]);
  sleep_for(1000000);
  sys_close(go[1]);
  for (long i = 0; i < READERS; i++) {
    long status = wait_for(children[i]);
    if (status == 0) count++;
    else error = EXIT_STATUS(status);
  }
  /* The second time all of it is here: what was refused can be had after all, one by one. */
  char byte;
  for (long i = 0; turn == 0 && i < READERS; i++) {
    char name[64];
    format(name, sizeof name, "/bin/%s", files[i]);
    long fd = sys_openat(AT_FDCWD, (long)name, O_RDONLY, 0);
    CHECK_EQUAL(sys_pread64(fd, (long)&byte, 1, 0), 1);
    sys_close(fd);
  }
  turn++;
}

enum { WAITERS = 100 };
/* Words that children wait at, and what those answer that cannot. */
static struct places {
  volatile u32 words[WAITERS];
  volatile u32 answers[WAITERS];
} *places;

static void take_waits(void) {
  long at = sys_mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(at > 0);
  places = (struct places *)at;
  for (; count < WAITERS; count++) {
    long word = (long)&places->words[count];
    long child = fork();
    if (child == 0) {
      long answer = sys_futex(word, FUTEX_WAIT, 0, 0, 0, 0);
      places->answers[count] = (u32)-answer;
      exit(0);
    }
    held[count] = child;
    /* One that is moved to where it is counts, and stays. */
    while (places->answers[count] == 0 && sys_futex(word, FUTEX_REQUEUE, 0, 1, word, 0) != 1) {
      sys_sched_yield();
    }
    error = places->answers[count];
    if (error == 0) continue;
    wait_for(child);
    return;
  }
}

static void give_waits(void) {
  for (long i = 0; i < count; i++) {
    CHECK_EQUAL(sys_futex((long)&places->words[i], FUTEX_WAKE, 1, 0, 0, 0), 1);
    wait_for(held[i]);
  }
  sys_munmap((long)places, PAGE);
}

static void give_nothing(void) {}

/* ---- limits that are no tables ---- */

static void expect(const char *what, long answer) {
  print("limit: %s %ld\n", what, answer);
}

static void take_limits(void) {
  static char text[140000];
  static struct io_vector buffers[1025];
  char *const huge[] = {text, NULL};
  char *const none[] = {NULL};
  int fds[2];
  memset(text, 'x', sizeof text);
  text[0] = '/';
  text[sizeof text - 1] = 0;
  expect("argument", sys_execve((long)"/bin/hello", (long)huge, (long)none));
  text[4200] = 0;
  expect("path", sys_openat(AT_FDCWD, (long)text, O_RDONLY, 0));
  text[1 + 256] = 0;
  expect("name", sys_openat(AT_FDCWD, (long)text, O_CREAT | O_RDWR, 0600));
  text[1 + 255] = 0;
  long fd = sys_openat(AT_FDCWD, (long)text, O_CREAT | O_RDWR, 0600);
  CHECK(fd >= 0);
  sys_unlinkat(AT_FDCWD, (long)text, 0);
  expect("file size", sys_ftruncate(fd, (1l << 43) + 1));
  expect("file end", sys_pwrite64(fd, (long)text, 1, 1l << 43));
  expect("descriptor", sys_dup3(fd, 1 << 20, 0));
  expect("buffers", sys_writev(fd, (long)buffers, 1025));
  CHECK_EQUAL(sys_pipe2((long)fds, O_NONBLOCK), 0);
  long held = 0, answer;
  while ((answer = sys_write(fds[1], (long)text, PAGE)) > 0) held += answer;
  expect("pipe", answer);
  expect("pipe bytes", held);
  expect("memory", map_pages(1ul << 36, PROT_READ | PROT_WRITE));
  expect("space", sys_mmap(0, 1l << 38, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  expect("break", sys_brk(1l << 37) == sys_brk(0) ? -ENOMEM : 0);
  sys_close(fds[0]);
  sys_close(fds[1]);
  sys_close(fd);
}

/* ---- capabilities by token: each a node, a name and a notification ---- */

static void take_tokens(void) {
  while (!refused(sys_notification_create())) {}
}

static void give_tokens(void) {
  for (long i = 0; i < count; i++) CHECK_EQUAL(sys_cap_delete(held[i]), 0);
}

/* ---- timers of one notification ---- */

static long bell;

static void take_timers(void) {
  bell = sys_notification_create();
  while (!refused(sys_timer_create(bell, 1))) {}
  for (long i = 0; i < count; i++) CHECK_EQUAL(sys_timer_arm(held[i], 1l << 50, 0), 0);
}

static void give_timers(void) {
  CHECK_EQUAL(sys_cap_revoke(bell), 0);
  for (long i = 0; i < count; i++) CHECK_EQUAL(sys_cap_delete(held[i]), -3);
  CHECK_EQUAL(sys_cap_delete(bell), 0);
}

/* ---- interrupt sources; the console has one of them ---- */

static void take_irqs(void) {
  long source = 1;
  bell = sys_notification_create();
  while (!refused(sys_irq_bind(source++, bell, 1))) {}
}

static const struct thing {
  const char *name;
  void (*take)(void);
  void (*give)(void);
} things[] = {
    {"forks", take_forks, give_forks},
    {"opens", take_opens, give_descriptors},
    {"dups", take_dups, give_descriptors},
    {"pipes", take_pipes, give_descriptors},
    {"fifos", take_fifos, give_descriptors},
    {"files", take_files, give_names},
    {"links", take_links, give_names},
    {"mappings", take_mappings, give_mappings},
    {"shared", take_shared, give_mappings},
    {"file pages", take_file_pages, give_file_pages},
    {"buffers", take_buffers, give_buffers},
    {"images", take_images, give_images},
    {"waits", take_waits, give_waits},
    {"tokens", take_tokens, give_tokens},
    {"timers", take_timers, give_timers},
    {"irqs", take_irqs, give_timers},
    {"chunks", take_chunks, give_nothing},
    {"limits", take_limits, give_nothing},
};

int main(int argc, char **argv) {
  for (usize i = 0; i < sizeof things / sizeof *things; i++) {
    if (argc < 2 || strcmp(argv[1], things[i].name) != 0) continue;
    for (int turn = 0; turn < TURNS; turn++) {
      count = error = 0;
      things[i].take();
      print("fill: %s %ld then %ld\n", things[i].name, count, error);
      things[i].give();
      print("released\n");
    }
  }
  return check_result();
}
