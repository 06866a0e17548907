/* Boot stage: fork trees, waiting, orphans, vfork, execve and its refusals. */
#include "lib.h"

static char own_path[128];

/* A tree of `levels` levels with two children per node; a node's exit code counts its nodes. */
static int grow_tree(int levels) {
  if (levels == 0) return 1;
  int nodes = 1;
  long children[2];
  for (int i = 0; i < 2; i++) {
    children[i] = fork();
    CHECK(children[i] >= 0);
    if (children[i] == 0) exit(grow_tree(levels - 1));
  }
  for (int i = 0; i < 2; i++) {
    long status = wait_for(children[i]);
    CHECK(EXITED(status));
    nodes += EXIT_STATUS(status);
  }
  return nodes;
}

static void check_wait(void) {
  CHECK_EQUAL(sys_wait4(-1, 0, 0, 0), -ECHILD);
  int gate[2];
  CHECK_EQUAL(pipe(gate), 0);
  long child = fork();
  if (child == 0) {
    char go;
    sys_close(gate[1]);
    read_all(gate[0], &go, 1);
    exit(200);
  }
  int status = 0;
  CHECK_EQUAL(sys_wait4(child, (long)&status, WNOHANG, 0), 0);
  CHECK_EQUAL(sys_wait4(-1, (long)&status, WNOHANG, 0), 0);
  CHECK_EQUAL(sys_wait4(child + 20000, (long)&status, 0, 0), -ECHILD);
  CHECK_EQUAL(sys_wait4(child, (long)&status, 0x10000, 0), -EINVAL);
  sys_close(gate[1]);
  /* The child is a zombie at some time before this; the answer is the same either way. */
  sleep_for(1000000);
  CHECK_EQUAL(sys_wait4(child, (long)&status, 0, 0), child);
  CHECK_EQUAL(status, STATUS_OF_EXIT(200));
  CHECK_EQUAL(sys_wait4(child, (long)&status, 0, 0), -ECHILD);
  sys_close(gate[0]);

  /* Children can be waited for in any order, each once. */
  long children[8];
  for (int i = 0; i < 8; i++) {
    children[i] = fork();
    if (children[i] == 0) exit(i);
  }
  for (int i = 7; i >= 4; i--) CHECK_EQUAL(wait_for(children[i]), STATUS_OF_EXIT(i));
  int seen = 0;
  for (int i = 0; i < 4; i++) {
    long pid = sys_wait4(-1, (long)&status, 0, 0);
    for (int c = 0; c < 4; c++) {
      if (children[c] == pid && status == STATUS_OF_EXIT(c)) seen |= 1 << c;
    }
  }
  CHECK_EQUAL(seen, 15);
  CHECK_EQUAL(sys_wait4(-1, 0, WNOHANG, 0), -ECHILD);
}

static void check_identity(void) {
  long self = sys_getpid();
  int fds[2];
  CHECK_EQUAL(pipe(fds), 0);
  long child = fork();
  if (child == 0) {
    long ids[2] = {sys_getpid(), sys_getppid()};
    write_all(fds[1], ids, sizeof ids);
    exit(0);
  }
  long ids[2] = {0, 0};
  read_all(fds[0], ids, sizeof ids);
  CHECK_EQUAL(ids[0], child);
  CHECK_EQUAL(ids[1], self);
  CHECK(child != self);
  CHECK_EQUAL(wait_for(child), 0);
  sys_close(fds[0]);
  sys_close(fds[1]);
}

/* A process whose parent has gone is handed to another: to init, where that is pid 1. */
static void check_orphan(void) {
  int fds[2];
  CHECK_EQUAL(pipe(fds), 0);
  long child = fork();
  if (child == 0) {
    long self = sys_getpid();
    if (fork() == 0) {
      while (sys_getppid() == self) sleep_for(200000);
      long parent = sys_getppid();
      write_all(fds[1], &parent, sizeof parent);
    }
    exit(0);
  }
  sys_close(fds[1]);
  CHECK_EQUAL(wait_for(child), 0);
  long parent = 0;
  CHECK_EQUAL(read_all(fds[0], &parent, sizeof parent), sizeof parent);
  CHECK(parent != child && parent > 0);
  if (!environment_get("RUNNER")) CHECK_EQUAL(parent, 1);
  CHECK_EQUAL(sys_wait4(-1, 0, 0, 0), -ECHILD);
  sys_close(fds[0]);
}

static void check_descriptors_across_fork(void) {
  int fds[2];
  CHECK_EQUAL(pipe(fds), 0);
  long child = fork();
  if (child == 0) {
    sys_close(fds[0]);
    exit(write_all(fds[1], "kept", 4) == 4 ? 0 : 1);
  }
  CHECK_EQUAL(wait_for(child), 0);
  sys_close(fds[1]);
  char buffer[8];
  CHECK_EQUAL(read_all(fds[0], buffer, sizeof buffer), 4);
  sys_close(fds[0]);
}

static volatile int shared_word;

static void check_vfork(void) {
  /* `execute` may have to go through an emulator, which vfork_execute knows nothing of. */
  if (environment_get("RUNNER")) return;
  char *argv[] = {own_path, "exit", "44", NULL};
  long pid = vfork_execute(own_path, argv, environment);
  CHECK(pid > 0);
  CHECK_EQUAL(wait_for(pid), STATUS_OF_EXIT(44));

  pid = vfork_execute("/nowhere", argv, environment);
  CHECK(pid > 0);
  CHECK_EQUAL(wait_for(pid), STATUS_OF_EXIT(127));

  /* The child shares the memory, and the parent stands still until it has gone. */
  shared_word = 1;
  pid = sys_clone(CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) {
    for (int i = 0; i < 5; i++) sys_sched_yield();
    shared_word = 2;
    for (;;) sys_exit_group(5);
  }
  CHECK_EQUAL(shared_word, 2);
  CHECK_EQUAL(wait_for(pid), STATUS_OF_EXIT(5));
}

