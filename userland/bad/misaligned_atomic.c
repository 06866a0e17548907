/* Hostile: an atomic operation at an odd address. Dies of SIGBUS where that is not emulated. */
#include "lib.h"

int main(void) {
  static u64 cells[2];
  u64 address = (u64)cells + 1;
  __asm__ volatile("amoadd.d zero, %1, (%0)" ::"r"(address), "r"(1l) : "memory");
  return 0;
}
