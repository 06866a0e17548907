#include "lib.h"

long fork(void) {
  return sys_clone(SIGCHLD, 0, 0, 0, 0);
}

/*
 * The child runs on this very stack frame until it has executed, so nothing may return in between:
 * the raw stubs are inlined here and both ways out of the child leave the process.
 */
__attribute__((noinline)) long vfork_execute(const char *path, char *const argv[],
                                              char *const envp[]) {
  long pid = sys_clone(CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) {
    sys_execve((long)path, (long)argv, (long)envp);
    for (;;) sys_exit_group(127);
  }
  return pid;
}

long execute(const char *path, char *const argv[], char *const envp[]) {
  const char *runner = environment_get("RUNNER");
  if (!runner) return sys_execve((long)path, (long)argv, (long)envp);
  char *wrapped[40];
  usize count = 0;
  wrapped[count++] = (char *)runner;
  wrapped[count++] = (char *)path;
  for (usize i = 1; argv[0] && argv[i]; i++) {
    if (count + 1 >= sizeof wrapped / sizeof *wrapped) return -E2BIG;
    wrapped[count++] = argv[i];
  }
  wrapped[count] = NULL;
  return sys_execve((long)runner, (long)wrapped, (long)envp);
}

long spawn(const char *path, char *const argv[]) {
  long pid = fork();
  if (pid == 0) {
    execute(path, argv, environment);
    exit(127);
  }
  return pid;
}

void sibling_path(char *to, usize size, const char *name) {
  const char *own = program_name;
  const char *slash = strrchr(own, '/');
  if (!slash) {
    format(to, size, "/bin/%s", name);
    return;
  }
  usize folder = (usize)(slash - own) + 1;
  if (folder + strlen(name) >= size) exit(126);
  memcpy(to, own, folder);
  strcpy(to + folder, name);
}

long wait_for(long pid) {
  int status = 0;
  long answer;
  do {
    answer = sys_wait4(pid, (long)&status, 0, 0);
  } while (answer == -EINTR);
  return answer < 0 ? answer : status;
}

usize write_all(int fd, const void *bytes, usize count) {
  usize done = 0;
  while (done < count) {
    long moved = sys_write(fd, (long)bytes + (long)done, (long)(count - done));
    if (moved == -EINTR) continue;
    if (moved <= 0) break;
    done += (usize)moved;
  }
  return done;
}

usize read_all(int fd, void *bytes, usize count) {
  usize done = 0;
  while (done < count) {
    long moved = sys_read(fd, (long)bytes + (long)done, (long)(count - done));
    if (moved == -EINTR) continue;
    if (moved <= 0) break;
    done += (usize)moved;
  }
  return done;
}

long pipe(int fds[2]) {
  return sys_pipe2((long)fds, 0);
}
