/*
 * Hostile: signals that nothing stops, forged signal frames, tables filled to their limit, and
 * buffers of which some are bad. Prints a line "NAME VALUE" for each thing it finds.
 */
#include "lib.h"

enum { SIGSTOP = 19, F_DUPFD_CLOEXEC = 1030, RLIMIT_NOFILE = 7, WUNTRACED = 2, FRAME = 1088 };
#define ALL (~0ul)
#define KILL_AND_STOP (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
#define KERNEL 0xffffffc000000000ul

static void found(const char *name, long value) {
  print("%s %ld\n", name, value);
}

/* ---- KILL and STOP ---- */

static void nothing(int signal, struct siginfo *info, struct ucontext *context) {
  (void)signal, (void)info, (void)context;
}

static void shield(void) {
  for (int signal = 1; signal <= 64; signal++) signal_ignore(signal);
  signal_mask(SIG_SETMASK, ALL);
}

static void sleep_shielded(void) {
  shield();
  /* Bounded, so that a kernel that lets it live is seen and not waited for. */
  for (int turn = 0; turn < 50; turn++) sleep_for(1000000000);
  exit(1);
}

static void suspend_shielded(void) {
  u64 all = ALL;
  shield();
  for (int turn = 0; turn < 50; turn++) sys_rt_sigsuspend((long)&all, 8);
  exit(1);
}

/* Wait status of a child that runs `body` and is sent `signal`. */
static long fate(void (*body)(void), int signal) {
  long child = fork();
  if (child == 0) body();
  sleep_for(5000000);
  sys_kill(child, signal);
  int status = -1;
  sys_wait4(child, (long)&status, WUNTRACED, 0);
  if ((status & 0xff) == 0x7f) {
    sys_kill(child, SIGKILL);
    sys_wait4(child, 0, 0, 0);
  }
  return status;
}

static void try_unstoppable(void) {
  found("catch KILL", signal_install(SIGKILL, nothing, 0));
  found("catch STOP", signal_install(SIGSTOP, nothing, 0));
  found("ignore KILL", signal_ignore(SIGKILL));
  found("ignore STOP", signal_ignore(SIGSTOP));
  u64 old = signal_mask(SIG_SETMASK, ALL);
  found("block KILL and STOP", (long)(signal_mask(SIG_SETMASK, old) & KILL_AND_STOP));
  found("kill asleep", fate(sleep_shielded, SIGKILL));
  found("kill suspended", fate(suspend_shielded, SIGKILL));
  found("stop asleep", fate(sleep_shielded, SIGSTOP));
}

/* ---- frames ---- */

static u8 area[2 * FRAME] __attribute__((aligned(16)));
static struct ucontext *const context = (struct ucontext *)(area + 128);
static u64 landed_mask;

__attribute__((noreturn)) static void return_from(u64 frame) {
  __asm__ volatile("mv sp, %0\n li a7, 139\n ecall\n ebreak" ::"r"(frame) : "memory");
  __builtin_unreachable();
}

/* Where a forged frame may land: it exits with what it finds in fcsr beyond its eight bits. */
static u8 stack[4 * PAGE] __attribute__((aligned(16)));
__attribute__((noreturn, used)) static void landed(void) {
  u64 fcsr;
  __asm__ volatile("frcsr %0" : "=r"(fcsr));
  landed_mask = signal_mask(SIG_BLOCK, 0);
  exit(fcsr > 0xff || (landed_mask & KILL_AND_STOP) ? 1 : (int)(fcsr & 0x1f));
}

static void forge(u64 pc) {
  memset(area, 0, sizeof area);
  u64 gp;
  __asm__("mv %0, gp" : "=r"(gp));
  context->registers[REGISTER_PC] = pc;
  context->registers[REGISTER_SP] = (u64)(stack + sizeof stack);
  context->registers[3] = gp;
}

/* Wait status of a child that returns from a frame. */
static long returned(u64 frame) {
  long child = fork();
  if (child == 0) return_from(frame);
  return wait_for(child);
}

static void try_frames(void) {
  u64 frame = (u64)area;
  forge((u64)landed);
  found("frame good", returned(frame));
  context->fcsr = 0xffffff1fu;
  found("frame with fcsr of ones", returned(frame));
  forge((u64)landed);
  context->mask = ALL;
  found("frame with every signal blocked", returned(frame));
  forge(KERNEL);
  found("frame with kernel pc", returned(frame));
  forge(0xfffffffffffffffe);
  found("frame with last pc", returned(frame));
  forge(0x8000000000000002);
  found("frame with middle pc", returned(frame));
  forge((u64)area);
  found("frame with data pc", returned(frame));
  forge((u64)landed);
  context->registers[REGISTER_SP] = KERNEL + PAGE;
  found("frame with kernel sp", returned(frame));
  found("frame at null", returned(0));
  found("frame in kernel", returned(KERNEL));
  found("frame at middle", returned(0x8000000000000000));
  found("frame at last", returned(-16ul));
  long pages = map_pages(3 * PAGE, PROT_READ | PROT_WRITE);
  sys_munmap(pages + (long)PAGE, PAGE);
  forge((u64)landed);
  memcpy((void *)(pages + (long)PAGE - FRAME), area, FRAME);
  found("frame up to hole", returned((u64)pages + PAGE - FRAME));
  found("frame into hole", returned((u64)pages + PAGE - FRAME + 16));
  found("frame out of hole", returned((u64)pages + 2 * PAGE - 16));
  memcpy((void *)pages, area, FRAME);
  sys_mprotect(pages, PAGE, PROT_READ);
  found("frame read-only", returned((u64)pages));
  sys_mprotect(pages, PAGE, PROT_NONE);
  found("frame without access", returned((u64)pages));
}

