/*
 * The first process of `boot`: runs the stages listed in a file, one after another, and prints one
 * marker line for each. Descriptors 0 to 2 are the console already.
 *
 * init [stage-file]
 */
#include "lib.h"

enum { MOST_ARGUMENTS = 8, MOST_TEXT = 4096 };

static char text[MOST_TEXT + 1];
static int failures;
static int orphans;

/* Reads the stage file: one stage a line, the program's name and its arguments. */
static int load(const char *path) {
  long fd = sys_openat(AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) {
    print("marker: init FAILED cannot open %s (error %ld)\n", path, -fd);
    return 0;
  }
  usize length = read_all((int)fd, text, MOST_TEXT);
  sys_close(fd);
  text[length] = 0;
  return 1;
}

/* Cuts `line` into words in place; the number of words. */
static int split(char *line, char **words) {
  int count = 0;
  while (count < MOST_ARGUMENTS) {
    while (*line == ' ') line++;
    if (!*line) break;
    words[count++] = line;
    while (*line && *line != ' ') line++;
    if (*line) *line++ = 0;
  }
  words[count] = NULL;
  return count;
}

/* Waits for the stage; whatever else ends meanwhile was handed to us and is only counted. */
static long reap_until(long wanted) {
  for (;;) {
    int status = 0;
    long pid = sys_wait4(-1, (long)&status, 0, 0);
    if (pid == wanted) return status;
    if (pid == -EINTR) continue;
    if (pid < 0) return pid;
    orphans++;
  }
}

static void run_stage(char **words) {
  const char *name = words[0];
  char path[128];
  sibling_path(path, sizeof path, name);
  words[0] = path;
  long pid = spawn(path, words);
  long status = pid < 0 ? pid : reap_until(pid);
  if (status == 0) {
    print("marker: %s ok\n", name);
    return;
  }
  failures++;
  if (status < 0) {
    print("marker: %s FAILED error %ld\n", name, -status);
  } else if (EXITED(status)) {
    print("marker: %s FAILED exit status %ld\n", name, EXIT_STATUS(status));
  } else {
    print("marker: %s FAILED killed by signal %ld\n", name, TERMINATION_SIGNAL(status));
  }
}

int main(int argc, char **argv) {
  long harts = hart_count();
  print("daybook: init is process %ld on %ld harts\n", sys_getpid(), harts);
  if (!load(argc > 1 ? argv[1] : "/etc/stages")) return 1;
  for (char *line = text; *line;) {
    char *end = strchr(line, '\n');
    char *next = end ? end + 1 : line + strlen(line);
    if (end) *end = 0;
    char *words[MOST_ARGUMENTS + 1];
    if (*line != '#' && split(line, words) > 0) run_stage(words);
    line = next;
  }
  /* Nothing may be left running: the last orphan is reaped before the machine goes down. */
  CHECK_EQUAL(reap_until(0), -ECHILD);
  print("daybook: %d stages failed, %d orphans reaped\n", failures, orphans);
  if (failures || check_result()) {
    print("marker: init FAILED\n");
    return 1;
  }
  print("marker: init done\n");
  return 0;
}
