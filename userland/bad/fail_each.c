/*
 * Hostile, with a kernel that is made to run out: each scenario is a short walk through calls that
 * take something. A call that fails prints its name and errno on a line of its own, a child that
 * was killed its signal; what depends on it is left out, and all that was had is given back.
 * fail_each scenario
 */
#include "msg.h"
#include "native.h"
#include "thread.h"

enum {
  MREMAP_MAYMOVE = 1,
  POLLIN = 1,
  ITIMER_REAL = 0,
};

struct poll_item {
  i32 fd;
  u16 events;
  u16 found;
};

/* Says what a call answered if that is an error; hands the answer on. */
static long try(const char *call, long answer) {
  if (answer < 0) print("%s %ld\n", call, -answer);
  return answer;
}

/* The same for a call that moves bytes: fewer than asked for are worth a line too. */
static long move(const char *call, long answer, long asked) {
  if (answer >= 0 && answer < asked) print("%s short\n", call);
  return try(call, answer);
}

static void reap(long child) {
  if (try("fork", child) < 0) return;
  long status = wait_for(child);
  if (TERMINATION_SIGNAL(status) != 0) print("child killed %ld\n", status & 0x7f);
  else if (status != 0) print("child exit %ld\n", EXIT_STATUS(status));
}

static void touch(long area, long pages) {
  for (long i = 0; i < pages; i++) *(volatile u8 *)(area + i * (long)PAGE) = (u8)i;
}

/* Nothing beyond what every program takes to start and end. */
static void nothing(void) {}

