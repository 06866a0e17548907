/* Boot stage: spaces, threads and timers by token. */
#include "native.h"

enum { WORKERS = 6, ROUNDS = 3 };
enum { MS = 1000000 };
#define SHARED 0x40000000ul
#define CODE 0x50000000ul
#define READ_WRITE (PROT_READ | PROT_WRITE)

static long bell;
static volatile u32 spins;

/* Whether a process that writes to the shared page dies of it. */
static int dies_of_it(void) {
  long child = fork();
  if (child == 0) {
    *(volatile u64 *)SHARED = 1;
    exit(0);
  }
  i32 status = 0;
  sys_wait4(child, (long)&status, 0, 0);
  return TERMINATION_SIGNAL(status) == SIGSEGV;
}

/* Memory that is mapped, made read-only and writable again, and taken away. */
static void check_own_space(void) {
  long memory = sys_memory_create(4), own = sys_cap_space();
  CHECK_EQUAL(sys_space_map(own, memory, SHARED, 4, 0, READ_WRITE), 0);
  volatile u64 *page = (volatile u64 *)SHARED;
  for (usize i = 0; i < 4; i++) page[i * PAGE / 8] = 7 + i;
  CHECK_EQUAL(sys_space_protect(own, SHARED, 4, PROT_READ), 0);
  CHECK_EQUAL(page[0], 7);
  CHECK(dies_of_it());
  CHECK_EQUAL(sys_space_protect(own, SHARED, 2, READ_WRITE), 0);
  CHECK(!dies_of_it());
  CHECK_EQUAL(sys_space_protect(own, SHARED, 5, PROT_READ), NATIVE_INVALID);
  CHECK_EQUAL(sys_space_unmap(own, SHARED, 3), 0);
  CHECK(dies_of_it());
  CHECK_EQUAL(page[3 * PAGE / 8], 10);
  /* What is mapped anew is what it was. */
  CHECK_EQUAL(sys_space_map(own, memory, SHARED, 1, 2, PROT_READ), 0);
  CHECK_EQUAL(page[0], 9);
  CHECK_EQUAL(sys_space_unmap(own, SHARED, 4), 0);
  CHECK_EQUAL(sys_cap_delete(memory), 0);
  CHECK_EQUAL(sys_cap_delete(own), 0);
}

/* A process that ends with its argument, or goes round where it begins eight bytes later. */
static const u32 code[] = {
    0x05e00893, /* li a7, 94 (exit_group) */
    0x00000073, /* ecall */
    0x0000006f, /* j . */
};

struct program {
  long memory;
  long space;
};

static struct program load(void) {
  struct program made;
  long own = sys_cap_space();
  made.memory = sys_memory_create(1);
  CHECK_EQUAL(sys_space_map(own, made.memory, CODE, 1, 0, READ_WRITE), 0);
  for (usize i = 0; i < sizeof code / sizeof *code; i++) ((volatile u32 *)CODE)[i] = code[i];
  CHECK_EQUAL(sys_space_unmap(own, CODE, 1), 0);
  made.space = sys_space_create();
  CHECK_EQUAL(sys_space_map(made.space, made.memory, CODE, 1, 0, PROT_READ | PROT_EXEC), 0);
  CHECK_EQUAL(sys_cap_delete(own), 0);
  return made;
}

static void unload(struct program *program) {
  CHECK_EQUAL(sys_cap_delete(program->memory), 0);
  CHECK_EQUAL(sys_cap_delete(program->space), 0);
}

/* What a process runs from is taken away from outside, on whatever hart it is: it dies of that. */
static void check_other_space(void) {
  struct program program = load();
  long child = sys_process_spawn(program.space, CODE + 8, CODE, 0, 0);
  CHECK(child > 0);
  sleep_for(MS);
  CHECK_EQUAL(sys_space_unmap(program.space, CODE, 1), 0);
  i32 status = 0;
  CHECK(sys_wait4(-1, (long)&status, 0, 0) > 0);
  CHECK_EQUAL(TERMINATION_SIGNAL(status), SIGSEGV);
  CHECK_EQUAL(sys_cap_delete(child), 0);
  unload(&program);
}

/* Another process gets a second thread, which ends it. */
static void check_other_process(void) {
  struct program program = load();
  long child = sys_process_spawn(program.space, CODE + 8, CODE, 0, 0);
  CHECK(child > 0);
  long thread = sys_thread_create(child, CODE, CODE, 7, NATIVE_PRIORITY);
  CHECK(thread > 0);
  CHECK_EQUAL(sys_thread_join(thread, 0), 0);
  i32 status = 0;
  CHECK(sys_wait4(-1, (long)&status, 0, 0) > 0);
  CHECK_EQUAL(status, STATUS_OF_EXIT(7));
  CHECK_EQUAL(sys_thread_priority(thread), NATIVE_STALE);
  CHECK_EQUAL(sys_cap_delete(thread), 0);
  CHECK_EQUAL(sys_cap_delete(child), 0);
  unload(&program);
}

