/* Boot stage: capabilities by token: derived, handed to other processes, mapped through, revoked. */
#include "lib.h"

enum { READ = 1, WRITE = 2, MAP = 4, GRANT = 8, SEND = 16, RECEIVE = 32, EXECUTE = 128 };
enum { STALE = -3, FEWER_RIGHTS = -5 };
enum { KIND_MEMORY = 5, KIND_NOTIFICATION = 8 };
enum { SLOT_CLOCK = 32, SLOT_PROCESSES = 128, SLOTS = 1023 };
enum { DEPTH = 128, CHILDREN = 3 };
#define SHARED 0x40000000ul
#define CODE 0x50000000ul

static long kind_of(long token) { return sys_cap_identify(token) & 0xff; }
static long rights_of(long token) { return sys_cap_identify(token) >> 8 & 0xff; }

/* A token no number comes near, and rights that only shrink. */
static void check_rights(void) {
  CHECK_EQUAL(sys_cap_identify(0x7fffffff), -2);
  long memory = sys_memory_create(2);
  CHECK(memory > 255);
  CHECK_EQUAL(kind_of(memory), KIND_MEMORY);
  long part = sys_cap_derive(memory, READ | GRANT);
  CHECK_EQUAL(rights_of(part), READ | GRANT);
  CHECK_EQUAL(rights_of(sys_cap_derive(part, 0xff)), READ | GRANT);
  CHECK_EQUAL(sys_cap_mint(part, READ, 77) > 0, 1);
  long last = sys_cap_derive(part, READ);
  CHECK_EQUAL(sys_cap_derive(last, READ), FEWER_RIGHTS);
  CHECK_EQUAL(sys_cap_revoke(memory), 0);
  CHECK_EQUAL(sys_cap_identify(part), STALE);
  CHECK_EQUAL(sys_cap_identify(last), STALE);
  CHECK_EQUAL(sys_memory_size(memory), 2);
  CHECK_EQUAL(sys_cap_delete(memory), 0);
  CHECK_EQUAL(sys_cap_delete(memory), STALE);
}

/* A chain of 128 goes with its first link. */
static void check_chain(void) {
  long first = sys_memory_create(1);
  long token = first;
  for (int depth = 0; depth < DEPTH; depth++) token = sys_cap_derive(token, READ | GRANT);
  CHECK_EQUAL(kind_of(token), KIND_MEMORY);
  CHECK_EQUAL(sys_cap_revoke(first), 0);
  CHECK_EQUAL(sys_cap_identify(token), STALE);
  CHECK_EQUAL(sys_cap_delete(first), 0);
}

/* Descriptors are tokens too: what is derived from one is no descriptor. */
static void check_descriptors(void) {
  int fds[2];
  CHECK_EQUAL(pipe(fds), 0);
  long token = sys_cap_derive(fds[0], READ);
  CHECK(token > 255);
  CHECK_EQUAL(rights_of(token), READ);
  CHECK_EQUAL(sys_cap_revoke(fds[0]), 0);
  CHECK_EQUAL(sys_cap_identify(token), STALE);
  sys_close(fds[0]);
  sys_close(fds[1]);
}

/* Whether a process that touches the shared page dies of it. */
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

struct gift {
  long memory;
  long notification;
};

/* Maps what it was given, writes there, says so, and finds it gone when it is called again. */
static __attribute__((noreturn)) void be_child(int number, int in) {
  check_reset();
  struct gift gift;
  if (read_all(in, &gift, sizeof gift) != sizeof gift) exit(1);
  CHECK_EQUAL(kind_of(gift.notification), KIND_NOTIFICATION);
  CHECK_EQUAL(sys_notification_wait(gift.notification, 0), FEWER_RIGHTS);
  CHECK_EQUAL(sys_space_map(sys_cap_space(), gift.memory, SHARED, 1, 0, READ | WRITE), 0);
  volatile u64 *shared = (volatile u64 *)SHARED;
  CHECK(!dies_of_it());
  shared[number + 1] = 1000u + (u64)number;
  CHECK_EQUAL(sys_notification_signal(gift.notification, 1l << number), 0);
  u8 again;
  CHECK_EQUAL(read_all(in, &again, 1), 1);
  CHECK_EQUAL(sys_memory_size(gift.memory), STALE);
  CHECK_EQUAL(sys_cap_derive(gift.memory, READ), STALE);
  CHECK(dies_of_it());
  CHECK_EQUAL(sys_notification_signal(gift.notification, 1l << number), 0);
  exit(check_result());
}

/* Waits until every child has set its bit. */
static void await_all(long notification) {
  long seen = 0;
  while (seen != (1 << CHILDREN) - 1) {
    long bits = sys_notification_wait(notification, 0);
    CHECK(bits > 0);
    if (bits <= 0) return;
    seen |= bits;
  }
}

