/* Hostile: writes to its own code. Dies of SIGSEGV. */
#include "lib.h"

int main(void) {
  *(volatile u8 *)(u64)&main = 0;
  return 0;
}
