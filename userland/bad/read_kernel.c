/* Hostile: reads where a kernel would live. Dies of SIGSEGV. */
#include "lib.h"

int main(void) {
  return *(volatile u8 *)0xffffffc000000000ul;
}
