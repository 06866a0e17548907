/* Hostile: jumps to writable data that holds a valid instruction. Dies of SIGSEGV. */
#include "lib.h"

static u32 code[] = {0x00008067};

int main(void) {
  code[0] |= 0;
  ((void (*)(void))(u64)code)();
  return 0;
}
