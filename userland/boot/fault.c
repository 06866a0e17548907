/* Boot stage: forbidden things kill the one who does them, with the right signal. */
#include "lib.h"

static const u64 constant = 7;
static u32 data_code[] = {0x00008067}; /* ret */

static void write_constant(void) {
  *(volatile u64 *)&constant = 8;
}

static void write_text(void) {
  *(volatile u8 *)(u64)&write_constant = 0;
}

static void execute_data(void) {
  ((void (*)(void))(u64)data_code)();
}

static void execute_stack(void) {
  volatile u32 code[] = {0x00008067};
  ((void (*)(void))(u64)code)();
}

static void read_null(void) {
  *(volatile u8 *)0x0;
}

static void write_null(void) {
  *(volatile u8 *)0x8 = 1;
}

static void call_null(void) {
  __asm__ volatile("jalr zero" ::: "ra", "memory");
}

static void read_kernel(void) {
  *(volatile u8 *)0xffffffc000000000ul;
}

static void write_kernel(void) {
  *(volatile u8 *)0xffffffff80000000ul = 1;
}

static void read_non_canonical(void) {
  *(volatile u8 *)0x0000800000000000ul;
}

static void illegal_zero(void) {
  __asm__ volatile(".half 0, 0");
}

static void illegal_ones(void) {
  __asm__ volatile(".word 0xffffffff");
}

static void read_supervisor_csr(void) {
  __asm__ volatile("csrr zero, sstatus");
}

static void supervisor_return(void) {
  __asm__ volatile("sret");
}

static void fence_translations(void) {
  __asm__ volatile("sfence.vma");
}

static void write_counter(void) {
  __asm__ volatile("csrw cycle, zero");
}

static void reserved_rounding(void) {
  __asm__ volatile("li t0, 5\n fsrm t0\n fadd.d ft0, ft0, ft0, dyn" ::: "t0", "ft0");
}

static void breakpoint(void) {
  __asm__ volatile("ebreak");
}

static void abort_self(void) {
  sys_kill(sys_getpid(), SIGABRT);
}

static void kill_self(void) {
  sys_kill(sys_getpid(), SIGKILL);
}

/* A fault whose signal is blocked cannot be held back: it kills. */
static void fault_while_blocked(void) {
  probes_install();
  signal_mask(SIG_BLOCK, SIGNAL_BIT(SIGSEGV));
  read_null();
}

static void fault_again(int signal, struct siginfo *info, struct ucontext *context) {
  (void)signal, (void)info, (void)context;
  read_null();
}

static void fault_in_handler(void) {
  signal_install(SIGSEGV, fault_again, 0);
  read_null();
}

static void ignored_fault(void) {
  signal_ignore(SIGSEGV);
  read_null();
}

/* The handler cannot get a frame: its stack pointer points nowhere. */
static void handler_without_stack(void) {
  signal_install(SIGUSR1, fault_again, 0);
  register long a0 __asm__("a0") = sys_getpid();
  register long a1 __asm__("a1") = SIGUSR1;
  register long a7 __asm__("a7") = SYS_kill;
  __asm__ volatile("li sp, 64\n ecall" : "+r"(a0) : "r"(a1), "r"(a7) : "memory");
}

__attribute__((noinline)) static u64 recurse(volatile u64 *below) {
  volatile u64 room[400];
  room[0] = *below + 1;
  if (!room[0]) return 0;
  return recurse(room) + room[0];
}

static void overflow_stack(void) {
  volatile u64 start = 0;
  recurse(&start);
}

struct crime {
  const char *name;
  void (*commit)(void);
  int signal;
};

static const struct crime crimes[] = {
    {"write to constant data", write_constant, SIGSEGV},
    {"write to code", write_text, SIGSEGV},
    {"execute data", execute_data, SIGSEGV},
    {"execute the stack", execute_stack, SIGSEGV},
    {"read address zero", read_null, SIGSEGV},
    {"write near zero", write_null, SIGSEGV},
    {"call address zero", call_null, SIGSEGV},
    {"read a kernel address", read_kernel, SIGSEGV},
    {"write a kernel address", write_kernel, SIGSEGV},
    {"read a non-canonical address", read_non_canonical, SIGSEGV},
    {"all-zero instruction", illegal_zero, SIGILL},
    {"all-one instruction", illegal_ones, SIGILL},
    {"read a supervisor register", read_supervisor_csr, SIGILL},
    {"supervisor return", supervisor_return, SIGILL},
    {"translation fence", fence_translations, SIGILL},
    {"write a counter", write_counter, SIGILL},
    {"reserved rounding mode", reserved_rounding, SIGILL},
    {"breakpoint", breakpoint, SIGTRAP},
    {"abort", abort_self, SIGABRT},
    {"kill", kill_self, SIGKILL},
    {"fault while blocked", fault_while_blocked, SIGSEGV},
    {"fault in the handler", fault_in_handler, SIGSEGV},
    {"fault while ignored", ignored_fault, SIGSEGV},
    {"handler without a stack", handler_without_stack, SIGSEGV},
    {"endless recursion", overflow_stack, SIGSEGV},
};

/* Bad pointers given to the kernel are refused, and the caller lives. */
static void check_bad_pointers(void) {
  static const u64 bad[] = {0, 0x1000, 0xffffffc000000000ul, 0x0000800000000000ul, ~7ul};
  int fds[2];
  CHECK_EQUAL(pipe(fds), 0);
  for (usize i = 0; i < sizeof bad / sizeof *bad; i++) {
    long address = (long)bad[i];
    CHECK_EQUAL(sys_write(fds[1], address, 8), -EFAULT);
    CHECK_EQUAL(sys_openat(AT_FDCWD, address, O_RDONLY, 0), -EFAULT);
    CHECK_EQUAL(sys_pipe2(address, 0), -EFAULT);
    if (address) CHECK_EQUAL(sys_rt_sigaction(SIGUSR1, address, 0, 8), -EFAULT);
  }
  CHECK_EQUAL(sys_fstat(fds[0], (long)&constant), -EFAULT);
  CHECK_EQUAL(constant, 7);
  /* The refused writes left nothing behind. */
  CHECK_EQUAL(sys_write(fds[1], (long)"x", 1), 1);
  char buffer[16];
  CHECK_EQUAL(sys_read(fds[0], (long)buffer, sizeof buffer), 1);
  sys_close(fds[0]);
  sys_close(fds[1]);
}

/* A number that is no call is refused. */
static void check_unknown_calls(void) {
  static const long numbers[] = {500, 511, 512, 9999, -1, 1l << 40};
  for (usize i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    register long a7 __asm__("a7") = numbers[i];
    register long a0 __asm__("a0") = 0;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "memory");
    CHECK_EQUAL(a0, -ENOSYS);
  }
}

int main(void) {
  usize count = sizeof crimes / sizeof *crimes;
  for (usize i = 0; i < count; i++) {
    long child = fork();
    if (child == 0) {
      crimes[i].commit();
      exit(0);
    }
    long status = wait_for(child);
    if (EXITED(status) || TERMINATION_SIGNAL(status) != crimes[i].signal) {
      print("%s: wait status %lx, expected signal %d\n", crimes[i].name, status, crimes[i].signal);
      CHECK(!"died of the right signal");
    }
  }
  /* Division by zero is no fault on RISC-V. */
  long zero = 0, quotient;
  __asm__ volatile("div %0, %1, %2" : "=r"(quotient) : "r"(5l), "r"(zero));
  CHECK_EQUAL(quotient, -1);
  check_bad_pointers();
  check_unknown_calls();
  print("fault: %lu forbidden acts were stopped\n", count);
  return check_result();
}
