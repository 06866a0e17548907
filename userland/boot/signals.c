/* Boot stage: handlers, masks, interrupted calls, and what sigreturn must give back. */
#include "lib.h"

static volatile int count;
static volatile int last_signal;
static volatile i32 last_sender;

static void on_signal(int signal, struct siginfo *info, struct ucontext *context) {
  (void)context;
  count++;
  last_signal = signal;
  last_sender = info->sender.pid;
}

static void raise(int signal) {
  CHECK_EQUAL(sys_kill(sys_getpid(), signal), 0);
}

static void check_delivery(void) {
  CHECK_EQUAL(signal_install(SIGUSR1, on_signal, 0), 0);
  count = 0;
  raise(SIGUSR1);
  CHECK_EQUAL(count, 1);
  CHECK_EQUAL(last_signal, SIGUSR1);
  CHECK_EQUAL(last_sender, sys_getpid());

  struct sigaction old;
  CHECK_EQUAL(sys_rt_sigaction(SIGUSR1, 0, (long)&old, 8), 0);
  CHECK_EQUAL(old.handler, (u64)on_signal);
  CHECK_EQUAL(old.flags & SA_SIGINFO, SA_SIGINFO);
  CHECK_EQUAL(sys_rt_sigaction(SIGKILL, (long)&old, 0, 8), -EINVAL);
  CHECK_EQUAL(sys_rt_sigaction(65, (long)&old, 0, 8), -EINVAL);

  signal_ignore(SIGUSR1);
  raise(SIGUSR1);
  CHECK_EQUAL(count, 1);
  CHECK_EQUAL(sys_kill(sys_getpid(), 0), 0);

  signal_install(SIGUSR1, on_signal, SA_RESETHAND);
  raise(SIGUSR1);
  CHECK_EQUAL(count, 2);
  sys_rt_sigaction(SIGUSR1, 0, (long)&old, 8);
  CHECK_EQUAL(old.handler, SIG_DFL);
}

static void check_mask(void) {
  signal_install(SIGUSR1, on_signal, 0);
  signal_install(SIGUSR2, on_signal, 0);
  count = 0;
  u64 both = SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGUSR2);
  u64 before = signal_mask(SIG_BLOCK, both);
  CHECK_EQUAL(before & both, 0);
  raise(SIGUSR2);
  raise(SIGUSR1);
  raise(SIGUSR1);
  CHECK_EQUAL(count, 0);
  u64 pending = 0;
  CHECK_EQUAL(sys_rt_sigpending((long)&pending, 8), 0);
  CHECK_EQUAL(pending & both, both);
  /* A standard signal is pending once however often it is sent; the rest arrives on unblocking. */
  signal_mask(SIG_SETMASK, before);
  CHECK_EQUAL(count, 2);
  sys_rt_sigpending((long)&pending, 8);
  CHECK_EQUAL(pending & both, 0);
  /* SIGKILL cannot be blocked. */
  signal_mask(SIG_BLOCK, SIGNAL_BIT(SIGKILL));
  CHECK_EQUAL(signal_mask(SIG_SETMASK, before) & SIGNAL_BIT(SIGKILL), 0);
}

static volatile int depth, deepest;

static void on_nested(int signal, struct siginfo *info, struct ucontext *context) {
  (void)info, (void)context;
  depth++;
  if (depth > deepest) deepest = depth;
  count++;
  if (signal == SIGUSR1 && depth == 1) raise(SIGUSR2);
  if (signal == SIGUSR1 && count < 3) raise(SIGUSR1);
  depth--;
}

static void check_nesting(void) {
  signal_install(SIGUSR1, on_nested, 0);
  signal_install(SIGUSR2, on_nested, 0);
  count = depth = deepest = 0;
  raise(SIGUSR1);
  /* USR1, inside it USR2, and the second USR1 only after the first handler is through. */
  CHECK_EQUAL(deepest, 2);
  CHECK_EQUAL(count, 4);
  signal_install(SIGUSR1, on_nested, SA_NODEFER);
  signal_ignore(SIGUSR2);
  count = depth = deepest = 0;
  raise(SIGUSR1);
  CHECK_EQUAL(deepest, 3);
  CHECK_EQUAL(count, 3);
}