/* Says that it is here; then the even ones end, of the others one waits for ever and one spins. */
static void work(long number) {
  sys_notification_signal(bell, 1l << number);
  if (number % 4 == 1) sys_notification_wait(sys_notification_create(), 0);
  while (number % 4 == 3) spins++;
  for (;;) sys_exit(0);
}

/* The one that spins comes last, so that the others get their turn on one hart too. */
static int priority_of(int number) { return NATIVE_PRIORITY - (number == 3 ? WORKERS : number); }

/* Takes bits until all of a set have come. */
static void await(long wanted) {
  long seen = 0;
  while ((seen & wanted) != wanted) {
    long bits = sys_notification_wait(bell, 0);
    CHECK(bits > 0);
    if (bits <= 0) return;
    seen |= bits;
  }
}

static void check_threads(void) {
  struct native_thread worker[WORKERS];
  bell = sys_notification_create();
  for (int n = 0; n < WORKERS; n++) {
    worker[n] = native_start(work, n, priority_of(n));
    CHECK(worker[n].token > 0);
  }
  await((1l << WORKERS) - 1);
  for (int n = 1; n < WORKERS; n += 2) {
    CHECK_EQUAL(sys_thread_priority(worker[n].token), priority_of(n));
    CHECK_EQUAL(sys_thread_set_affinity(worker[n].token, 1, 0), 0);
    CHECK_EQUAL(sys_thread_affinity(worker[n].token, 0), 1);
  }
  CHECK_EQUAL(sys_thread_join(worker[1].token, (long)(clock_now(CLOCK_MONOTONIC) + MS)),
              NATIVE_TIMED_OUT);
  for (int n = 1; n < WORKERS; n += 2) CHECK_EQUAL(sys_thread_destroy(worker[n].token), 0);
  for (int n = 0; n < WORKERS; n++) {
    CHECK_EQUAL(sys_thread_join(worker[n].token, 0), 0);
    CHECK_EQUAL(sys_thread_destroy(worker[n].token), NATIVE_STALE);
    native_free(&worker[n]);
  }
  long self = sys_thread_self();
  CHECK_EQUAL(sys_thread_join(self, 0), NATIVE_INVALID);
  CHECK_EQUAL(sys_thread_priority(self), NATIVE_PRIORITY);
  CHECK_EQUAL(sys_cap_delete(self), 0);
}

/* Cancels a timer that its maker armed, on another hart. */
static void cancel(long timer) {
  sys_notification_signal(bell, sys_timer_cancel(timer) == 1 ? 2 : 4);
  for (;;) sys_exit(0);
}

static void check_timers(void) {
  long timer = sys_timer_create(bell, 1);
  CHECK(timer > 0);
  u64 begin = clock_now(CLOCK_MONOTONIC);
  CHECK_EQUAL(sys_timer_arm(timer, (long)begin + MS, MS), 0);
  for (int round = 0; round < ROUNDS; round++) CHECK_EQUAL(sys_notification_wait(bell, 0), 1);
  CHECK(clock_now(CLOCK_MONOTONIC) >= begin + ROUNDS * MS);
  CHECK(sys_timer_overruns(timer) >= 0);
  CHECK_EQUAL(sys_timer_arm(timer, (long)begin + 5000l * MS, 0), 0);
  struct native_thread thread = native_start(cancel, timer, NATIVE_PRIORITY);
  CHECK_EQUAL(sys_notification_wait(bell, 0), 2);
  CHECK_EQUAL(sys_thread_join(thread.token, 0), 0);
  native_free(&thread);
  CHECK_EQUAL(sys_timer_cancel(timer), 0);
  /* An armed one goes with what it was made with. */
  CHECK_EQUAL(sys_timer_arm(timer, (long)begin + 5000l * MS, 0), 0);
  CHECK_EQUAL(sys_cap_revoke(bell), 0);
  CHECK_EQUAL(sys_timer_cancel(timer), NATIVE_STALE);
  CHECK_EQUAL(sys_notification_poll(bell), 0);
  CHECK_EQUAL(sys_cap_delete(bell), 0);
}

/* A source nobody has is bound once, and free again when its token has gone. */
static void check_irqs(void) {
  enum { SOURCE = 5 };
  bell = sys_notification_create();
  long irq = sys_irq_bind(SOURCE, bell, 1);
  CHECK(irq > 0);
  CHECK_EQUAL(sys_irq_bind(SOURCE, bell, 1), NATIVE_BUSY);
  CHECK_EQUAL(sys_irq_ack(irq), 0);
  CHECK_EQUAL(sys_cap_delete(irq), 0);
  CHECK(sys_irq_bind(SOURCE, bell, 2) > 0);
  CHECK_EQUAL(sys_cap_revoke(bell), 0);
  CHECK(sys_irq_bind(SOURCE, bell, 4) > 0);
  CHECK_EQUAL(sys_notification_poll(bell), 0);
}

int main(void) {
  check_own_space();
  check_other_space();
  check_other_process();
  check_threads();
  check_timers();
  check_irqs();
  print("native: %d threads, %d of them told to end, and timers by token\n", WORKERS, WORKERS / 2);
  return check_result();
}
