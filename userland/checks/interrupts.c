/*
 * Short sequences that an interrupt must not be seen in. Each runs again and again, a little later
 * every time, so that the interrupt lands before every one of its instructions; the runner checks
 * from the journal that it did. Every result must be that of the undisturbed run.
 *
 *   interrupts switch N    the end of a turn, N delays; another process gets the hart
 *   interrupts alarm N     SIGALRM after 1 to N microseconds, and its handler
 *   interrupts signal N    a signal from another hart, N delays
 *   interrupts shootdown N an interrupt from a hart that unmaps a page, N delays
 */
#include "lib.h"

enum { MADV_DONTNEED = 4, COPIED = 128 };

struct registers {
  u64 x[32];
  u64 f[32];
  u64 fcsr;
};

/* Each sequence lies between begin_NAME and end_NAME. */
#define SEQUENCE(name, code) \
  __asm__( \
      ".text\n.balign 4\n.global " #name "\n.global begin_" #name "\n.global end_" #name "\n" #name \
      ":\n" code "\nend_" #name ":\n"); \
  extern char begin_##name[], end_##name[];

#define ALL_BUT_A0(do) \
  do(1) do(5) do(6) do(7) do(8) do(9) do(11) do(12) do(13) do(14) do(15) do(16) do(17) do(18) \
  do(19) do(20) do(21) do(22) do(23) do(24) do(25) do(26) do(27) do(28) do(29) do(30) do(31)
#define ALL_FLOATS(do) \
  do(0) do(1) do(2) do(3) do(4) do(5) do(6) do(7) do(8) do(9) do(10) do(11) do(12) do(13) do(14) \
  do(15) do(16) do(17) do(18) do(19) do(20) do(21) do(22) do(23) do(24) do(25) do(26) do(27) \
  do(28) do(29) do(30) do(31)
#define LOAD_X(i) "ld x" #i ", 8*" #i "(a0)\n"
#define STORE_X(i) "sd x" #i ", 8*" #i "(a0)\n"
#define LOAD_F(i) "fld f" #i ", 256+8*" #i "(a0)\n"
#define STORE_F(i) "fsd f" #i ", 256+8*" #i "(a0)\n"

/* Every register a program may use, but sp, gp and tp, filled and stored again. */
SEQUENCE(hold,
         "begin_hold: addi sp, sp, -240\n"
         "sd ra, 0(sp)\nsd s0, 8(sp)\nsd s1, 16(sp)\nsd s2, 24(sp)\nsd s3, 32(sp)\nsd s4, 40(sp)\n"
         "sd s5, 48(sp)\nsd s6, 56(sp)\nsd s7, 64(sp)\nsd s8, 72(sp)\nsd s9, 80(sp)\n"
         "sd s10, 88(sp)\nsd s11, 96(sp)\nsd a1, 104(sp)\n"
         "fsd fs0, 120(sp)\nfsd fs1, 128(sp)\nfsd fs2, 136(sp)\nfsd fs3, 144(sp)\n"
         "fsd fs4, 152(sp)\nfsd fs5, 160(sp)\nfsd fs6, 168(sp)\nfsd fs7, 176(sp)\n"
         "fsd fs8, 184(sp)\nfsd fs9, 192(sp)\nfsd fs10, 200(sp)\nfsd fs11, 208(sp)\n"
         ALL_FLOATS(LOAD_F) "ld t0, 512(a0)\nfscsr t0\n" ALL_BUT_A0(LOAD_X)
         "ld a0, 80(a0)\n"
         ".rept 8\nnop\n.endr\n"
         "sd a0, 112(sp)\nld a0, 104(sp)\n" ALL_BUT_A0(STORE_X) ALL_FLOATS(STORE_F)
         "frcsr t0\nsd t0, 512(a0)\nld t0, 112(sp)\nsd t0, 80(a0)\nfscsr zero\n"
         "ld ra, 0(sp)\nld s0, 8(sp)\nld s1, 16(sp)\nld s2, 24(sp)\nld s3, 32(sp)\nld s4, 40(sp)\n"
         "ld s5, 48(sp)\nld s6, 56(sp)\nld s7, 64(sp)\nld s8, 72(sp)\nld s9, 80(sp)\n"
         "ld s10, 88(sp)\nld s11, 96(sp)\n"
         "fld fs0, 120(sp)\nfld fs1, 128(sp)\nfld fs2, 136(sp)\nfld fs3, 144(sp)\n"
         "fld fs4, 152(sp)\nfld fs5, 160(sp)\nfld fs6, 168(sp)\nfld fs7, 176(sp)\n"
         "fld fs8, 184(sp)\nfld fs9, 192(sp)\nfld fs10, 200(sp)\nfld fs11, 208(sp)\n"
         "addi sp, sp, 240\nret")
void hold(const struct registers *in, struct registers *out);

/* One increment by lr and sc, tried until it succeeds. */
SEQUENCE(increment,
         "begin_increment: lr.d t0, (a0)\naddi t0, t0, 1\nnop\nnop\nsc.d t1, t0, (a0)\n"
         "bnez t1, begin_increment\nli a0, 0\nret")
u64 increment(volatile u64 *counter);

/* One try: 0 when the store was done, 1 when it was refused. Interrupted, it must be refused. */
SEQUENCE(try_once,
         "lr.d t0, (a0)\nbegin_try_once: addi t0, t0, 1\n.rept 12\nnop\n.endr\n"
         "sc.d a0, t0, (a0)\nafter_try_once: ret")
u64 try_once(volatile u64 *counter);
extern char after_try_once[];

/* Quotients in three rounding modes, and the flags. */
SEQUENCE(rounding,
         "begin_rounding: fscsr zero\nli t0, 1\nli t1, 3\nfcvt.d.l ft0, t0\nfcvt.d.l ft1, t1\n"
         "fsrmi 1\nfdiv.d ft2, ft0, ft1\nfmv.x.d a0, ft2\nfsrmi 3\nfdiv.d ft2, ft0, ft1\n"
         "fmv.x.d t2, ft2\nslli a0, a0, 8\nadd a0, a0, t2\nfrcsr t3\nxor a0, a0, t3\n"
         "csrrci t4, fflags, 1\nslli t4, t4, 40\nxor a0, a0, t4\nfsrmi 2\nfneg.d ft0, ft0\n"
         "fdiv.d ft2, ft0, ft1\nfmv.x.d t2, ft2\nslli t2, t2, 3\nadd a0, a0, t2\nfrcsr t3\n"
         "slli t3, t3, 20\nxor a0, a0, t3\nfscsr zero\nret")
u64 rounding(void);

/* A copy by doublewords. */
SEQUENCE(copy,
         "begin_copy: ld t0, 0(a1)\nsd t0, 0(a0)\naddi a0, a0, 8\naddi a1, a1, 8\n"
         "addi a2, a2, -8\nbnez a2, begin_copy\nli a0, 0\nret")
u64 copy(void *to, const void *from, u64 count);

/* A read of one byte, which may wait. */
SEQUENCE(read_byte, "begin_read_byte: li a7, 63\nli a2, 1\nnop\necall\nnop\nnop\nret")
long read_byte(long fd, u8 *to);

/* A signal to itself: its handler, and the way back through the trampoline. */
SEQUENCE(raise, "begin_raise: li a7, 129\nli a1, 10\nnop\necall\nnop\nnop\nret")
long raise(long pid);
SEQUENCE(handled,
         "begin_handled: addi sp, sp, -16\nsd s0, 0(sp)\nfsd fs0, 8(sp)\nli s0, 77\n"
         "fcvt.d.l fs0, s0\nfscsr s0\nli a0, 5\nli a1, 6\nli t6, 7\nld s0, 0(sp)\nfld fs0, 8(sp)\n"
         "addi sp, sp, 16\nret")
void handled(int signal);

/* Goes on `count` instructions later. */
__asm__(
    ".text\n.balign 4\ndelay:\nandi t0, a0, 1\nsrli a0, a0, 1\nbeqz t0, 1f\nnop\n"
    "1: beqz a0, 2f\n3: addi a0, a0, -1\nbnez a0, 3b\n2: ret\n");
void delay(u64 count);

/* Leaves something else in every register that needs no saving, and in fcsr. */
static void clobber(u64 seed) {
  __asm__ volatile(
      "fmv.d.x ft0, %0\nfmv.d.x ft1, %0\nfmv.d.x ft2, %0\nfmv.d.x ft3, %0\nfmv.d.x ft4, %0\n"
      "fmv.d.x fa0, %0\nfmv.d.x fa1, %0\nfmv.d.x fa2, %0\nfmv.d.x fs0, %0\nfmv.d.x fs1, %0\n"
      "fmv.d.x fs11, %0\nli t0, 0x7f\nfscsr t0\nli t1, 11\nli t2, 12\nli t3, 13\nli t4, 14\n"
      "li t5, 15\nli t6, 16\nli a5, 17\nli a6, 18\nli a7, 19\n"
      :
      : "r"(seed)
      : "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a5", "a6", "a7", "ft0", "ft1", "ft2", "ft3",
        "ft4", "fa0", "fa1", "fa2", "fs0", "fs1", "fs11");
}

static long self;
static volatile u64 *shared;
static volatile u64 alarms, interrupted;
static int byte_pipe[2], wait_pipe[2];

/* What the other process does with the hart: its registers, its store to the same word. */
static void disturb(void) {
  clobber(0x5a5a5a5a5a5a5a5a);
  increment(shared);
  shared[1]++;
}

static void on_signal(int signal, struct siginfo *info, struct ucontext *context) {
  (void)info;
  u64 pc = context->registers[REGISTER_PC];
  if (pc >= (u64)begin_try_once && pc < (u64)after_try_once) interrupted = 1;
  alarms++;
  sys_write(byte_pipe[1], (long)"x", 1);
  if (signal == SIGALRM) sys_write(wait_pipe[1], (long)"z", 1);
  clobber(alarms);
}

static u8 *file_pages;
static struct registers filled, kept;

static void prepare(void) {
  filled.fcsr = 0x2a;
  for (u64 i = 0; i < 32; i++) {
    filled.x[i] = 0x0101010101010101 * i + (i << 60);
    filled.f[i] = 0x4030201000000000 + i * 0x0001000100010001;
  }
  long fd = sys_openat(AT_FDCWD, (long)"/proc/self/exe", O_RDONLY, 0);
  CHECK(fd >= 0);
  file_pages = (u8 *)sys_mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  CHECK((long)file_pages > 0);
  shared = (u64 *)sys_mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK((long)shared > 0);
  CHECK_EQUAL(sys_pipe2((long)byte_pipe, O_NONBLOCK), 0);
  CHECK_EQUAL(pipe(wait_pipe), 0);
  struct sigaction small = {(u64)handled, 0, 0};
  CHECK_EQUAL(sys_rt_sigaction(SIGUSR1, (long)&small, 0, 8), 0);
}

/* The last waits for a byte that only the alarm's handler writes. */
enum { HOLD, INCREMENT, TRY_ONCE, ROUNDING, COPY, READ_BYTE, RAISE, SEQUENCES, READ_WAIT = SEQUENCES, WITH_WAIT };

static const struct {
  const char *name;
  const char *begin, *end;
} sequences[] = {
    {"hold", begin_hold, end_hold},
    {"increment", begin_increment, end_increment},
    {"try_once", begin_try_once, after_try_once},
    {"rounding", begin_rounding, end_rounding},
    {"copy", begin_copy, end_copy},
    {"read_byte", begin_read_byte, end_read_byte},
    {"raise", begin_raise, end_raise},
    {"read_byte", begin_read_byte, end_read_byte},
    {"handled", begin_handled, end_handled},
};

static u8 text[COPIED];
static u64 own_increments;

/* What has to be made ready while nothing disturbs yet. */
static void ready(int which) {
  interrupted = 0;
  if (which == COPY) {
    sys_madvise((long)file_pages, 2 * PAGE, MADV_DONTNEED);
    volatile u8 *touched = file_pages;
    (void)(touched[0] + touched[PAGE]);
  }
  if (which == READ_BYTE) sys_write(byte_pipe[1], (long)"y", 1);
}

/* Runs a sequence once, `later` instructions from now; a number that every run must give. */
static u64 run(int which, u64 later) {
  static const u8 zero_byte;
  u64 result = 0;
  u8 byte = zero_byte;
  delay(later);
  switch (which) {
  case HOLD:
    hold(&filled, &kept);
    result = checksum(CHECKSUM_SEED, &kept, sizeof kept);
    break;
  case INCREMENT:
    increment(shared);
    own_increments++;
    break;
  case TRY_ONCE:
    if (try_once(&shared[2]) == 0) {
      result = interrupted;
      CHECK_EQUAL(interrupted, 0);
    }
    break;
  case ROUNDING:
    result = rounding();
    break;
  case COPY: {
    u8 *to = file_pages + PAGE - COPIED / 2;
    copy(to, text, COPIED);
    result = checksum(CHECKSUM_SEED, file_pages, 2 * PAGE);
    break;
  }
  case READ_BYTE: {
    long got = read_byte(byte_pipe[0], &byte);
    result = (u64)got;
    u8 more[16];
    while (sys_read(byte_pipe[0], (long)more, sizeof more) > 0) {
    }
    break;
  }
  case READ_WAIT:
    result = (u64)read_byte(wait_pipe[0], &byte);
    break;
  case RAISE:
    result = (u64)raise(self);
    break;
  }
  return result;
}

static u64 reference[WITH_WAIT];

static void check(int which, u64 later, u64 result) {
  if (result != reference[which]) {
    print("%s, %lu later: %lx, undisturbed %lx\n", sequences[which].name, later, result,
          reference[which]);
    CHECK(0);
  }
}

static long other(void (*body)(void)) {
  long child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    for (;;) body();
  }
  return child;
}

