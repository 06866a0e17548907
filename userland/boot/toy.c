/* Boot stage: the toy personality, five calls that share the kernel's objects and nothing of Linux. */
#include "lib.h"

int main(void) {
  static const char line[] = "toy: said through the toy personality\n";
  CHECK_EQUAL(sys_say((long)line, sizeof line - 1), (long)sizeof line - 1);

  /* Text that cannot be read: the toy's third word for trouble, not an errno. */
  CHECK_EQUAL(sys_say(8, 4), -3);

  long before = sys_ticks();
  CHECK_EQUAL(sys_rest(500), 0);
  long after = sys_ticks();
  CHECK(after - before >= 500);

  long room = sys_grow(3 * PAGE);
  CHECK(room > 0);
  if (room > 0) {
    volatile char *bytes = (volatile char *)room;
    for (usize i = 0; i < 3 * PAGE; i++) bytes[i] = (char)i;
    for (usize i = 0; i < 3 * PAGE; i++) CHECK_EQUAL(bytes[i], (char)i);
    /* Both personalities see one heap. */
    CHECK_EQUAL(sys_brk(0), room + 3 * PAGE);
  }
  /* More room than there is memory. */
  CHECK_EQUAL(sys_grow(1L << 39), -2);

  sys_leave(check_result());
  return 1;
}
