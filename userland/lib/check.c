#include "lib.h"

static int failures;

void check_failed(const char *file, int line, const char *what, long got) {
  failures++;
  print("%s:%d: expected %s, got %ld\n", file, line, what, got);
}

int check_result(void) {
  return failures ? 1 : 0;
}

void check_reset(void) {
  failures = 0;
}
