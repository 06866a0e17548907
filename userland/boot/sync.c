/*
 * Boot stage: threads and what they wait with, under contention on several harts.
 *
 * sync [rounds]
 */
#include "thread.h"

enum { THREADS = 8, ITEMS = 16 };
static long rounds;

static void start(struct thread **threads, long count, void *(*entry)(void *)) {
  for (long i = 0; i < count; i++) {
    threads[i] = thread_create(entry, (void *)i);
    CHECK(threads[i] != NULL);
  }
}

static void finish(struct thread **threads, long count) {
  for (long i = 0; i < count; i++) CHECK_EQUAL((long)thread_join(threads[i]), i);
}

static void with_threads(void *(*entry)(void *)) {
  struct thread *threads[THREADS];
  start(threads, THREADS, entry);
  finish(threads, THREADS);
}

/* ---- joining and detaching ---- */

static struct semaphore ended;

static void *leave(void *argument) {
  semaphore_post(&ended);
  return argument;
}

static void check_ends(void) {
  with_threads(leave);
  for (int i = 0; i < THREADS; i++) semaphore_wait(&ended);
  for (int i = 0; i < THREADS; i++) thread_detach(thread_create(leave, NULL));
  for (int i = 0; i < THREADS; i++) semaphore_wait(&ended);
  CHECK_EQUAL(semaphore_wait_for(&ended, 1000), 0);
}

/* ---- mutexes: a counter that only one may change at a time ---- */

static struct mutex mutex;
static struct owned_mutex owned;
static volatile long plain_count, owned_count;

static void *count_up(void *argument) {
  for (long i = 0; i < rounds; i++) {
    mutex_lock(&mutex);
    long seen = plain_count;
    /* Longer than a look at the lock takes, so that others come while it is held. */
    for (volatile int pause = 0; pause < 20; pause++) {}
    plain_count = seen + 1;
    mutex_unlock(&mutex);
    CHECK_EQUAL(owned_lock(&owned), 0);
    owned_count++;
    CHECK_EQUAL(owned_unlock(&owned), 0);
  }
  return argument;
}

static void check_mutexes(void) {
  with_threads(count_up);
  CHECK_EQUAL(plain_count, THREADS * rounds);
  CHECK_EQUAL(owned_count, THREADS * rounds);
  CHECK_EQUAL(mutex.word, 0);
  CHECK_EQUAL(owned.word, 0);
  CHECK(mutex_try_lock(&mutex) && !mutex_try_lock(&mutex));
  mutex_unlock(&mutex);
  CHECK_EQUAL(owned_unlock(&owned), -EPERM);
  CHECK_EQUAL(owned_lock(&owned), 0);
  CHECK_EQUAL(owned_lock(&owned), -EDEADLK);
  CHECK_EQUAL(owned_unlock(&owned), 0);
}

/* ---- semaphores: a ring of few places between those who fill and those who empty ---- */

static struct semaphore places = {ITEMS, 0, 0}, items;
static long ring[ITEMS], filled, emptied, total;

static void *pass(void *argument) {
  int fills = ((long)argument & 1) == 0;
  for (long i = 0; i < rounds; i++) {
    semaphore_wait(fills ? &places : &items);
    mutex_lock(&mutex);
    if (fills) ring[filled++ % ITEMS] = i;
    else total += ring[emptied++ % ITEMS];
    mutex_unlock(&mutex);
    semaphore_post(fills ? &items : &places);
  }
  return argument;
}

static void check_semaphores(void) {
  with_threads(pass);
  CHECK_EQUAL(total, THREADS / 2 * (rounds * (rounds - 1) / 2));
  CHECK_EQUAL(places.value, ITEMS);
  CHECK_EQUAL(items.value, 0);
}

/* ---- condition variables: all wait for a turn that one after another calls ---- */

static struct condition turned;
static long turn, woken;

static void *take_turns(void *argument) {
  mutex_lock(&mutex);
  for (long i = 0; i < rounds / 8; i++) {
    while (turn % THREADS != (long)argument) condition_wait(&turned, &mutex);
    turn++;
    woken++;
    condition_broadcast(&turned, &mutex);
  }
  mutex_unlock(&mutex);
  return argument;
}

static void check_conditions(void) {
  with_threads(take_turns);
  CHECK_EQUAL(woken, THREADS * (rounds / 8));
}

/* ---- read-write locks: readers never see a half of what a writer does ---- */

static struct read_write_lock guard;
static volatile long left, right;

static void *read_and_write(void *argument) {
  for (long i = 0; i < rounds / 4; i++) {
    if ((i + (long)argument) % 4 == 0) {
      write_lock(&guard);
      left++;
      for (volatile int pause = 0; pause < 20; pause++) {}
      right++;
      write_unlock(&guard);
    } else {
      read_lock(&guard);
      CHECK_EQUAL(left, right);
      read_unlock(&guard);
    }
  }
  return argument;
}

