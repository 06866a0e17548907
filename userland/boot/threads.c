/* Boot stage: threads of one process share everything but their registers and masks, on all harts. */
#include "lib.h"

enum {
  /* Most threads at one time, but where the quota is looked for. */
  MOST = 16,
  STACK_BYTES = 8192,
  QUOTA = 256,
};

struct thread {
  i32 tid, ended;
  u64 value;
};

static u8 stacks[MOST][STACK_BYTES] __attribute__((aligned(16)));
static struct thread threads[MOST];

static long self(void) {
  long value;
  __asm__ volatile("mv %0, tp" : "=r"(value));
  return value;
}

static struct thread *me(void) {
  return (struct thread *)self();
}

/* `ended` holds a one until the kernel clears it at the thread's end. */
static long start(int i, long (*run)(void *), void *argument) {
  struct thread *t = &threads[i];
  t->ended = 1;
  return thread_clone(CLONE_AS_THREAD, stacks[i] + STACK_BYTES, &t->tid, t, &t->ended, run,
                      argument);
}

static void join(int i) {
  while (__atomic_load_n(&threads[i].ended, __ATOMIC_ACQUIRE) != 0) sys_sched_yield();
}

static void wait_until(u64 *word, u64 least) {
  while (__atomic_load_n(word, __ATOMIC_ACQUIRE) < least) sys_sched_yield();
}

/* ---- what they share and what not ---- */

static u64 counter, harts_seen, here;

static long count(void *argument) {
  u64 rounds = (u64)argument;
  struct thread *t = me();
  if (t < threads || t >= threads + MOST || t->tid != sys_gettid()) return 1;
  __atomic_fetch_add(&here, 1, __ATOMIC_ACQ_REL);
  for (u64 i = 0; i < rounds; i++) {
    __atomic_fetch_add(&counter, 1, __ATOMIC_ACQ_REL);
    t->value += i;
    if (i % 64 == 0) __atomic_fetch_or(&harts_seen, 1ull << current_hart(), __ATOMIC_ACQ_REL);
  }
  return 0;
}

static void check_sharing(int n, u64 rounds) {
  counter = here = 0;
  for (int i = 0; i < n; i++) {
    threads[i].value = 0;
    CHECK(start(i, count, (void *)rounds) > 0);
  }
  for (int i = 0; i < n; i++) join(i);
  CHECK_EQUAL(here, n);
  CHECK_EQUAL(counter, (u64)n * rounds);
  for (int i = 0; i < n; i++) {
    CHECK_EQUAL(threads[i].value, rounds * (rounds - 1) / 2);
    CHECK(threads[i].tid != sys_getpid());
    for (int j = 0; j < i; j++) CHECK(threads[i].tid != threads[j].tid);
  }
}

/* ---- memory: each maps, writes, protects and unmaps while the others do ---- */

static u64 wrong;

static long churn(void *argument) {
  for (u64 i = 0; i < (u64)argument; i++) {
    long at = map_pages(3 * PAGE, PROT_READ | PROT_WRITE);
    if (at < 0) return __atomic_fetch_add(&wrong, 1, __ATOMIC_ACQ_REL);
    volatile long *words = (volatile long *)at;
    for (int page = 0; page < 3; page++) {
      if (words[page * 512] != 0) __atomic_fetch_add(&wrong, 1, __ATOMIC_ACQ_REL);
      words[page * 512] = self();
    }
    if (sys_mprotect(at + (long)PAGE, PAGE, PROT_READ) != 0) wrong = 1;
    for (int page = 0; page < 3; page++) {
      if (words[page * 512] != self()) __atomic_fetch_add(&wrong, 1, __ATOMIC_ACQ_REL);
    }
    if (sys_munmap(at, 3 * PAGE) != 0) wrong = 1;
  }
  return 0;
}

static void check_memory(int n, u64 rounds) {
  wrong = 0;
  for (int i = 0; i < n; i++) CHECK(start(i, churn, (void *)rounds) > 0);
  for (int i = 0; i < n; i++) join(i);
  CHECK_EQUAL(wrong, 0);
}

