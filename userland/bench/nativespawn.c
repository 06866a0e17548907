/*
 * Measure: N processes made from their parts by native calls, one after another: an address space,
 * memory for a stack, two mappings, a thread that ends at once, and the wait for it. nativespawn [N]
 */
#include "lib.h"

#define CODE 0x50000000ul
#define STACK 0x60000000ul

int main(int argc, char **argv) {
  static const u32 code[] = {
      0x05e00893, /* li a7, 94 (exit_group) */
      0x00000073, /* ecall */
  };
  long count = number_or(argc > 1 ? argv[1] : NULL, 2000);
  pin_to_hart(0);
  long text = sys_memory_create(1);
  if (sys_space_map(sys_cap_space(), text, CODE, 1, 0, PROT_READ | PROT_WRITE) != 0) return 1;
  for (usize i = 0; i < sizeof code / sizeof *code; i++) ((volatile u32 *)CODE)[i] = code[i];
  for (long i = 0; i < count; i++) {
    long space = sys_space_create();
    long stack = sys_memory_create(1);
    if (sys_space_map(space, text, CODE, 1, 0, PROT_READ | PROT_EXEC) != 0) return 2;
    if (sys_space_map(space, stack, STACK, 1, 0, PROT_READ | PROT_WRITE) != 0) return 3;
    long child = sys_process_spawn(space, CODE, STACK + PAGE, 7, 0);
    if (child <= 0) return 4;
    i32 status = 0;
    if (sys_wait4(-1, (long)&status, 0, 0) <= 0 || status != STATUS_OF_EXIT(7)) return 5;
    sys_cap_delete(child);
    sys_cap_delete(stack);
    sys_cap_delete(space);
  }
  print("nativespawn %ld\n", count);
  return 0;
}
