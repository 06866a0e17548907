/*
 * Hostile: children make random calls with random arguments from a seed; each may die, none may
 * harm another. The parent kills those that hang. random_calls [seed [children [calls]]]
 */
#include "lib.h"

static u64 random_argument(u64 *random, u64 area) {
  u64 draw = random_next(random);
  switch (draw % 8) {
    case 0:
      return draw >> 8 & 0x1ff;
    case 1:
      return (u64)-(i64)(draw >> 8 & 0xff);
    case 2:
      return area + (draw >> 8 & 0x3fff);
    case 3:
      return area + (draw >> 8 & 3) * PAGE;
    case 4:
      return 1ull << (draw >> 8 & 63);
    case 5:
      return draw;
    case 6:
      return draw >> 8 & 7;
    default:
      return 0x10000 + (draw >> 8 & 0x7fff);
  }
}

/* These reach other processes, or multiply without end. */
static int left_out(long call) {
  return call == SYS_kill || call == SYS_tkill || call == SYS_tgkill || call == SYS_clone;
}

static __attribute__((noreturn)) void misbehave(u64 random, long calls) {
  long area = map_pages(4 * PAGE, PROT_READ | PROT_WRITE);
  u8 *bytes = (u8 *)area;
  for (usize i = 0; i < 3 * PAGE; i++) bytes[i] = (u8)(random_next(&random) % 5 ? 'a' + i % 3 : 0);
  for (long i = 0; i < calls; i++) {
    register long a7 __asm__("a7");
    register long a0 __asm__("a0"), a1 __asm__("a1"), a2 __asm__("a2");
    register long a3 __asm__("a3"), a4 __asm__("a4"), a5 __asm__("a5");
    u64 x[6];
    for (int k = 0; k < 6; k++) x[k] = random_argument(&random, (u64)area);
    long number = (long)(random_next(&random) % 512);
    if (left_out(number)) continue;
    a0 = (long)x[0], a1 = (long)x[1], a2 = (long)x[2];
    a3 = (long)x[3], a4 = (long)x[4], a5 = (long)x[5];
    a7 = number;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                     : "memory");
  }
  exit(0);
}

int main(int argc, char **argv) {
  u64 seed = (u64)number_or(argc > 1 ? argv[1] : NULL, 1);
  long children = number_or(argc > 2 ? argv[2] : NULL, 20);
  long calls = number_or(argc > 3 ? argv[3] : NULL, 200);
  int ended = 0, died = 0, hung = 0;
  for (long i = 0; i < children; i++) {
    u64 state = seed * 1000003 + (u64)i;
    long child = fork();
    if (child == 0) misbehave(state, calls);
    if (child < 0) return 1;
    int status = 0;
    long got = 0;
    for (int turn = 0; turn < 50 && got == 0; turn++) {
      sleep_for(1000000);
      got = sys_wait4(child, (long)&status, WNOHANG, 0);
    }
    if (got == 0) {
      hung++;
      sys_kill(child, SIGKILL);
      wait_for(child);
    } else if (EXITED(status)) {
      ended++;
    } else {
      died++;
    }
  }
  print("random_calls: %d ended, %d died, %d hung\n", ended, died, hung);
  return 0;
}