/* A child's memory stands still from its first look on, whatever the parent's threads write. */
static u64 pair[2], done;

static long write_pairs(void *argument) {
  (void)argument;
  for (u64 i = 1; !__atomic_load_n(&done, __ATOMIC_ACQUIRE); i++) {
    __atomic_store_n(&pair[0], i, __ATOMIC_RELEASE);
    __atomic_store_n(&pair[1], i, __ATOMIC_RELEASE);
  }
  return 0;
}

static void check_fork(int forks) {
  done = 0;
  CHECK(start(0, write_pairs, NULL) > 0);
  wait_until(&pair[1], 1);
  for (int i = 0; i < forks; i++) {
    long child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      u64 first = __atomic_load_n(&pair[0], __ATOMIC_ACQUIRE);
      u64 second = __atomic_load_n(&pair[1], __ATOMIC_ACQUIRE);
      for (int look = 0; look < 100; look++) {
        if (__atomic_load_n(&pair[0], __ATOMIC_ACQUIRE) != first) exit(1);
        if (__atomic_load_n(&pair[1], __ATOMIC_ACQUIRE) != second) exit(2);
      }
      exit(first - second <= 1 ? 0 : 3);
    }
    CHECK_EQUAL(wait_for(child), 0);
  }
  __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
  join(0);
}

/* ---- signals ---- */

static u64 handled_by;

static void note(int signal, struct siginfo *info, struct ucontext *context) {
  (void)signal, (void)info, (void)context;
  __atomic_store_n(&handled_by, (u64)sys_gettid(), __ATOMIC_RELEASE);
}

static long linger(void *argument) {
  if (argument) signal_mask(SIG_BLOCK, SIGNAL_BIT(SIGALRM));
  __atomic_fetch_add(&here, 1, __ATOMIC_ACQ_REL);
  while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) sleep_for(20000);
  return 0;
}

/* The second of three is the only one that lets the signal through. */
static void check_signals(void) {
  done = here = handled_by = 0;
  signal_install(SIGALRM, note, 0);
  CHECK(start(0, linger, &done) > 0);
  CHECK(start(1, linger, NULL) > 0);
  CHECK(start(2, linger, &done) > 0);
  wait_until(&here, 3);
  signal_mask(SIG_BLOCK, SIGNAL_BIT(SIGALRM));
  CHECK_EQUAL(sys_kill(sys_getpid(), SIGALRM), 0);
  wait_until(&handled_by, 1);
  CHECK_EQUAL(handled_by, threads[1].tid);
  signal_mask(SIG_UNBLOCK, SIGNAL_BIT(SIGALRM));
  handled_by = 0;
  CHECK_EQUAL(sys_tgkill(sys_getpid(), threads[1].tid, SIGALRM), 0);
  wait_until(&handled_by, 1);
  CHECK_EQUAL(handled_by, threads[1].tid);
  handled_by = 0;
  CHECK_EQUAL(sys_tgkill(sys_getpid(), sys_getpid(), SIGALRM), 0);
  CHECK_EQUAL(handled_by, sys_getpid());
  CHECK_EQUAL(sys_tgkill(sys_getpid() + 1000000, threads[1].tid, SIGALRM), -ESRCH);
  __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
  for (int i = 0; i < 3; i++) join(i);
  CHECK_EQUAL(sys_tgkill(sys_getpid(), threads[1].tid, 0), -ESRCH);
  signal_default(SIGALRM);
}

/* ---- ends ---- */

static long end_all(void *argument) {
  wait_until(&here, 3);
  for (;;) sys_exit_group((long)argument);
}

static long execute_self(void *argument) {
  char *words[] = {(char *)program_name, "alone", argument, NULL};
  execute(program_name, words, environment);
  execute("/bin/threads", words, environment);
  for (;;) sys_exit_group(1);
}

static void fill(void) {
  done = here = 0;
  for (int i = 1; i < 4; i++) start(i, linger, NULL);
}

