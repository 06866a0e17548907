/*
 * Boot stage: the loads of the other stages all at once: messages, channels, senders, delegations
 * under revocation, pipes with fork, execve and mappings, threads on futexes, signals. Every one of
 * them checks itself, as it does alone.
 *
 * together [full]
 */
#include "progress.h"

enum { LOADS = 8, WORDS = 5 };

static const char *const brief[LOADS][WORDS] = {
    {"messages", "4", "8", "4"},
    {"chanstorm", "4", "2", "32"},
    {"sends", "4", "16"},
    {"delegate", "1", "16", "16"},
    {"storm", "4", "12", "4", "16"},
    {"sync", "8"},
    {"signals"},
    {"pipes"},
};

static const char *const full[LOADS][WORDS] = {
    {"messages", "8", "128", "8"},
    {"chanstorm", "16", "1000", "128"},
    {"sends", "16", "1000"},
    {"delegate", "40"},
    {"storm", "16", "420", "8", "32"},
    {"sync", "64"},
    {"signals"},
    {"pipes"},
};

int main(int argc, char **argv) {
  int is_full = argc > 1 && strcmp(argv[1], "full") == 0;
  if (argc > 2 || (argc > 1 && !is_full)) {
    print_to(2, "usage: together [full]\n");
    return 2;
  }
  long pids[LOADS];
  for (int i = 0; i < LOADS; i++) {
    char *words[WORDS + 1] = {NULL}, path[128];
    for (int word = 0; word < WORDS; word++) {
      words[word] = (char *)(is_full ? full : brief)[i][word];
    }
    /* Started from outside by a path that means nothing here, it is in the image all the same. */
    if (argv[0][0] == '/') sibling_path(path, sizeof path, words[0]);
    else format(path, sizeof path, "/bin/%s", words[0]);
    words[0] = path;
    pids[i] = spawn(path, words);
    CHECK(pids[i] > 0);
  }
  for (long ended = 0; ended < LOADS;) {
    i32 status = 0;
    long pid = sys_wait4(-1, (long)&status, 0, 0);
    if (pid == -EINTR) continue;
    CHECK(pid > 0);
    if (pid < 0) break;
    for (int i = 0; i < LOADS; i++) {
      if (pids[i] != pid) continue;
      ended++;
      mark_progress("together", ended);
      if (status) print("together: %s ended with status %x\n", brief[i][0], status);
      CHECK_EQUAL(status, 0);
    }
  }
  if (check_result() == 0) print("together: %d loads at once\n", LOADS);
  return check_result();
}