static void end(long child) {
  sys_kill(child, SIGKILL);
  wait_for(child);
}

static void take_turn(void) {
  disturb();
  sys_sched_yield();
}

static void by_switch(u64 count) {
  long child = other(take_turn);
  for (int which = 0; which < SEQUENCES; which++) {
    for (u64 later = 0; later < count; later++) {
      ready(which);
      /* The other has its turn now, and this process a whole one after it. */
      sys_sched_yield();
      check(which, later, run(which, later));
    }
  }
  end(child);
  CHECK_EQUAL(shared[0], own_increments + shared[1]);
  CHECK(shared[1] >= count);
}

static void by_alarm(u64 count) {
  CHECK_EQUAL(signal_install(SIGALRM, on_signal, SA_RESTART), 0);
  reference[READ_WAIT] = 1;
  for (int which = 0; which < WITH_WAIT; which++) {
    for (u64 later = 1; later <= count; later++) {
      ready(which);
      u64 before = alarms;
      struct {
        u64 period[2], first[2];
      } timer = {{0, 0}, {0, later}};
      sys_setitimer(0, (long)&timer, 0);
      u64 result = run(which, 0);
      while (alarms == before) {
      }
      check(which, later, result);
      u8 byte;
      if (which != READ_WAIT) sys_read(wait_pipe[0], (long)&byte, 1);
    }
  }
  CHECK_EQUAL(alarms, WITH_WAIT * count);
}