static void check_read_write_locks(void) {
  with_threads(read_and_write);
  CHECK_EQUAL(left, THREADS * (rounds / 4) / 4);
  CHECK(guard.readers == 0 && guard.writing == 0 && guard.writers_waiting == 0);
}

/* ---- barriers: nobody is a round ahead ---- */

static struct barrier barrier = {THREADS, 0, 0, 0};
static long at_round[THREADS], firsts;

static void *march(void *argument) {
  for (long round = 0; round < rounds / 8; round++) {
    at_round[(long)argument] = round;
    if (barrier_wait(&barrier)) __atomic_add_fetch(&firsts, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++) {
      long other = __atomic_load_n(&at_round[i], __ATOMIC_ACQUIRE);
      CHECK(other == round || other == round + 1);
    }
    barrier_wait(&barrier);
  }
  return argument;
}

static void check_barriers(void) {
  with_threads(march);
  CHECK_EQUAL(firsts, rounds / 8);
}

/* ---- priorities: the low one holds, the high one waits, the middle one spins ---- */

enum { LOW = 10, MIDDLE = 20, HIGH = 30, ABOVE = 40, SPINS = 400000, WORK = 20000 };
static struct semaphore held;
static volatile int high_done, middle_was_first, lends;

static void lock_either(void) {
  if (lends) owned_lock(&owned);
  else mutex_lock(&mutex);
}

static void unlock_either(void) {
  if (lends) owned_unlock(&owned);
  else mutex_unlock(&mutex);
}

static void *be_low(void *argument) {
  thread_priority(LOW);
  lock_either();
  semaphore_post(&held);
  for (volatile int work = 0; work < WORK; work++) {}
  unlock_either();
  return argument;
}

static void *be_middle(void *argument) {
  thread_priority(MIDDLE);
  for (volatile int spins = 0; spins < SPINS && !high_done; spins++) {}
  middle_was_first = !high_done;
  return argument;
}

static void *be_high(void *argument) {
  thread_priority(HIGH);
  lock_either();
  high_done = 1;
  unlock_either();
  return argument;
}

/* Whether the middle one got ahead of the high one, all on one hart. */
static int is_inverted(int with_lending) {
  struct thread *threads[3];
  lends = with_lending;
  high_done = 0;
  CHECK_EQUAL(pin_to_hart(0), 0);
  CHECK_EQUAL(thread_priority(ABOVE), 0);
  threads[0] = thread_create(be_low, (void *)0);
  semaphore_wait(&held);
  threads[1] = thread_create(be_middle, (void *)1);
  threads[2] = thread_create(be_high, (void *)2);
  finish(threads, 3);
  CHECK_EQUAL(thread_priority(0), 0);
  CHECK_EQUAL(unpin(), 0);
  return middle_was_first;
}

/* ---- an owner that ends ---- */

static void *end_as_owner(void *argument) {
  CHECK_EQUAL(owned_lock(&owned), 0);
  semaphore_post(&held);
  /* Not before somebody waits for it: the kernel marks the word then. */
  while ((__atomic_load_n(&owned.word, __ATOMIC_ACQUIRE) & FUTEX_WAITERS) == 0) sleep_for(50000);
  return argument;
}

static void check_dead_owner(void) {
  struct thread *threads[1];
  start(threads, 1, end_as_owner);
  semaphore_wait(&held);
  CHECK_EQUAL(owned_try_lock(&owned), -EAGAIN);
  CHECK_EQUAL(owned_lock(&owned), 1);
  finish(threads, 1);
  CHECK_EQUAL(owned_unlock(&owned), 0);
}

/* ---- robust mutexes: whoever held one ends, by itself, by a signal or for another program ---- */

static struct robust_mutex strong[2];

static void *end_with_locks(void *argument) {
  CHECK_EQUAL(robust_lock(&strong[0]), 0);
  CHECK_EQUAL(robust_lock(&strong[1]), 0);
  CHECK_EQUAL(robust_lock(&strong[1]), -EDEADLK);
  semaphore_post(&held);
  sleep_for(300000);
  return argument;
}

static void check_robust_threads(void) {
  struct thread *threads[1];
  CHECK_EQUAL(robust_unlock(&strong[0]), -EPERM);
  start(threads, 1, end_with_locks);
  semaphore_wait(&held);
  /* One is waited for, the other found. */
  CHECK_EQUAL(robust_lock(&strong[1]), 1);
  finish(threads, 1);
  CHECK_EQUAL(robust_lock(&strong[0]), 1);
  CHECK_EQUAL(robust_unlock(&strong[1]), 0);
  CHECK_EQUAL(robust_unlock(&strong[0]), 0);
  CHECK_EQUAL(strong[0].word, 0);
}

