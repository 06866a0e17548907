#include "lib.h"

struct siginfo probe_info;

/*
 * Leaf functions without a frame: when their one access faults, returning to ra with the signal in
 * a0 is all there is to undo.
 */
__asm__(
    ".section .text.probe, \"ax\"\n"
    ".globl probe_load\n"
    "probe_load:\n"
    "  lbu a0, 0(a0)\n"
    "  li a0, 0\n"
    "  ret\n"
    ".globl probe_store\n"
    "probe_store:\n"
    "  sb a1, 0(a0)\n"
    "  li a0, 0\n"
    "  ret\n"
    ".globl probe_execute\n"
    "probe_execute:\n"
    "  addi sp, sp, -16\n"
    "  sd ra, 8(sp)\n"
    "  jalr a0\n"
    "probe_executed:\n"
    "  li a0, 0\n"
    "probe_execute_end:\n"
    "  ld ra, 8(sp)\n"
    "  addi sp, sp, 16\n"
    "  ret\n");
extern char probe_executed[], probe_execute_end[];

static void on_fault(int signal, struct siginfo *info, struct ucontext *context) {
  u64 *registers = context->registers;
  probe_info = *info;
  registers[REGISTER_A0] = (u64)signal;
  /* A jump that went wrong has left its return address; it must skip the `li a0, 0` there. */
  registers[REGISTER_PC] = registers[REGISTER_RA] == (u64)probe_executed
                               ? (u64)probe_execute_end
                               : registers[REGISTER_RA];
}

void probes_install(void) {
  signal_install(SIGSEGV, on_fault, 0);
  signal_install(SIGBUS, on_fault, 0);
  signal_install(SIGILL, on_fault, 0);
}