enum { ROUND = 64, NOTICE = 300, RAISED = 3, PREPARED = 4 };

static u64 ticks(void) {
  u64 now;
  __asm__ volatile("rdtime %0" : "=r"(now));
  return now;
}

static u8 *used_page;

static void send_signal(void) {
  sys_kill(self, SIGUSR2);
}

/* Uses a page on the hart of the sequences, so that it has to be told when the page goes. */
static void use_page(void) {
  pin_to_hart(1);
  used_page = (u8 *)map_pages(PAGE, PROT_READ | PROT_WRITE);
  *used_page = 1;
  pin_to_hart(0);
}

static void unmap_page(void) {
  sys_munmap((long)used_page, PAGE);
}

/* Interrupts the other hart once each time it says that a sequence is about to run. */
static void interrupt_each(void (*before)(void), void (*interrupt)(void)) {
  for (u64 n = 1;; n++) {
    if (before) before();
    shared[PREPARED] = n;
    while (shared[RAISED] < n) {
    }
    delay(NOTICE);
    interrupt();
  }
}

/*
 * Runs the sequences while another hart interrupts this one, at the end of a round. Every run says
 * so at the same place of a round, and goes on one instruction later than the one before.
 */
static void from_afar(u64 count, long own_hart, long other_hart, void (*before)(void),
                      void (*interrupt)(void)) {
  CHECK_EQUAL(signal_install(SIGUSR2, on_signal, SA_RESTART), 0);
  CHECK_EQUAL(pin_to_hart(own_hart), 0);
  long child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    pin_to_hart(other_hart);
    interrupt_each(before, interrupt);
  }
  u64 n = 0;
  for (int which = 0; which < SEQUENCES; which++) {
    for (u64 later = 0; later < count; later++) {
      ready(which);
      while (shared[PREPARED] != n + 1) sys_sched_yield();
      delay(2 * ROUND - ticks() % ROUND);
      shared[RAISED] = ++n;
      check(which, later, run(which, later));
    }
  }
  end(child);
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  u64 count = (u64)number_or(argc > 2 ? argv[2] : NULL, 100);
  self = sys_getpid();
  prepare();
  for (u64 i = 0; i < COPIED; i++) text[i] = (u8)(i * 7 + 1);
  for (int which = 0; which < SEQUENCES; which++) {
    ready(which);
    reference[which] = run(which, 0);
  }
  CHECK_EQUAL(checksum(CHECKSUM_SEED, &filled, sizeof filled) != 0, 1);
  for (int i = 1; i < 32; i++) {
    if (i == 2 || i == 3 || i == 4) continue;
    CHECK_EQUAL(kept.x[i], filled.x[i]);
  }
  for (int i = 0; i < 32; i++) CHECK_EQUAL(kept.f[i], filled.f[i]);
  CHECK_EQUAL(kept.fcsr, filled.fcsr);
  CHECK_EQUAL(reference[READ_BYTE], 1);
  for (usize i = 0; i < sizeof sequences / sizeof *sequences; i++) {
    print("range %s %lx %lx\n", sequences[i].name, (u64)sequences[i].begin,
          (u64)sequences[i].end);
  }
  if (!strcmp(mode, "switch")) by_switch(count);
  else if (!strcmp(mode, "alarm")) by_alarm(count);
  else if (!strcmp(mode, "signal")) from_afar(count, 0, 1, NULL, send_signal);
  else if (!strcmp(mode, "shootdown")) from_afar(count, 1, 0, use_page, unmap_page);
  else CHECK(0);
  return check_result();
}