/* Overwrites every register a handler may, so that only sigreturn can bring the old ones back. */
static void on_clobber(int signal, struct siginfo *info, struct ucontext *context) {
  (void)signal, (void)info, (void)context;
  count++;
  __asm__ volatile(
      "li ra, -1\n li t0, -1\n li t1, -1\n li t2, -1\n li s1, -1\n"
      "li a0, -1\n li a1, -1\n li a2, -1\n li a3, -1\n li a4, -1\n li a5, -1\n"
      "li a6, -1\n li a7, -1\n li s2, -1\n li s3, -1\n li s4, -1\n li s5, -1\n"
      "li s6, -1\n li s7, -1\n li s8, -1\n li s9, -1\n li s10, -1\n li s11, -1\n"
      "li t3, -1\n li t4, -1\n li t5, -1\n li t6, -1\n"
      "fmv.d.x ft0, t0\n fmv.d.x ft11, t0\n fmv.d.x fa0, t0\n fmv.d.x fa7, t0\n"
      "fmv.d.x fs0, t0\n fmv.d.x fs11, t0\n fscsr zero\n" ::
          : "ra", "t0", "t1", "t2", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2",
            "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6", "ft0",
            "ft11", "fa0", "fa7", "fs0", "fs11", "memory");
}

/* x1 to x31 (without sp, gp, tp, s0), f0, f31 and the others a handler touches, and fcsr. */
struct image {
  u64 integers[32];
  u64 floats[32];
  u64 control;
};

/*
 * Fills every register with a pattern, waits until the signal has come (rounds > 0: spins that
 * often; 0: sends it to itself by kill), and stores all registers into `after`.
 */
void run_with_pattern(struct image *after, const struct image *before, long pid, volatile int *flag,
                      long spin);
