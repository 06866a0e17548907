/* Measure: N round trips of a turn between two threads at one futex. futexpong [N [hart-apart]] */
#include "thread.h"

static u32 turn;
static long count;

/* Waits until it is this side's turn, and hands it to the other. */
static void play(u32 side) {
  for (long i = 0; i < count; i++) {
    u32 seen;
    while (((seen = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) & 1) != side) {
      sys_futex((long)&turn, FUTEX_WAIT | FUTEX_PRIVATE, seen, 0, 0, 0);
    }
    __atomic_store_n(&turn, seen + 1, __ATOMIC_RELEASE);
    sys_futex((long)&turn, FUTEX_WAKE | FUTEX_PRIVATE, 1, 0, 0, 0);
  }
}

static void *answer(void *apart) {
  pin_to_hart((long)apart);
  play(1);
  return NULL;
}

int main(int argc, char **argv) {
  count = number_or(argc > 1 ? argv[1] : NULL, 20000);
  pin_to_hart(0);
  struct thread *other = thread_create(answer, (void *)number_or(argc > 2 ? argv[2] : NULL, 0));
  if (other == NULL) return 1;
  play(0);
  thread_join(other);
  print("futexpong %u\n", turn);
  return turn == 2 * count ? 0 : 1;
}