static void check_ends(void) {
  long child = fork();
  if (child == 0) {
    fill();
    start(0, end_all, (void *)7);
    for (;;) sleep_for(1000000);
  }
  CHECK_EQUAL(wait_for(child), STATUS_OF_EXIT(7));

  /* The first thread ends before the others: its word is the process's. */
  child = fork();
  if (child == 0) {
    fill();
    wait_until(&here, 3);
    start(0, end_all, (void *)9);
    sys_exit(5);
  }
  CHECK_EQUAL(wait_for(child), STATUS_OF_EXIT(9));
  child = fork();
  if (child == 0) {
    start(0, count, (void *)100);
    sys_exit(5);
  }
  CHECK_EQUAL(wait_for(child), STATUS_OF_EXIT(5));

  child = fork();
  if (child == 0) {
    fill();
    wait_until(&here, 3);
    volatile int *nowhere = (volatile int *)8;
    *nowhere = 1;
  }
  CHECK_EQUAL(TERMINATION_SIGNAL(wait_for(child)), SIGSEGV);

  /* One that is not the first becomes the process, under its id. */
  child = fork();
  if (child == 0) {
    char id[24];
    format(id, sizeof id, "%ld", sys_getpid());
    fill();
    wait_until(&here, 3);
    start(0, execute_self, id);
    for (;;) sleep_for(1000000);
  }
  CHECK_EQUAL(wait_for(child), STATUS_OF_EXIT(21));
}

/* Threads up to the quota, which are all there at once, twice. */
static u8 small[QUOTA][256] __attribute__((aligned(16)));
static i32 small_ended[QUOTA];

static long wait_for_done(void *argument) {
  (void)argument;
  while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) sys_sched_yield();
  return 0;
}

/* `quota` is what a process may have, 0 where the whole machine may have fewer. */
static void check_quota(int quota) {
  if (environment_get("RUNNER")) return;
  int before = 0;
  for (int turn = 0; turn < 2; turn++) {
    done = 0;
    int made = 0;
    long answer = 0;
    i32 tid;
    while (made < QUOTA) {
      small_ended[made] = 1;
      answer = thread_clone(CLONE_AS_THREAD, small[made] + sizeof small[made], &tid, NULL,
                            &small_ended[made], wait_for_done, NULL);
      if (answer < 0) break;
      made++;
    }
    CHECK_EQUAL(answer, -EAGAIN);
    CHECK(made >= MOST);
    if (quota > 0) CHECK_EQUAL(made, quota - 1);
    if (turn > 0) CHECK_EQUAL(made, before);
    before = made;
    __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < made; i++) {
      while (__atomic_load_n(&small_ended[i], __ATOMIC_ACQUIRE) != 0) sys_sched_yield();
    }
  }
}

int main(int argc, char **argv) {
  if (argc > 2 && strcmp(argv[1], "alone") == 0) {
    int same = strtol(argv[2], NULL, 10) == sys_getpid() && sys_gettid() == sys_getpid();
    return same ? 21 : 22;
  }
  int n = (int)number_or(argc > 1 ? argv[1] : NULL, 8);
  u64 rounds = (u64)number_or(argc > 2 ? argv[2] : NULL, 200);
  if (n < 4 || n > MOST) return 2;
  CHECK_EQUAL(thread_clone(CLONE_VM | CLONE_THREAD, stacks[1], NULL, NULL, NULL, count, NULL),
              -EINVAL);
  check_sharing(n, rounds);
  check_memory(n, rounds / 8);
  check_fork(8);
  check_signals();
  check_ends();
  check_quota((int)number_or(argc > 3 ? argv[3] : NULL, 0));
  /* As many as there are harts were busy at the same time on as many. */
  long harts = hart_count() < n ? hart_count() : n;
  if (!environment_get("RUNNER")) CHECK_EQUAL(__builtin_popcountl(harts_seen), harts);
  print("threads: %d counted to %lu\n", n, counter);
  return check_result();
}
