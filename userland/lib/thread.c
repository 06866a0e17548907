/* Threads, and what they wait with. */
#include "thread.h"

enum {
  STACK_BYTES = 65536,
  CLONE_FLAGS = 0x00000100 /* memory */ | 0x00000200 /* directories */ | 0x00000400 /* files */ |
                0x00000800 /* signal actions */ | 0x00010000 /* thread */ |
                0x00040000 /* semaphore adjustments */ | 0x00080000 /* thread pointer */ |
                0x00100000 /* id here */ | 0x00200000 /* cleared there at the end */,
  SCHED_OTHER = 0,
  SCHED_RR = 2,
  ROBUST_HEAD_BYTES = 24,
};

enum { RUNNING, DETACHED, ENDED };

/* What set_robust_list is given, and whose it is: a child of fork has none yet. */
struct robust_list {
  struct robust_entry first;
  long distance;
  struct robust_entry *pending;
  u32 id;
};

/* Lies at the upper end of its stack's mapping; the thread pointer names it. */
struct thread {
  u32 id; /* 0 once it has ended: the kernel clears it and wakes who waits there */
  u32 state;
  void *(*entry)(void *);
  void *argument;
  void *result;
  struct robust_list robust;
};

#define LOAD(word) __atomic_load_n(&(word), __ATOMIC_ACQUIRE)
#define STORE(word, value) __atomic_store_n(&(word), value, __ATOMIC_RELEASE)
#define ADD(word, value) __atomic_add_fetch(&(word), value, __ATOMIC_ACQ_REL)
#define EXCHANGE(word, value) __atomic_exchange_n(&(word), value, __ATOMIC_ACQ_REL)