struct robust_between {
  struct robust_mutex mutex;
  struct semaphore held;
  volatile long count;
};

static char own_path[128];

/* Has the lock until it is killed, or until it is another program. */
static void hold(struct robust_between *between, int by_exec) {
  CHECK_EQUAL(robust_lock(&between->mutex), 0);
  semaphore_post(&between->held);
  const char *arguments[] = {"sync", "rest", NULL}, *environment[] = {NULL};
  if (by_exec) {
    sys_execve((long)own_path, (long)arguments, (long)environment);
    exit(1);
  }
  for (;;) sleep_for(1000000000);
}

static void check_robust_processes(void) {
  long at = sys_mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(at > 0);
  struct robust_between *between = (struct robust_between *)at;
  between->held.shared = 1;
  for (int by_exec = 0; by_exec < 2; by_exec++) {
    long child = fork();
    if (child == 0) hold(between, by_exec);
    semaphore_wait(&between->held);
    if (!by_exec) CHECK_EQUAL(sys_kill(child, SIGKILL), 0);
    CHECK_EQUAL(robust_lock(&between->mutex), 1);
    CHECK_EQUAL(robust_unlock(&between->mutex), 0);
    CHECK_EQUAL(sys_kill(child, SIGKILL), 0);
    CHECK_EQUAL(wait_for(child), SIGKILL);
  }
  /* Every one of some that count dies with the lock held. */
  long children[4];
  for (int i = 0; i < 4; i++) {
    children[i] = fork();
    if (children[i] != 0) continue;
    robust_lock(&between->mutex);
    between->count = between->count + 1;
    exit(0);
  }
  for (int i = 0; i < 4; i++) CHECK_EQUAL(wait_for(children[i]), 0);
  CHECK_EQUAL(robust_lock(&between->mutex), 1);
  CHECK_EQUAL(between->count, 4);
  CHECK_EQUAL(robust_unlock(&between->mutex), 0);
  sys_munmap(at, PAGE);
}

/* ---- one call that changes a word, and wakes at it and at another ---- */

static u32 gate, signalled;

static void *wait_at_gate(void *argument) {
  u32 *word = argument == NULL ? &gate : &signalled;
  while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 0) {
    sys_futex((long)word, FUTEX_WAIT | FUTEX_PRIVATE, 0, 0, 0, 0);
  }
  return argument;
}

static void check_wake_op(void) {
  struct thread *threads[2];
  start(threads, 2, wait_at_gate);
  /* OR 1 into the second word; wake there if it was 0. */
  long operation = 2l << 28 | 1 << 12;
  __atomic_store_n(&gate, 1, __ATOMIC_RELEASE);
  CHECK(sys_futex((long)&gate, FUTEX_WAKE_OP | FUTEX_PRIVATE, 1, 1, (long)&signalled, operation) >= 0);
  finish(threads, 2);
  CHECK_EQUAL(signalled, 1);
  CHECK_EQUAL(sys_futex((long)&gate, FUTEX_WAKE_OP, 1, 1, (long)&signalled, 5l << 28), -ENOSYS);
}

/* ---- between processes ---- */

struct between {
  struct mutex mutex;
  struct semaphore done;
  volatile long count;
};

static void check_processes(void) {
  long at = sys_mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(at > 0);
  struct between *between = (struct between *)at;
  between->mutex.shared = between->done.shared = 1;
  long children[4];
  for (int i = 0; i < 4; i++) {
    children[i] = fork();
    if (children[i] != 0) continue;
    for (long n = 0; n < rounds; n++) {
      mutex_lock(&between->mutex);
      between->count = between->count + 1;
      mutex_unlock(&between->mutex);
    }
    semaphore_post(&between->done);
    exit(0);
  }
  for (int i = 0; i < 4; i++) semaphore_wait(&between->done);
  CHECK_EQUAL(between->count, 4 * rounds);
  for (int i = 0; i < 4; i++) CHECK_EQUAL(wait_for(children[i]), 0);
  sys_munmap(at, PAGE);
}

int main(int argc, char **argv) {
  sibling_path(own_path, sizeof own_path, "sync");
  if (argc > 1 && strcmp(argv[1], "rest") == 0) {
    for (;;) sleep_for(1000000000);
  }
  rounds = number_or(argc > 1 ? argv[1] : NULL, 64);
  check_ends();
  check_mutexes();
  check_semaphores();
  check_conditions();
  check_read_write_locks();
  check_barriers();
  CHECK_EQUAL(is_inverted(0), 1);
  CHECK_EQUAL(is_inverted(1), 0);
  check_dead_owner();
  check_robust_threads();
  check_robust_processes();
  check_wake_op();
  check_processes();
  int failed = check_result();
  if (failed == 0) print("sync: ok\n");
  return failed;
}