/* A child that shares pages of three tables and breaks the sharing, as its parent does. */
static void scenario_fork(void) {
  long low = try("mmap", map_pages(2 * PAGE, PROT_READ | PROT_WRITE));
  long high = try("mmap", sys_mmap(0x200000000, 2 * PAGE, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (low > 0) touch(low, 2);
  if (high > 0) touch(high, 2);
  long child = fork();
  if (child == 0) {
    if (low > 0) touch(low, 1);
    if (high > 0) touch(high, 1);
    long grandchild = fork();
    if (grandchild == 0) exit(0);
    reap(grandchild);
    exit(0);
  }
  if (child > 0 && low > 0) touch(low, 2);
  reap(child);
}

static void *end_at_once(void *given) { return given; }

/* Two more threads with their stacks, which stay; nobody joins them: that would hide a lack. */
static void scenario_threads(void) {
  for (int n = 0; n < 2; n++) {
    if (thread_create(end_at_once, NULL) == NULL) try("thread", -EAGAIN);
    sleep_for(100000);
  }
}

/* Programs begun in the three ways there are: by fork, by vfork, and through a script. */
static void scenario_exec(void) {
  static char *const arguments[] = {"fail_each", "nothing", NULL};
  static char *const none[] = {"A=1", NULL};
  long child = fork();
  if (child == 0) {
    /* Not the file this program is of, so that its first bytes are not here yet. */
    static char *const greeting[] = {"hello", "one", NULL};
    try("execve", sys_execve((long)"/bin/hello", (long)greeting, (long)none));
    exit(9);
  }
  reap(child);
  reap(vfork_execute("/bin/fail_each", arguments, none));
  long fd = try("creat", sys_openat(AT_FDCWD, (long)"/tmp/script", O_CREAT | O_WRONLY, 0755));
  if (fd < 0) return;
  move("write file", sys_write(fd, (long)"#!/bin/fail_each x\n", 19), 19);
  sys_close(fd);
  child = fork();
  if (child == 0) {
    try("execve", sys_execve((long)"/tmp/script", (long)arguments, (long)none));
    exit(9);
  }
  reap(child);
  sys_unlinkat(AT_FDCWD, (long)"/tmp/script", 0);
}

/* Mappings made, cut, joined, moved and shared. */
static void scenario_map(void) {
  long area = try("mmap", map_pages(8 * PAGE, PROT_READ | PROT_WRITE));
  if (area > 0) {
    touch(area, 8);
    try("mprotect", sys_mprotect(area + 2 * PAGE, PAGE, PROT_READ));
    try("munmap", sys_munmap(area + 5 * PAGE, PAGE));
    try("mprotect", sys_mprotect(area + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE));
    long moved = try("mremap", sys_mremap(area + 6 * PAGE, 2 * PAGE, 600 * PAGE, MREMAP_MAYMOVE, 0));
    if (moved > 0) touch(moved + 590 * PAGE, 2);
  }
  long shared = try("mmap shared", sys_mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE,
                                            MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  if (shared > 0) {
    touch(shared, 2);
    long child = fork();
    if (child == 0) {
      touch(shared, 2);
      exit(0);
    }
    reap(child);
  }
  long end = sys_brk(0);
  if (sys_brk(end + 3 * PAGE) != end + 3 * (long)PAGE) print("brk %d\n", ENOMEM);
  else touch(end, 3);
  sys_brk(end);
  u8 deep[5 * PAGE];
  touch((long)deep, 5);
}

/* Files shown in memory: private and shared, the host's and our own. */
static void scenario_file_map(void) {
  long host = try("open", sys_openat(AT_FDCWD, (long)"/bin/float", O_RDONLY, 0));
  if (host >= 0) {
    long view = try("mmap", sys_mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, host, 0));
    if (view > 0) {
      (void)*(volatile u8 *)(view + PAGE);
      touch(view, 3);
    }
    sys_close(host);
  }
  long own = try("creat", sys_openat(AT_FDCWD, (long)"/tmp/shown", O_CREAT | O_RDWR, 0600));
  if (own < 0) return;
  try("ftruncate", sys_ftruncate(own, 3 * PAGE));
  long view = try("mmap", sys_mmap(0, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, own, 0));
  if (view > 0) touch(view, 3);
  try("ftruncate", sys_ftruncate(own, 0));
  sys_close(own);
  sys_unlinkat(AT_FDCWD, (long)"/tmp/shown", 0);
}

static u8 junk[3 * PAGE];

/* A pipe, its descriptors doubled in every way, its buffer filled over several pages. */
static void scenario_pipe(void) {
  int ends[2];
  if (try("pipe2", sys_pipe2((long)ends, O_NONBLOCK)) < 0) return;
  long other = try("dup", sys_dup(ends[1]));
  long third = try("dup3", sys_dup3(ends[1], 20, 0));
  long fourth = try("fcntl", sys_fcntl(ends[0], F_DUPFD, 30));
  move("write pipe", sys_write(ends[1], (long)junk, sizeof junk), sizeof junk);
  if (other >= 0) move("write pipe", sys_write(other, (long)junk, 100), 100);
  move("read pipe", sys_read(ends[0], (long)junk, PAGE + 1), PAGE + 1);
  if (third >= 0) move("write pipe", sys_write(third, (long)junk, PAGE), PAGE);
  if (fourth >= 0) sys_close(fourth);
  if (third >= 0) sys_close(third);
  if (other >= 0) sys_close(other);
  long child = fork();
  if (child == 0) exit(0);
  reap(child);
  sys_close(ends[0]);
  sys_close(ends[1]);
}

/* Names of every kind, long and short. */
static void scenario_names(void) {
  static const char longer[] = "/tmp/d/a name longer than one chunk of the table of names can hold";
  if (try("mkdir", sys_mkdirat(AT_FDCWD, (long)"/tmp/d", 0700)) == 0) {
    long fd = try("creat", sys_openat(AT_FDCWD, (long)longer, O_CREAT | O_WRONLY, 0600));
    if (fd >= 0) {
      sys_close(fd);
      try("link", sys_linkat(AT_FDCWD, (long)longer, AT_FDCWD, (long)"/tmp/d/l", 0));
      try("rename", sys_renameat2(AT_FDCWD, (long)longer, AT_FDCWD, (long)"/tmp/moved", 0));
    }
    try("symlink", sys_symlinkat((long)longer, AT_FDCWD, (long)"/tmp/d/s"));
    if (try("mkfifo", sys_mknodat(AT_FDCWD, (long)"/tmp/d/f", S_IFIFO | 0600, 0)) == 0) {
      fd = try("open fifo", sys_openat(AT_FDCWD, (long)"/tmp/d/f", O_RDWR, 0));
      if (fd >= 0) move("write pipe", sys_write(fd, (long)junk, 10), 10);
      if (fd >= 0) sys_close(fd);
    }
    fd = try("open", sys_openat(AT_FDCWD, (long)"/tmp/d", O_RDONLY | O_DIRECTORY, 0));
    if (fd >= 0) {
      try("getdents", sys_getdents64(fd, (long)junk, sizeof junk));
      sys_close(fd);
    }
  }
  sys_unlinkat(AT_FDCWD, (long)"/tmp/moved", 0);
  sys_unlinkat(AT_FDCWD, (long)longer, 0);
  sys_unlinkat(AT_FDCWD, (long)"/tmp/d/l", 0);
  sys_unlinkat(AT_FDCWD, (long)"/tmp/d/s", 0);
  sys_unlinkat(AT_FDCWD, (long)"/tmp/d/f", 0);
  sys_unlinkat(AT_FDCWD, (long)"/tmp/d", AT_REMOVEDIR);
}

/* A file that grows by small, large and scattered writes, and is emptied. */
static void scenario_grow(void) {
  touch((long)junk, 3); /* What is written is there: only the file can lack a page. */
  long fd = try("creat", sys_openat(AT_FDCWD, (long)"/tmp/grow", O_CREAT | O_RDWR, 0600));
  if (fd < 0) return;
  move("write file", sys_write(fd, (long)junk, 10), 10);
  move("write file", sys_write(fd, (long)junk, sizeof junk), sizeof junk);
  move("pwrite", sys_pwrite64(fd, (long)junk, 5000, 100 * PAGE), 5000);
  static struct io_vector pieces[120];
  for (int i = 0; i < 120; i++) {
    pieces[i].base = junk;
    pieces[i].length = i < 2 ? PAGE : 8;
  }
  move("writev", sys_writev(fd, (long)pieces, 120), 2 * PAGE + 118 * 8);
  sys_lseek(fd, 0, SEEK_SET);
  move("readv", sys_readv(fd, (long)pieces, 120), 2 * PAGE + 118 * 8);
  sys_close(fd);
  fd = try("open trunc", sys_openat(AT_FDCWD, (long)"/tmp/grow", O_TRUNC | O_RDWR, 0));
  if (fd >= 0) sys_close(fd);
  sys_unlinkat(AT_FDCWD, (long)"/tmp/grow", 0);
}

/* Files of the host: read, copied to another, and written in the middle. */
static void scenario_host(void) {
  long fd = try("open", sys_openat(AT_FDCWD, (long)"/bin/files", O_RDWR, 0));
  if (fd >= 0) {
    move("read file", sys_pread64(fd, (long)junk, PAGE, 0), PAGE);
    move("pwrite", sys_pwrite64(fd, (long)junk, 100, 2 * PAGE + 5), 100);
  }
  long to = try("creat", sys_openat(AT_FDCWD, (long)"/tmp/copy", O_CREAT | O_RDWR, 0600));
  if (fd >= 0 && to >= 0) {
    sys_lseek(fd, 0, SEEK_SET);
    move("sendfile", sys_sendfile(to, fd, 0, 6000), 6000);
  }
  if (to >= 0) sys_close(to);
  if (fd >= 0) sys_close(fd);
  sys_unlinkat(AT_FDCWD, (long)"/tmp/copy", 0);
  move("read input", sys_read(0, (long)junk, 100), 10);
}

/* Waiting at a word, and for many at once, with an end and without, the host's input among them. */
static void scenario_poll(void) {
  int one[2], two[2];
  struct timespec soon = {0, 1000};
  static u32 word;
  long waited = sys_futex((long)&word, FUTEX_WAIT, 0, (long)&soon, 0, 0);
  if (waited != -ETIMEDOUT) try("futex", waited);
  if (try("pipe2", sys_pipe2((long)one, 0)) < 0) return;
  if (try("pipe2", sys_pipe2((long)two, 0)) < 0) {
    sys_close(one[0]);
    sys_close(one[1]);
    return;
  }
  struct poll_item items[3] = {{one[0], POLLIN, 0}, {two[0], POLLIN, 0}, {one[0], POLLIN, 0}};
  try("ppoll", sys_ppoll((long)items, 3, (long)&soon, 0, 8));
  u64 set[1] = {1ul << one[0] | 1ul << two[0]};
  try("pselect", sys_pselect6(8, (long)set, 0, 0, (long)&soon, 0));
  long child = fork();
  if (child == 0) {
    sleep_for(100000);
    move("write pipe", sys_write(two[1], (long)junk, 1), 1);
    exit(0);
  }
  if (child > 0) {
    sys_close(two[1]);
    try("ppoll", sys_ppoll((long)items, 3, 0, 0, 8));
  }
  reap(child);
  struct poll_item input = {0, POLLIN, 0};
  try("ppoll input", sys_ppoll((long)&input, 1, 0, 0, 8));
  sys_close(one[0]);
  sys_close(one[1]);
  sys_close(two[0]);
}

static volatile int alarms;

static void count_alarm(int signal, struct siginfo *info, struct ucontext *context) {
  (void)signal, (void)info, (void)context;
  alarms++;
}

/* Sleeps, timers and handlers: what they take is embedded, but for the pages of the stack. */
static void scenario_signals(void) {
  signal_install(SIGALRM, count_alarm, 0);
  signal_install(SIGUSR1, count_alarm, SA_NODEFER);
  struct timespec tick = {0, 20000};
  try("nanosleep", sys_nanosleep((long)&tick, 0));
  u64 one_shot[4] = {0, 0, 0, 50};
  try("setitimer", sys_setitimer(ITIMER_REAL, (long)one_shot, 0));
  tick.nanoseconds = 200000;
  long slept = sys_nanosleep((long)&tick, 0);
  if (slept < 0 && slept != -EINTR) try("nanosleep", slept);
  try("kill", sys_kill(sys_getpid(), SIGUSR1));
  long child = fork();
  if (child == 0) {
    sleep_for(1000000000);
    exit(0);
  }
  if (child > 0) {
    sys_kill(child, SIGTERM);
    long status = wait_for(child);
    if (TERMINATION_SIGNAL(status) != SIGTERM) print("child killed %ld\n", status & 0x7f);
  } else {
    try("fork", child);
  }
}

/* Capabilities made, derived and mapped through, and a child started in a space of its own. */
static void scenario_tokens(void) {
  enum { READ = 1, WRITE = 2, EXECUTE = 4 };
  static const u32 code[] = {0x05e00893, 0x00000073}; /* li a7, 94; ecall */
  const long at = 0x50000000;
  long notification = try("notification", sys_notification_create());
  if (notification > 0) {
    try("derive", sys_cap_derive(notification, 0xff));
    try("copy", sys_cap_copy(notification, 0));
    try("timer", sys_timer_create(notification, 1));
    try("irq", sys_irq_bind(5, notification, 1));
    sys_cap_revoke(notification);
  }
  long own = try("token", sys_cap_space());
  long memory = try("memory", sys_memory_create(1));
  long space = try("space", sys_space_create());
  if (own < 0 || memory < 0 || space < 0) return;
  if (try("map", sys_space_map(own, memory, at, 1, 0, READ | WRITE)) < 0) return;
  for (long i = 0; i < 2; i++) ((volatile u32 *)at)[i] = code[i];
  if (try("map", sys_space_map(space, memory, at, 1, 0, READ | EXECUTE)) < 0) return;
  if (try("spawn", sys_process_spawn(space, at, at, 0, 0)) < 0) return;
  long status = wait_for(-1);
  if (status != 0) print("child killed %ld\n", status & 0x7f);
}

static u8 area[2 * PAGE] __attribute__((aligned(PAGE)));

/* A child sends a capability and a page to its parent, which does not wait for them for ever. */
static void carry_tokens(void) {
  long chid = try("channel", sys_channel_create(CHF_CAPS));
  if (chid < 0 || try("timeout", sys_timer_timeout(TIMEOUT_RECEIVE, 2000000)) < 0) return;
  long child = fork();
  struct msg m = {caps_tag(0, 1, 0), {0}};
  long cap[4] = {0};
  if (child == 0) {
    cap[0] = try("memory", sys_memory_create(1));
    long coid = try("attach", sys_connect_attach(sys_getppid(), chid));
    if (cap[0] > 0 && coid > 0) try("carry", msg_send_caps(coid, &m, cap));
    area[0] = 1;
    if (coid > 0) try("send pages", MsgSendPages(coid, area, PAGE, NULL, 0, PAGES_MOVED));
    exit(0);
  }
  if (child > 0) {
    long receipt = msg_receive_caps(chid, &m, cap);
    m.tag = reply_tag(0, 0);
    if (receipt > 0) try("reply", msg_trap(SYS_msg_reply, receipt, &m));
    area[PAGE] = 1;
    if (receipt > 0) {
      sys_timer_timeout(TIMEOUT_RECEIVE, 2000000);
      receipt = MsgReceive(chid, area + PAGE, PAGE, NULL);
      /* The child may have said why nothing comes. */
      if (receipt != -ETIMEDOUT) try("receive pages", receipt);
      if (receipt > 0) MsgReply(receipt, 0, NULL, 0);
    }
  }
  sys_channel_destroy(chid);
  reap(child);
}

/* Channels, connections to them, and pulses and posts through these. */
static void scenario_messages(void) {
  carry_tokens();
  for (int n = 0; n < 3; n++) {
    long chid = try("channel", sys_channel_create(0));
    if (chid < 0) return;
    long coid = try("attach", sys_connect_attach(0, chid));
    if (coid < 0 || try("pulse", sys_msg_send_pulse(coid, -1, 1, 2)) < 0) return;
    struct msg m;
    try("receive", msg_receive(chid, &m));
  }
  long chid = try("channel", sys_channel_create_async(CHF_THREAD_DEATH, 4));
  if (chid < 0) return;
  long coid = try("attach", sys_connect_attach(0, chid));
  if (coid < 0 || try("post", MsgPost(coid, "a word", 6)) < 0) return;
  if (try("name", name_attach("/a/name", chid)) < 0) return;
  if (try("attach", name_open("/a/name")) < 0) return;
  struct msg m;
  try("receive", msg_receive(chid, &m));
}

/* Pages that another hart has seen are unmapped, protected, copied, moved: each a shootdown. */
static void scenario_harts(void) {
  long area = try("mmap", map_pages(8 * PAGE, PROT_READ | PROT_WRITE));
  if (area < 0) return;
  for (long hart = 0; hart < 2; hart++) {
    pin_to_hart(hart);
    touch(area, 8);
  }
  try("mprotect", sys_mprotect(area, PAGE, PROT_READ));
  pin_to_hart(0);
  touch(area + PAGE, 7);
  pin_to_hart(1);
  try("munmap", sys_munmap(area, 2 * PAGE));
  pin_to_hart(0);
  touch(area + 2 * PAGE, 6);
  pin_to_hart(1);
  long moved = try("mremap", sys_mremap(area + 2 * PAGE, 6 * PAGE, 16 * PAGE, MREMAP_MAYMOVE, 0));
  if (moved < 0) return;
  pin_to_hart(0);
  touch(moved, 6);
  long child = fork();
  if (child == 0) {
    sleep_for(100000);
    exit(0);
  }
  pin_to_hart(1);
  if (child > 0) touch(moved, 6);
  reap(child);
}

static const struct scenario {
  const char *name;
  void (*run)(void);
} scenarios[] = {
    {"nothing", nothing},         {"fork", scenario_fork},   {"exec", scenario_exec},
    {"map", scenario_map},        {"file_map", scenario_file_map},
    {"pipe", scenario_pipe},      {"names", scenario_names}, {"grow", scenario_grow},
    {"host", scenario_host},      {"poll", scenario_poll},   {"signals", scenario_signals},
    {"harts", scenario_harts},    {"tokens", scenario_tokens},
    {"messages", scenario_messages}, {"threads", scenario_threads},
};

int main(int argc, char **argv) {
  print("begin\n");
  for (usize i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
    if (argc > 1 && strcmp(argv[1], scenarios[i].name) == 0) scenarios[i].run();
  }
  print("end\n");
  return check_result();
}