static int compare_exchange(u32 *word, u32 expected, u32 value) {
  return __atomic_compare_exchange_n(word, &expected, value, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static long futex(u32 *word, int operation, u32 shared, u32 value, const void *timeout) {
  return sys_futex((long)word, operation | (shared ? 0 : FUTEX_PRIVATE), value, (long)timeout, 0, 0);
}

/* ---- threads ---- */

static struct thread *self(void) {
  struct thread *thread;
  __asm__("mv %0, tp" : "=r"(thread));
  return thread;
}

static long mapping_of(struct thread *thread) {
  return (long)(thread + 1) - STACK_BYTES - (long)PAGE;
}

__attribute__((noreturn)) void thread_exit(void *result) {
  struct thread *thread = self();
  thread->result = result;
  if (compare_exchange(&thread->state, RUNNING, ENDED)) {
    for (;;) sys_exit(0);
  }
  /* Detached: the stack it stands on goes, and with it the word that would be cleared. */
  sys_set_tid_address(0);
  register long a0 __asm__("a0") = mapping_of(thread);
  register long a1 __asm__("a1") = STACK_BYTES + (long)PAGE;
  register long a7 __asm__("a7") = SYS_munmap;
  __asm__ volatile(
      "ecall\n"
      "li a0, 0\n"
      "li a7, %0\n"
      "ecall\n"
      :
      : "i"(SYS_exit), "r"(a0), "r"(a1), "r"(a7)
      : "memory");
  __builtin_unreachable();
}

/* Where a new thread begins, on its own stack. */
__attribute__((noreturn, used)) static void begin(void) {
  struct thread *thread = self();
  thread_exit(thread->entry(thread->argument));
}

struct thread *thread_create(void *(*entry)(void *), void *argument) {
  long at = map_pages(STACK_BYTES + PAGE, PROT_READ | PROT_WRITE);
  if (at < 0) return NULL;
  /* Below the stack nothing is mapped: running over its end is a fault. */
  if (sys_mprotect(at, PAGE, PROT_NONE) < 0) {
    sys_munmap(at, STACK_BYTES + (long)PAGE);
    return NULL;
  }
  struct thread *thread = (struct thread *)(at + (long)PAGE + STACK_BYTES) - 1;
  thread->entry = entry;
  thread->argument = argument;
  thread->state = RUNNING;
  register long a0 __asm__("a0") = CLONE_FLAGS;
  register long a1 __asm__("a1") = (long)thread & ~15l;
  register long a2 __asm__("a2") = (long)&thread->id;
  register long a3 __asm__("a3") = (long)thread;
  register long a4 __asm__("a4") = (long)&thread->id;
  register long a7 __asm__("a7") = SYS_clone;
  __asm__ volatile(
      "ecall\n"
      "bnez a0, 1f\n"
      "j %[begin]\n"
      "1:\n"
      : "+r"(a0)
      : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7), [begin] "i"(begin)
      : "memory");
  if (a0 > 0) return thread;
  sys_munmap(at, STACK_BYTES + (long)PAGE);
  return NULL;
}

void *thread_join(struct thread *thread) {
  u32 id;
  /* The kernel wakes as for a word that other processes may share. */
  while ((id = LOAD(thread->id)) != 0) futex(&thread->id, FUTEX_WAIT, 1, id, NULL);
  void *result = thread->result;
  sys_munmap(mapping_of(thread), STACK_BYTES + (long)PAGE);
  return result;
}

void thread_detach(struct thread *thread) {
  if (!compare_exchange(&thread->state, RUNNING, DETACHED)) thread_join(thread);
}

u32 thread_id(void) { return (u32)sys_gettid(); }

long thread_priority(int priority) {
  int parameter = priority;
  return sys_sched_setscheduler(0, priority == 0 ? SCHED_OTHER : SCHED_RR, (long)&parameter);
}

/* ---- mutexes ---- */

int mutex_try_lock(struct mutex *mutex) { return compare_exchange(&mutex->word, 0, 1); }

/* Takes it as one that may have waiters, as it must be taken by whoever has waited. */
static void lock_contended(struct mutex *mutex) {
  while (EXCHANGE(mutex->word, 2) != 0) {
    futex(&mutex->word, FUTEX_WAIT, mutex->shared, 2, NULL);
  }
}

void mutex_lock(struct mutex *mutex) {
  if (!mutex_try_lock(mutex)) lock_contended(mutex);
}

void mutex_unlock(struct mutex *mutex) {
  if (EXCHANGE(mutex->word, 0) == 2) futex(&mutex->word, FUTEX_WAKE, mutex->shared, 1, NULL);
}

/* An owner that ended left a bit in the word, which goes when the next one has been told. */
static long told(struct owned_mutex *mutex, long answer) {
  if (answer != 0) return answer;
  u32 word = LOAD(mutex->word);
  if ((word & FUTEX_OWNER_DIED) == 0) return 0;
  __atomic_and_fetch(&mutex->word, ~FUTEX_OWNER_DIED, __ATOMIC_ACQ_REL);
  return 1;
}

static long lock_owned(struct owned_mutex *mutex, int operation) {
  if (compare_exchange(&mutex->word, 0, thread_id())) return 0;
  return told(mutex, futex(&mutex->word, operation, mutex->shared, 0, NULL));
}

long owned_lock(struct owned_mutex *mutex) { return lock_owned(mutex, FUTEX_LOCK_PI); }

long owned_try_lock(struct owned_mutex *mutex) { return lock_owned(mutex, FUTEX_TRYLOCK_PI); }

long owned_unlock(struct owned_mutex *mutex) {
  if (compare_exchange(&mutex->word, thread_id(), 0)) return 0;
  return futex(&mutex->word, FUTEX_UNLOCK_PI, mutex->shared, 0, NULL);
}

/* ---- robust mutexes ---- */

/* The first thread's, which has no struct thread. */
static struct robust_list first_list;

static struct robust_list *own_list(void) {
  struct robust_list *list = self() == NULL ? &first_list : &self()->robust;
  u32 id = thread_id();
  if (list->id != id) {
    list->first.next = &list->first;
    list->distance = (long)__builtin_offsetof(struct robust_mutex, word) -
                     (long)__builtin_offsetof(struct robust_mutex, entry);
    list->pending = NULL;
    sys_set_robust_list((long)list, ROBUST_HEAD_BYTES);
    list->id = id;
  }
  return list;
}

/* Gets the word; 0, or 1 when its last owner ended. */
static long take_robust(struct robust_mutex *mutex, u32 id) {
  u32 waiters = 0;
  for (;;) {
    u32 word = LOAD(mutex->word);
    if ((word & FUTEX_TID_MASK) == 0) {
      if (!compare_exchange(&mutex->word, word, id | waiters | (word & FUTEX_WAITERS))) continue;
      return (word & FUTEX_OWNER_DIED) != 0;
    }
    u32 waited = word | FUTEX_WAITERS;
    if (word != waited && !compare_exchange(&mutex->word, word, waited)) continue;
    futex(&mutex->word, FUTEX_WAIT, 1, waited, NULL);
    /* Others may wait beside this one. */
    waiters = FUTEX_WAITERS;
  }
}

/* The kernel looks at `pending` where a thread ends between having the word and telling of it. */
static void tell(struct robust_list *list, struct robust_entry *entry) {
  __atomic_store_n(&list->pending, entry, __ATOMIC_SEQ_CST);
}

long robust_lock(struct robust_mutex *mutex) {
  struct robust_list *list = own_list();
  if ((LOAD(mutex->word) & FUTEX_TID_MASK) == list->id) return -EDEADLK;
  tell(list, &mutex->entry);
  long died = take_robust(mutex, list->id);
  mutex->entry.next = list->first.next;
  __atomic_store_n(&list->first.next, &mutex->entry, __ATOMIC_SEQ_CST);
  tell(list, NULL);
  return died;
}

long robust_unlock(struct robust_mutex *mutex) {
  struct robust_list *list = own_list();
  if ((LOAD(mutex->word) & FUTEX_TID_MASK) != list->id) return -EPERM;
  tell(list, &mutex->entry);
  struct robust_entry *before = &list->first;
  while (before->next != &mutex->entry) before = before->next;
  __atomic_store_n(&before->next, mutex->entry.next, __ATOMIC_SEQ_CST);
  if (EXCHANGE(mutex->word, 0) & FUTEX_WAITERS) futex(&mutex->word, FUTEX_WAKE, 1, 1, NULL);
  tell(list, NULL);
  return 0;
}

/* ---- semaphores ---- */

static int take(struct semaphore *semaphore) {
  u32 value = LOAD(semaphore->value);
  while (value > 0) {
    if (__atomic_compare_exchange_n(&semaphore->value, &value, value - 1, 0, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
      return 1;
    }
  }
  return 0;
}

static int wait_until(struct semaphore *semaphore, const struct timespec *end) {
  if (take(semaphore)) return 1;
  int taken = 0;
  ADD(semaphore->waiters, 1);
  for (;;) {
    taken = take(semaphore);
    if (taken) break;
    int operation = FUTEX_WAIT_BITSET | (semaphore->shared ? 0 : FUTEX_PRIVATE);
    long answer = sys_futex((long)&semaphore->value, operation, 0, (long)end, 0, -1);
    if (answer == -ETIMEDOUT) {
      taken = take(semaphore);
      break;
    }
  }
  ADD(semaphore->waiters, -1);
  return taken;
}

void semaphore_wait(struct semaphore *semaphore) { wait_until(semaphore, NULL); }

int semaphore_wait_for(struct semaphore *semaphore, u64 nanoseconds) {
  u64 at = clock_now(CLOCK_MONOTONIC) + nanoseconds;
  struct timespec end = {(i64)(at / 1000000000), (i64)(at % 1000000000)};
  return wait_until(semaphore, &end);
}

void semaphore_post(struct semaphore *semaphore) {
  ADD(semaphore->value, 1);
  if (LOAD(semaphore->waiters) > 0) {
    futex(&semaphore->value, FUTEX_WAKE, semaphore->shared, 1, NULL);
  }
}

/* ---- condition variables ---- */

void condition_wait(struct condition *condition, struct mutex *mutex) {
  u32 sequence = LOAD(condition->sequence);
  mutex_unlock(mutex);
  futex(&condition->sequence, FUTEX_WAIT, 0, sequence, NULL);
  /* Others may have been moved to the mutex beside this one. */
  lock_contended(mutex);
}

void condition_signal(struct condition *condition) {
  ADD(condition->sequence, 1);
  futex(&condition->sequence, FUTEX_WAKE, 0, 1, NULL);
}

void condition_broadcast(struct condition *condition, struct mutex *mutex) {
  long answer;
  do {
    u32 sequence = ADD(condition->sequence, 1);
    /* Whoever is moved is woken when the mutex is given up, so it must look waited for. */
    EXCHANGE(mutex->word, 2);
    answer = sys_futex((long)&condition->sequence, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE, 1, 0x7fffffff,
                       (long)&mutex->word, sequence);
  } while (answer == -EAGAIN);
}

/* ---- read-write locks ---- */

void read_lock(struct read_write_lock *lock) {
  mutex_lock(&lock->mutex);
  while (lock->writing || lock->writers_waiting > 0) {
    condition_wait(&lock->readers_may, &lock->mutex);
  }
  lock->readers++;
  mutex_unlock(&lock->mutex);
}

void read_unlock(struct read_write_lock *lock) {
  mutex_lock(&lock->mutex);
  if (--lock->readers == 0) condition_signal(&lock->writers_may);
  mutex_unlock(&lock->mutex);
}

void write_lock(struct read_write_lock *lock) {
  mutex_lock(&lock->mutex);
  lock->writers_waiting++;
  while (lock->writing || lock->readers > 0) condition_wait(&lock->writers_may, &lock->mutex);
  lock->writers_waiting--;
  lock->writing = 1;
  mutex_unlock(&lock->mutex);
}

void write_unlock(struct read_write_lock *lock) {
  mutex_lock(&lock->mutex);
  lock->writing = 0;
  if (lock->writers_waiting > 0) condition_signal(&lock->writers_may);
  else condition_broadcast(&lock->readers_may, &lock->mutex);
  mutex_unlock(&lock->mutex);
}

/* ---- barriers ---- */

int barrier_wait(struct barrier *barrier) {
  u32 round = LOAD(barrier->round);
  if (ADD(barrier->arrived, 1) == barrier->size) {
    STORE(barrier->arrived, 0);
    ADD(barrier->round, 1);
    futex(&barrier->round, FUTEX_WAKE, barrier->shared, 0x7fffffff, NULL);
    return 1;
  }
  while (LOAD(barrier->round) == round) futex(&barrier->round, FUTEX_WAIT, barrier->shared, round, NULL);
  return 0;
}