__asm__(
    ".section .text.pattern, \"ax\"\n"
    ".globl run_with_pattern\n"
    "run_with_pattern:\n"
    "  addi sp, sp, -256\n"
    "  sd ra, 0(sp)\n sd s0, 8(sp)\n sd s1, 16(sp)\n sd s2, 24(sp)\n sd s3, 32(sp)\n"
    "  sd s4, 40(sp)\n sd s5, 48(sp)\n sd s6, 56(sp)\n sd s7, 64(sp)\n sd s8, 72(sp)\n"
    "  sd s9, 80(sp)\n sd s10, 88(sp)\n sd s11, 96(sp)\n"
    "  fsd fs0, 104(sp)\n fsd fs1, 112(sp)\n fsd fs2, 120(sp)\n fsd fs3, 128(sp)\n"
    "  fsd fs4, 136(sp)\n fsd fs5, 144(sp)\n fsd fs6, 152(sp)\n fsd fs7, 160(sp)\n"
    "  fsd fs8, 168(sp)\n fsd fs9, 176(sp)\n fsd fs10, 184(sp)\n fsd fs11, 192(sp)\n"
    "  sd a0, 200(sp)\n sd a2, 208(sp)\n sd a3, 216(sp)\n sd a4, 224(sp)\n"
    "  mv s0, a1\n"
    "  ld t0, 512(s0)\n fscsr t0\n"
    "  fld f0, 256(s0)\n fld f1, 264(s0)\n fld f2, 272(s0)\n fld f3, 280(s0)\n"
    "  fld f4, 288(s0)\n fld f5, 296(s0)\n fld f6, 304(s0)\n fld f7, 312(s0)\n"
    "  fld f8, 320(s0)\n fld f9, 328(s0)\n fld f10, 336(s0)\n fld f11, 344(s0)\n"
    "  fld f12, 352(s0)\n fld f13, 360(s0)\n fld f14, 368(s0)\n fld f15, 376(s0)\n"
    "  fld f16, 384(s0)\n fld f17, 392(s0)\n fld f18, 400(s0)\n fld f19, 408(s0)\n"
    "  fld f20, 416(s0)\n fld f21, 424(s0)\n fld f22, 432(s0)\n fld f23, 440(s0)\n"
    "  fld f24, 448(s0)\n fld f25, 456(s0)\n fld f26, 464(s0)\n fld f27, 472(s0)\n"
    "  fld f28, 480(s0)\n fld f29, 488(s0)\n fld f30, 496(s0)\n fld f31, 504(s0)\n"
    "  ld ra, 8(s0)\n ld t1, 48(s0)\n ld t2, 56(s0)\n ld s1, 72(s0)\n"
    "  ld a2, 96(s0)\n ld a3, 104(s0)\n ld a4, 112(s0)\n ld a5, 120(s0)\n ld a6, 128(s0)\n"
    "  ld s2, 144(s0)\n ld s3, 152(s0)\n ld s4, 160(s0)\n ld s5, 168(s0)\n ld s6, 176(s0)\n"
    "  ld s7, 184(s0)\n ld s8, 192(s0)\n ld s9, 200(s0)\n ld s10, 208(s0)\n ld s11, 216(s0)\n"
    "  ld t3, 224(s0)\n ld t4, 232(s0)\n ld t5, 240(s0)\n"
    /* a1 and a7 hold what kill wants, and stay as they are in the spinning case too. */
    "  ld a0, 208(sp)\n li a1, 10\n li a7, 129\n"
    "  ld t0, 224(sp)\n"
    "  ld t6, 216(sp)\n"
    "  bnez t0, 1f\n"
    "  ecall\n"
    "  j 2f\n"
    "1: lw s0, 0(t6)\n"
    "  bnez s0, 2f\n"
    "  addi t0, t0, -1\n"
    "  bnez t0, 1b\n"
    "2: ld s0, 200(sp)\n"
    "  sd ra, 8(s0)\n sd sp, 16(s0)\n sd gp, 24(s0)\n sd tp, 32(s0)\n sd t1, 48(s0)\n"
    "  sd t2, 56(s0)\n sd s1, 72(s0)\n sd a0, 80(s0)\n sd a1, 88(s0)\n sd a2, 96(s0)\n"
    "  sd a3, 104(s0)\n sd a4, 112(s0)\n sd a5, 120(s0)\n sd a6, 128(s0)\n sd a7, 136(s0)\n"
    "  sd s2, 144(s0)\n sd s3, 152(s0)\n sd s4, 160(s0)\n sd s5, 168(s0)\n sd s6, 176(s0)\n"
    "  sd s7, 184(s0)\n sd s8, 192(s0)\n sd s9, 200(s0)\n sd s10, 208(s0)\n sd s11, 216(s0)\n"
    "  sd t3, 224(s0)\n sd t4, 232(s0)\n sd t5, 240(s0)\n sd t6, 248(s0)\n"
    "  fsd f0, 256(s0)\n fsd f1, 264(s0)\n fsd f2, 272(s0)\n fsd f3, 280(s0)\n"
    "  fsd f4, 288(s0)\n fsd f5, 296(s0)\n fsd f6, 304(s0)\n fsd f7, 312(s0)\n"
    "  fsd f8, 320(s0)\n fsd f9, 328(s0)\n fsd f10, 336(s0)\n fsd f11, 344(s0)\n"
    "  fsd f12, 352(s0)\n fsd f13, 360(s0)\n fsd f14, 368(s0)\n fsd f15, 376(s0)\n"
    "  fsd f16, 384(s0)\n fsd f17, 392(s0)\n fsd f18, 400(s0)\n fsd f19, 408(s0)\n"
    "  fsd f20, 416(s0)\n fsd f21, 424(s0)\n fsd f22, 432(s0)\n fsd f23, 440(s0)\n"
    "  fsd f24, 448(s0)\n fsd f25, 456(s0)\n fsd f26, 464(s0)\n fsd f27, 472(s0)\n"
    "  fsd f28, 480(s0)\n fsd f29, 488(s0)\n fsd f30, 496(s0)\n fsd f31, 504(s0)\n"
    "  frcsr t0\n sd t0, 512(s0)\n"
    "  fscsr zero\n"
    "  ld ra, 0(sp)\n ld s0, 8(sp)\n ld s1, 16(sp)\n ld s2, 24(sp)\n ld s3, 32(sp)\n"
    "  ld s4, 40(sp)\n ld s5, 48(sp)\n ld s6, 56(sp)\n ld s7, 64(sp)\n ld s8, 72(sp)\n"
    "  ld s9, 80(sp)\n ld s10, 88(sp)\n ld s11, 96(sp)\n"
    "  fld fs0, 104(sp)\n fld fs1, 112(sp)\n fld fs2, 120(sp)\n fld fs3, 128(sp)\n"
    "  fld fs4, 136(sp)\n fld fs5, 144(sp)\n fld fs6, 152(sp)\n fld fs7, 160(sp)\n"
    "  fld fs8, 168(sp)\n fld fs9, 176(sp)\n fld fs10, 184(sp)\n fld fs11, 192(sp)\n"
    "  addi sp, sp, 256\n"
    "  ret\n");

static void fill_image(struct image *image, u64 seed) {
  for (int i = 0; i < 32; i++) image->integers[i] = random_next(&seed);
  for (int i = 0; i < 32; i++) image->floats[i] = random_next(&seed);
  /* Round towards plus infinity, flags NV and UF. */
  image->control = 3 << 5 | 0x12;
}

