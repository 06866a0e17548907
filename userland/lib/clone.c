#include "lib.h"

/*
 * The new thread finds what it is to run on its own stack: of the caller's registers it has all but
 * a0, sp and tp, but whoever clones may pass what it likes in them.
 */
__asm__(
    ".section .text.thread_clone, \"ax\"\n"
    ".globl thread_clone\n"
    ".type thread_clone, @function\n"
    "thread_clone:\n"
    "  addi a1, a1, -16\n"
    "  sd a5, 0(a1)\n"
    "  sd a6, 8(a1)\n"
    "  li a7, 220\n"
    "  ecall\n"
    "  bnez a0, 1f\n"
    "  ld a1, 0(sp)\n"
    "  ld a0, 8(sp)\n"
    "  jalr a1\n"
    "  li a7, 93\n"
    "  ecall\n"
    "  ebreak\n"
    "1:\n"
    "  ret\n");
