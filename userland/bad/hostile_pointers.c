/*
 * Hostile: gives every call of the table each of a set of bad addresses in every argument place.
 * No call may succeed in a way that harms it or end it: it prints a line and exits with 0. Calls
 * that end, replace, suspend or unmap the caller are left out.
 */
#include "lib.h"

static const u64 addresses[] = {
    0, 1, 0xfff, 0x10000, 0x3fffffffffull, 0x4000000000ull, 0x0000800000000000ull,
    0xffffffc000000000ull, 0xfffffffffffff000ull, ~0ull, ~7ull,
};

static int left_out(long call) {
  static const short calls[] = {SYS_exit,       SYS_exit_group,  SYS_execve,   SYS_clone,
                                SYS_munmap,     SYS_mprotect,    SYS_mmap,     SYS_brk,
                                SYS_kill,       SYS_tkill,       SYS_tgkill,   SYS_rt_sigreturn,
                                SYS_mremap,     SYS_madvise,     SYS_ppoll,    SYS_pselect6,
                                SYS_wait4,      SYS_nanosleep,   SYS_clock_nanosleep,
                                SYS_setitimer,  SYS_rt_sigsuspend, SYS_rt_sigtimedwait,
                                SYS_rt_sigprocmask, SYS_sched_setaffinity};
  for (usize i = 0; i < sizeof calls / sizeof *calls; i++) {
    if (calls[i] == call) return 1;
  }
  return 0;
}

static long call_raw(long number, const u64 *x) {
  register long a7 __asm__("a7") = number;
  register long a0 __asm__("a0") = (long)x[0];
  register long a1 __asm__("a1") = (long)x[1];
  register long a2 __asm__("a2") = (long)x[2];
  register long a3 __asm__("a3") = (long)x[3];
  register long a4 __asm__("a4") = (long)x[4];
  register long a5 __asm__("a5") = (long)x[5];
  __asm__ volatile("ecall"
                   : "+r"(a0)
                   : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                   : "memory");
  return a0;
}

int main(void) {
  enum { CALLS = 512, PLACES = 4 };
  u64 refused = 0, accepted = 0;
  for (long call = 0; call < CALLS; call++) {
    if (left_out(call)) continue;
    for (usize i = 0; i < sizeof addresses / sizeof *addresses; i++) {
      for (int place = 0; place < PLACES; place++) {
        /* Descriptor 99 is none, so that no call reads, waits or closes anything real. */
        u64 x[6] = {99, 64, 64, 64, 64, 64};
        x[place] = addresses[i];
        if (place == 0 && addresses[i] < 3) continue;
        if (call_raw(call, x) < 0) {
          refused++;
        } else {
          accepted++;
        }
      }
    }
  }
  print("hostile_pointers: %lu calls, %lu refused\n", refused + accepted, refused);
  return 0;
}