/* ---- limits ---- */

static void try_descriptors(void) {
  struct {
    u64 now, most;
  } limit;
  sys_prlimit64(0, RLIMIT_NOFILE, 0, (long)&limit);
  long most = (long)limit.now, last = -1, fd;
  while ((fd = sys_dup(0)) >= 0) last = fd;
  found("descriptors full", fd);
  found("descriptors below the limit", most - 1 - last);
  found("open full", sys_openat(AT_FDCWD, (long)"forge.full", O_CREAT | O_RDWR, 0600));
  found("opened nothing", sys_faccessat(AT_FDCWD, (long)"forge.full", 0));
  found("dup at the limit", sys_dup3(0, most, 0));
  found("dup onto itself", sys_dup3(0, 0, 0));
  found("fcntl at the limit", sys_fcntl(0, F_DUPFD, most));
  found("fcntl full", sys_fcntl(0, F_DUPFD, 3));
  int ends[2] = {-1, -1};
  found("pipe full", sys_pipe2((long)ends, 0));
  sys_close(last);
  found("pipe with one left", sys_pipe2((long)ends, 0));
  found("pipe wrote nothing", ends[0] == -1 && ends[1] == -1);
  found("the one is left", sys_dup(0) - last);
  for (fd = 3; fd <= last; fd++) sys_close(fd);
  found("pipe after", sys_pipe2((long)ends, 0));
  sys_close(ends[0]);
  sys_close(ends[1]);
}

static void try_names(void) {
  static char path[5000];
  for (int length = 4095; length <= 4096; length++) {
    for (int i = 0; i < length; i++) path[i] = i & 1 ? '/' : '.';
    path[length] = 0;
    found(length == 4095 ? "path of 4095" : "path of 4096", sys_faccessat(AT_FDCWD, (long)path, 0));
  }
  for (int length = 255; length <= 256; length++) {
    memset(path, 'n', sizeof path);
    path[length] = 0;
    long fd = sys_openat(AT_FDCWD, (long)path, O_CREAT | O_RDWR, 0600);
    found(length == 255 ? "name of 255" : "name of 256", fd < 0 ? fd : 0);
    if (fd >= 0) sys_close(fd), sys_unlinkat(AT_FDCWD, (long)path, 0);
  }
  sys_symlinkat((long)"forge.loop", AT_FDCWD, (long)"forge.loop");
  found("loop of links", sys_openat(AT_FDCWD, (long)"forge.loop", O_RDONLY, 0));
  sys_unlinkat(AT_FDCWD, (long)"forge.loop", 0);
}

/* ---- some bad buffers ---- */

static u8 room[16];

/* writev of 4 good bytes and one more buffer to an empty pipe or file; then what is in it. */
static void try_second(const char *name, u64 address, u64 length, int to_file) {
  int ends[2];
  sys_pipe2((long)ends, O_NONBLOCK);
  long fd = sys_openat(AT_FDCWD, (long)"forge.file", O_CREAT | O_TRUNC | O_RDWR, 0600);
  struct io_vector parts[2] = {{room, 4}, {(void *)address, length}};
  char line[64];
  format(line, sizeof line, "writev %s to a %s", name, to_file ? "file" : "pipe");
  found(line, sys_writev(to_file ? fd : ends[1], (long)parts, 2));
  format(line, sizeof line, "then in the %s", to_file ? "file" : "pipe");
  u8 got[64];
  if (to_file) sys_lseek(fd, 0, SEEK_SET);
  long held = sys_read(to_file ? fd : ends[0], (long)got, sizeof got);
  found(line, held);
  /* And read into them: first the file is given 12 bytes. */
  sys_write(ends[1], (long)room, 12);
  format(line, sizeof line, "readv %s from a pipe", name);
  found(line, sys_readv(ends[0], (long)parts, 2));
  found("then left in the pipe", sys_read(ends[0], (long)got, sizeof got));
  sys_close(fd);
  sys_close(ends[0]);
  sys_close(ends[1]);
  sys_unlinkat(AT_FDCWD, (long)"forge.file", 0);
}

static void try_vectors(void) {
  static struct io_vector many[1025];
  long hole = map_pages(2 * PAGE, PROT_READ | PROT_WRITE);
  sys_munmap(hole + (long)PAGE, PAGE);
  for (int to_file = 0; to_file < 2; to_file++) {
    try_second("good", (u64)room + 4, 4, to_file);
    try_second("hole", (u64)hole + PAGE, 4, to_file);
    try_second("null", 0, 4, to_file);
    try_second("nothing", 0, 0, to_file);
    try_second("kernel", KERNEL, 4, to_file);
    try_second("wrapping", (u64)room, 1ul << 62, to_file);
    try_second("negative", (u64)room, ALL, to_file);
  }
  for (int i = 0; i < 1025; i++) many[i] = (struct io_vector){room, 0};
  found("1024 buffers", sys_writev(1, (long)many, 1024));
  found("1025 buffers", sys_writev(1, (long)many, 1025));
}

int main(void) {
  try_unstoppable();
  try_frames();
  try_descriptors();
  try_names();
  try_vectors();
  return 0;
}