static void compare_images(const struct image *after, const struct image *before, u64 a0) {
  static const u8 special[] = {0, 2, 3, 4, 5, 8, 10, 11, 17, 31};
  u64 stack = after->integers[2];
  for (int i = 0; i < 32; i++) {
    int skip = 0;
    for (usize s = 0; s < sizeof special; s++) skip |= special[s] == i;
    if (!skip && after->integers[i] != before->integers[i]) {
      print("x%d came back as %lx\n", i, after->integers[i]);
      CHECK(!"integer registers are preserved");
    }
    if (after->floats[i] != before->floats[i]) {
      print("f%d came back as %lx\n", i, after->floats[i]);
      CHECK(!"floating point registers are preserved");
    }
  }
  CHECK_EQUAL(after->integers[10], a0);
  CHECK_EQUAL(after->integers[11], SIGUSR1);
  CHECK_EQUAL(after->integers[17], SYS_kill);
  CHECK_EQUAL(after->control, before->control);
  CHECK(stack != 0 && (stack & 15) == 0);
}

/* A handler that runs on the way out of a system call changes nothing but what the call answers. */
static void check_registers_at_call(void) {
  struct image before, after;
  signal_install(SIGUSR1, on_clobber, 0);
  count = 0;
  fill_image(&before, 11);
  run_with_pattern(&after, &before, sys_getpid(), &count, 0);
  CHECK_EQUAL(count, 1);
  compare_images(&after, &before, 0);
}

/* The same in the middle of user code that makes no call at all. */
static void check_registers_in_flight(void) {
  struct image before, after;
  signal_install(SIGUSR1, on_clobber, 0);
  long self = sys_getpid();
  for (u64 round = 0; round < 3; round++) {
    count = 0;
    long child = fork();
    if (child == 0) {
      sleep_for(3000000);
      exit(sys_kill(self, SIGUSR1) ? 1 : 0);
    }
    fill_image(&before, 100 + round);
    run_with_pattern(&after, &before, self, &count, 1l << 40);
    CHECK_EQUAL(count, 1);
    compare_images(&after, &before, (u64)self);
    CHECK_EQUAL(wait_for(child), 0);
  }
}

static void on_illegal(int signal, struct siginfo *info, struct ucontext *context) {
  count += signal == SIGILL;
  CHECK_EQUAL(info->address, context->registers[REGISTER_PC]);
  context->registers[REGISTER_PC] += 4;
  context->registers[REGISTER_A0] = 77;
  context->floats[10] = 0x4000000000000000ull;
  context->fcsr = 0x41;
}

/* What a handler writes into the frame is what the program goes on with. */
static void check_changed_frame(void) {
  signal_install(SIGILL, on_illegal, 0);
  count = 0;
  register long a0 __asm__("a0") = 1;
  double d;
  u64 control;
  __asm__ volatile(
      ".option push\n .option norvc\n .word 0xffffffff\n .option pop\n"
      "fmv.d %1, fa0\n frcsr %2\n fscsr zero\n"
      : "+r"(a0), "=f"(d), "=r"(control)
      :
      : "fa0", "memory");
  CHECK_EQUAL(a0, 77);
  CHECK(d == 2.0);
  CHECK_EQUAL(control, 0x41);
  CHECK_EQUAL(count, 1);
  signal_default(SIGILL);
}

/* A child that signals its parent once, and later lets the read it sleeps in finish. */
static long disturb_once(int fd) {
  long self = sys_getpid();
  long child = fork();
  if (child == 0) {
    sleep_for(3000000);
    sys_kill(self, SIGUSR1);
    sleep_for(3000000);
    exit(write_all(fd, "!", 1) == 1 ? 0 : 1);
  }
  return child;
}

/* A child that signals its parent again and again until `gate` is closed. */
static long disturb(int gate[2]) {
  long self = sys_getpid();
  CHECK_EQUAL(sys_pipe2((long)gate, O_NONBLOCK), 0);
  long child = fork();
  if (child == 0) {
    u8 byte;
    sys_close(gate[1]);
    while (sys_read(gate[0], (long)&byte, 1) != 0) {
      sleep_for(3000000);
      sys_kill(self, SIGUSR1);
    }
    exit(0);
  }
  sys_close(gate[0]);
  return child;
}