static void check_execute(void) {
  long child = fork();
  if (child == 0) {
    char *argv[] = {own_path, "look", "", "two words", NULL};
    char *empty[] = {"PLACE=here", "EMPTY=", NULL, NULL};
    const char *runner = environment_get("RUNNER");
    char kept[160];
    if (runner) {
      format(kept, sizeof kept, "RUNNER=%s", runner);
      empty[2] = kept;
    }
    execute(own_path, argv, empty);
    exit(127);
  }
  CHECK_EQUAL(wait_for(child), STATUS_OF_EXIT(33));

  static const int codes[] = {0, 1, 127, 128, 255};
  for (usize i = 0; i < sizeof codes / sizeof *codes; i++) {
    char text[16];
    format(text, sizeof text, "%d", codes[i]);
    char *argv[] = {own_path, "exit", text, NULL};
    CHECK_EQUAL(wait_for(spawn(own_path, argv)), STATUS_OF_EXIT(codes[i]));
  }
}

/* execve closes what is marked so, resets handlers, and keeps ignored signals and the mask. */
static void check_execute_keeps(void) {
  long child = fork();
  if (child == 0) {
    int fds[2];
    pipe(fds);
    sys_dup3(fds[0], 100, O_CLOEXEC);
    sys_dup3(fds[1], 101, 0);
    signal_ignore(SIGUSR1);
    signal_install(SIGUSR2, (signal_handler)(u64)check_execute, 0);
    signal_mask(SIG_BLOCK, SIGNAL_BIT(SIGTERM));
    char *argv[] = {own_path, "kept", NULL};
    execute(own_path, argv, environment);
    exit(127);
  }
  CHECK_EQUAL(wait_for(child), STATUS_OF_EXIT(34));
}

static void check_refusals(void) {
  char path[64];
  format(path, sizeof path, "/tmp/process.%ld", sys_getpid());
  char *argv[] = {path, NULL};
  CHECK_EQUAL(sys_execve((long)path, (long)argv, (long)environment), -ENOENT);

  long fd = sys_openat(AT_FDCWD, (long)path, O_CREAT | O_WRONLY | O_EXCL, 0755);
  CHECK(fd >= 0);
  write_all((int)fd, "\x01\x02 no program\n", 14);
  sys_close(fd);
  CHECK_EQUAL(sys_execve((long)path, (long)argv, (long)environment), -ENOEXEC);
  CHECK_EQUAL(sys_unlinkat(AT_FDCWD, (long)path, 0), 0);

  fd = sys_openat(AT_FDCWD, (long)path, O_CREAT | O_WRONLY | O_EXCL, 0644);
  sys_close(fd);
  CHECK_EQUAL(sys_execve((long)path, (long)argv, (long)environment), -EACCES);
  CHECK_EQUAL(sys_unlinkat(AT_FDCWD, (long)path, 0), 0);

  static char long_argument[200000];
  memset(long_argument, 'a', sizeof long_argument - 1);
  char *long_argv[] = {own_path, long_argument, NULL};
  CHECK_EQUAL(sys_execve((long)own_path, (long)long_argv, (long)environment), -E2BIG);
}

static int look(int argc, char **argv) {
  CHECK_EQUAL(argc, 4);
  CHECK_EQUAL(strlen(argv[2]), 0);
  CHECK_EQUAL(strcmp(argv[3], "two words"), 0);
  const char *place = environment_get("PLACE");
  CHECK(place && strcmp(place, "here") == 0);
  const char *empty = environment_get("EMPTY");
  CHECK(empty && *empty == 0);
  CHECK(environment_get("PATH") == NULL);
  return check_result() ? 1 : 33;
}

static int look_kept(void) {
  struct sigaction action;
  CHECK_EQUAL(sys_fcntl(100, F_GETFD, 0), -EBADF);
  CHECK_EQUAL(sys_fcntl(101, F_GETFD, 0), 0);
  sys_rt_sigaction(SIGUSR1, 0, (long)&action, 8);
  CHECK_EQUAL(action.handler, SIG_IGN);
  sys_rt_sigaction(SIGUSR2, 0, (long)&action, 8);
  CHECK_EQUAL(action.handler, SIG_DFL);
  CHECK_EQUAL(signal_mask(SIG_BLOCK, 0) & SIGNAL_BIT(SIGTERM), SIGNAL_BIT(SIGTERM));
  return check_result() ? 1 : 34;
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "exit") == 0) return (int)strtol(argv[2], NULL, 10);
  if (argc > 1 && strcmp(argv[1], "look") == 0) return look(argc, argv);
  if (argc > 1 && strcmp(argv[1], "kept") == 0) return look_kept();
  sibling_path(own_path, sizeof own_path, "process");
  check_wait();
  CHECK_EQUAL(grow_tree(4), 31);
  check_identity();
  check_orphan();
  check_descriptors_across_fork();
  check_vfork();
  check_execute();
  check_execute_keeps();
  check_refusals();
  print("process: trees, orphans and execve behave\n");
  return check_result();
}
