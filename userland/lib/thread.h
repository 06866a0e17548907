/*
 * Threads of one process and what they wait with, on futexes. All words lie in memory the waiting
 * threads share; those of a mutex, a semaphore and a barrier may be shared by processes too, when
 * they are made so. malloc and the checks' counters belong to one thread at a time.
 */
#pragma once

#include "lib.h"

/* ---- threads ---- */

struct thread;
/* Starts a thread that runs `entry(argument)`; null when there can be no more. */
struct thread *thread_create(void *(*entry)(void *), void *argument);
/* Waits for the end of a thread and gives back what its entry returned; once for each thread. */
void *thread_join(struct thread *thread);
/* Lets a thread go: nobody joins it, and what it had is given back at its end. */
void thread_detach(struct thread *thread);
/* Ends the calling thread, which must be one that thread_create made. */
__attribute__((noreturn)) void thread_exit(void *result);
/* Id of the calling thread. */
u32 thread_id(void);
/* Sets the calling thread's real-time priority, 1 to 99; 0 for the default policy. */
long thread_priority(int priority);

/* ---- mutexes ---- */

/* 0 free, 1 held, 2 held and perhaps waited for. */
struct mutex {
  u32 word;
  u32 shared;
};
void mutex_lock(struct mutex *mutex);
/* 1 when it was free. */
int mutex_try_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

/* A mutex whose waiters lend their priority to its owner: the owner's id, or 0. */
struct owned_mutex {
  u32 word;
  u32 shared;
};
/* 0; -EDEADLK; or 1 when it is held now, and its last owner ended without giving it up. */
long owned_lock(struct owned_mutex *mutex);
/* As owned_lock, or -EAGAIN when another has it. */
long owned_try_lock(struct owned_mutex *mutex);
/* 0, or -EPERM. */
long owned_unlock(struct owned_mutex *mutex);

/* ---- robust mutexes: the kernel marks those of a thread that ends ---- */

/* What the kernel walks; the word lies before it in a robust mutex. */
struct robust_entry {
  struct robust_entry *next;
};
struct robust_mutex {
  u32 word; /* the owner's id, and whether somebody waits or the last owner ended */
  u32 shared;
  struct robust_entry entry;
};
/* 0; -EDEADLK; or 1 when it is held now, and its last owner ended without giving it up. */
long robust_lock(struct robust_mutex *mutex);
/* 0, or -EPERM. */
long robust_unlock(struct robust_mutex *mutex);

/* ---- semaphores ---- */

struct semaphore {
  u32 value;
  u32 waiters;
  u32 shared;
};
void semaphore_wait(struct semaphore *semaphore);
/* 1 when it was taken within so many nanoseconds. */
int semaphore_wait_for(struct semaphore *semaphore, u64 nanoseconds);
void semaphore_post(struct semaphore *semaphore);

/* ---- condition variables ---- */

struct condition {
  u32 sequence;
};
/* Gives `mutex` up, waits, and has it again. It may return without a reason. */
void condition_wait(struct condition *condition, struct mutex *mutex);
void condition_signal(struct condition *condition);
/* Wakes one and lets the others wait for the mutex, which the caller holds. */
void condition_broadcast(struct condition *condition, struct mutex *mutex);

/* ---- read-write locks: writers come first ---- */

struct read_write_lock {
  struct mutex mutex;
  struct condition readers_may, writers_may;
  u32 readers, writing, writers_waiting;
};
void read_lock(struct read_write_lock *lock);
void read_unlock(struct read_write_lock *lock);
void write_lock(struct read_write_lock *lock);
void write_unlock(struct read_write_lock *lock);

/* ---- barriers ---- */

struct barrier {
  u32 size;
  u32 arrived;
  u32 round;
  u32 shared;
};
/* Waits until `size` threads are here; 1 for one of them, 0 for the others. */
int barrier_wait(struct barrier *barrier);