static void check_interrupted_calls(void) {
  int fds[2], gate[2];
  char byte = 0;
  CHECK_EQUAL(pipe(fds), 0);

  signal_install(SIGUSR1, on_signal, 0);
  count = 0;
  long child = disturb(gate);
  CHECK_EQUAL(sys_read(fds[0], (long)&byte, 1), -EINTR);
  CHECK(count >= 1);
  sys_close(gate[1]);
  CHECK_EQUAL(wait_for(child), 0);

  /* A sleep is never restarted, and tells how much is left. */
  signal_install(SIGUSR1, on_signal, SA_RESTART);
  count = 0;
  child = disturb(gate);
  struct timespec request = {50, 0}, left = {0, 0};
  CHECK_EQUAL(sys_nanosleep((long)&request, (long)&left), -EINTR);
  CHECK(count >= 1);
  CHECK(left.seconds <= 49 && left.seconds >= 30);
  sys_close(gate[1]);
  CHECK_EQUAL(wait_for(child), 0);

  count = 0;
  byte = 0;
  child = disturb_once(fds[1]);
  CHECK_EQUAL(sys_read(fds[0], (long)&byte, 1), 1);
  CHECK_EQUAL(byte, '!');
  CHECK_EQUAL(count, 1);
  CHECK_EQUAL(wait_for(child), 0);

  /* An ignored signal interrupts nothing. */
  signal_ignore(SIGUSR1);
  child = disturb_once(fds[1]);
  CHECK_EQUAL(sys_read(fds[0], (long)&byte, 1), 1);
  CHECK_EQUAL(wait_for(child), 0);
  sys_close(fds[0]);
  sys_close(fds[1]);
}

static void check_suspend(void) {
  signal_install(SIGUSR1, on_signal, 0);
  u64 before = signal_mask(SIG_BLOCK, SIGNAL_BIT(SIGUSR1));
  count = 0;
  long self = sys_getpid();
  long child = fork();
  if (child == 0) exit(sys_kill(self, SIGUSR1) ? 1 : 0);
  u64 open = before & ~SIGNAL_BIT(SIGUSR1);
  /* Sent before or after, the signal is taken exactly inside sigsuspend. */
  CHECK_EQUAL(sys_rt_sigsuspend((long)&open, 8), -EINTR);
  CHECK_EQUAL(count, 1);
  CHECK_EQUAL(last_sender, child);
  CHECK_EQUAL(signal_mask(SIG_SETMASK, before) & SIGNAL_BIT(SIGUSR1), SIGNAL_BIT(SIGUSR1));
  CHECK_EQUAL(wait_for(child), 0);
}

static volatile i32 child_code, child_status;

static void on_child(int signal, struct siginfo *info, struct ucontext *context) {
  (void)signal, (void)context;
  child_code = info->code;
  child_status = info->sender.status;
  last_sender = info->sender.pid;
  count++;
}

static void check_child_signal(void) {
  signal_install(SIGCHLD, on_child, SA_RESTART | SA_NOCLDSTOP);
  count = 0;
  long child = fork();
  if (child == 0) exit(9);
  CHECK_EQUAL(wait_for(child), STATUS_OF_EXIT(9));
  CHECK_EQUAL(count, 1);
  CHECK_EQUAL(last_sender, child);
  CHECK_EQUAL(child_code, CLD_EXITED);
  CHECK_EQUAL(child_status, 9);
  signal_default(SIGCHLD);
}

static void check_kill(void) {
  for (int signal = SIGKILL; signal <= SIGTERM; signal += SIGTERM - SIGKILL) {
    long child = fork();
    if (child == 0) {
      for (;;) sleep_for(1000000000);
    }
    CHECK_EQUAL(sys_kill(child, signal), 0);
    CHECK_EQUAL(TERMINATION_SIGNAL(wait_for(child)), signal);
    CHECK_EQUAL(sys_kill(child, signal), -ESRCH);
  }
  /* One that spins, without ever calling the kernel, dies as well. */
  long child = fork();
  if (child == 0) {
    for (;;) __asm__ volatile("");
  }
  sleep_for(2000000);
  sys_kill(child, SIGKILL);
  CHECK_EQUAL(TERMINATION_SIGNAL(wait_for(child)), SIGKILL);
  CHECK_EQUAL(sys_kill(sys_getpid(), 65), -EINVAL);
}

int main(void) {
  check_delivery();
  check_mask();
  check_nesting();
  check_registers_at_call();
  check_registers_in_flight();
  check_changed_frame();
  check_interrupted_calls();
  check_suspend();
  check_child_signal();
  check_kill();
  print("signals: handlers, masks and interrupted calls behave\n");
  return check_result();
}
