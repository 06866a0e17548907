#include "lib.h"

const char *program_name;
char **environment;
const struct auxiliary *auxiliary_vector;

int main(int argc, char **argv);

/*
 * The kernel enters with sp at argc and nothing else promised. ra is cleared so that a walk up the
 * stack ends here; gp is set because compilers may address small data through it.
 */
__asm__(
    ".section .text.start, \"ax\"\n"
    ".globl _start\n"
    ".type _start, @function\n"
    "_start:\n"
    ".option push\n"
    ".option norelax\n"
    "  lla gp, __global_pointer$\n"
    ".option pop\n"
    "  li ra, 0\n"
    "  mv a0, sp\n"
    "  andi sp, sp, -16\n"
    "  call start\n"
    "  ebreak\n");

__attribute__((noreturn, used)) void start(long *stack) {
  int argc = (int)stack[0];
  char **argv = (char **)(stack + 1);
  program_name = argc > 0 ? argv[0] : "";
  environment = argv + argc + 1;
  char **end = environment;
  while (*end) end++;
  auxiliary_vector = (const struct auxiliary *)(end + 1);
  exit(main(argc, argv));
}

u64 auxiliary_value(u64 type, u64 missing) {
  for (const struct auxiliary *entry = auxiliary_vector; entry->type != AT_NULL; entry++) {
    if (entry->type == type) return entry->value;
  }
  return missing;
}

const char *environment_get(const char *name) {
  usize length = strlen(name);
  for (char **entry = environment; *entry; entry++) {
    if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') return *entry + length + 1;
  }
  return NULL;
}

void exit(int status) {
  for (;;) sys_exit_group(status);
}