static void check_sharing(void) {
  long memory = sys_memory_create(1), notification = sys_notification_create();
  long handed = sys_cap_derive(memory, READ | WRITE | MAP | GRANT);
  long space = sys_cap_space();
  CHECK_EQUAL(sys_space_map(space, memory, SHARED, 1, 0, READ | WRITE), 0);
  volatile u64 *shared = (volatile u64 *)SHARED;
  long process[CHILDREN];
  int out[CHILDREN];
  for (int number = 0; number < CHILDREN; number++) {
    int fds[2];
    CHECK_EQUAL(pipe(fds), 0);
    long child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      /* What the parent mapped is here as well; the child is to map its own. */
      sys_munmap(SHARED, PAGE);
      be_child(number, fds[0]);
    }
    sys_close(fds[0]);
    out[number] = fds[1];
    process[number] = sys_cap_process(child);
    struct gift gift;
    gift.memory = sys_cap_copy(handed, process[number]);
    long sender = sys_cap_derive(notification, SEND | GRANT);
    gift.notification = sys_cap_move(sender, process[number]);
    CHECK(gift.memory > 0);
    CHECK(gift.notification > 0);
    CHECK_EQUAL(sys_notification_signal(sender, 1), STALE);
    write_all(fds[1], &gift, sizeof gift);
  }
  await_all(notification);
  for (int number = 0; number < CHILDREN; number++) CHECK_EQUAL(shared[number + 1], 1000u + (u64)number);
  CHECK_EQUAL(sys_cap_revoke(memory), 0);
  CHECK_EQUAL(sys_cap_identify(handed), STALE);
  /* What was mapped through the capability itself stays. */
  shared[0] = 5;
  CHECK_EQUAL(shared[0], 5);
  for (int number = 0; number < CHILDREN; number++) {
    write_all(out[number], "!", 1);
    sys_close(out[number]);
  }
  await_all(notification);
  for (int number = 0; number < CHILDREN; number++) CHECK_EQUAL(wait_for(-1), 0);
  CHECK_EQUAL(sys_cap_copy(notification, process[0]), STALE);
  CHECK_EQUAL(sys_notification_poll(notification), 0);
  CHECK_EQUAL(sys_notification_wait(notification, 1), -12);
}

/* A program started without the clock does not get the time. */
static void check_renouncing(void) {
  long child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    check_reset();
    struct timespec now;
    CHECK_EQUAL(sys_clock_gettime(CLOCK_MONOTONIC, (long)&now), 0);
    CHECK_EQUAL(sys_cap_renounce(SLOT_CLOCK), SLOTS - SLOT_CLOCK);
    CHECK_EQUAL(sys_clock_gettime(CLOCK_MONOTONIC, (long)&now), -EPERM);
    CHECK_EQUAL(sys_cap_renounce(SLOT_PROCESSES), SLOTS - SLOT_CLOCK - SLOT_PROCESSES);
    CHECK_EQUAL(sys_cap_process(0), -14);
    exit(check_result());
  }
  CHECK_EQUAL(wait_for(child), 0);
}

/*
 * A process made from its parts: a space, memory with three instructions in it, a stack pointer. It
 * ends with the argument it was given.
 */
static void check_spawning(void) {
  static const u32 code[] = {
      0x05e00893, /* li a7, 94 (exit_group) */
      0x00000073, /* ecall */
      0x0000006f, /* j . */
  };
  long memory = sys_memory_create(1), own = sys_cap_space();
  CHECK_EQUAL(sys_space_map(own, memory, CODE, 1, 0, READ | WRITE), 0);
  for (usize i = 0; i < sizeof code / sizeof *code; i++) ((volatile u32 *)CODE)[i] = code[i];
  long space = sys_space_create();
  CHECK_EQUAL(sys_space_map(space, memory, CODE, 1, 0, PROT_READ | PROT_EXEC), 0);
  CHECK_EQUAL(sys_process_spawn(own, CODE, CODE, 9, 0), -10);
  long child = sys_process_spawn(space, CODE, CODE, 9, SLOTS);
  CHECK(child > 0);
  i32 status = 0;
  CHECK(sys_wait4(-1, (long)&status, 0, 0) > 0);
  CHECK_EQUAL(status, STATUS_OF_EXIT(9));
  CHECK_EQUAL(sys_cap_identify(child), STALE);
  CHECK_EQUAL(sys_cap_delete(child), 0);
  /* One that goes with the memory it runs from: the revocation takes it away. */
  long lent = sys_cap_derive(memory, READ | MAP | EXECUTE);
  space = sys_space_create();
  CHECK_EQUAL(sys_space_map(space, lent, CODE, 1, 0, PROT_READ | PROT_EXEC), 0);
  CHECK(sys_process_spawn(space, CODE + 8, CODE, 0, 0) > 0);
  CHECK_EQUAL(sys_cap_revoke(memory), 0);
  CHECK(sys_wait4(-1, (long)&status, 0, 0) > 0);
  CHECK_EQUAL(TERMINATION_SIGNAL(status), SIGSEGV);
  CHECK_EQUAL(sys_cap_delete(space), 0);
}

int main(void) {
  check_rights();
  check_chain();
  check_descriptors();
  check_sharing();
  check_renouncing();
  check_spawning();
  print("capabilities: handed on, mapped through and revoked\n");
  return check_result();
}
