/*
 * Hostile: makes the calls its input lists, with any arguments. Standard input is records of 64-bit
 * words; standard output gets one word for each record that has a result.
 *
 *   1 number a0 a1 a2 a3 a4 a5    a call: its result
 *   2 address length bytes…       bytes to write to memory, padded to a word
 *   3 address length              a checksum of memory
 *   4                             a child that has ended and waits to be asked for: its pid
 *   5                             keeps a copy of the sixteen pages below
 *   6                             puts them back as they were kept
 *   7                             sends itself SIGUSR1, which is blocked
 *
 * Before the first record it makes: descriptor 40, a file "calls.file" of 64 KiB; 41, the current
 * directory; 42 and 43, a pipe that never blocks, with 8 bytes in it; and at 0x1000000000 sixteen pages to use, with
 * nothing behind them; at +0x20000 a page to use and one to read; at +0x30000 one without access;
 * at +0x40000 one to read. SIGUSR1 is blocked.
 */
#include "lib.h"

enum { BASE_SHIFT = 36, MOST = 512 * 1024, FIXED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED };
#define BASE (1l << BASE_SHIFT)

static u64 input[MOST];
static u64 output[MOST / 4];
static u8 kept[16 * PAGE];

/* Its ecall is the only one at its address, so that the records' calls can be told from others. */
__attribute__((noinline)) static long call_raw(const u64 *x) {
  register long a7 __asm__("a7") = (long)x[0];
  register long a0 __asm__("a0") = (long)x[1];
  register long a1 __asm__("a1") = (long)x[2];
  register long a2 __asm__("a2") = (long)x[3];
  register long a3 __asm__("a3") = (long)x[4];
  register long a4 __asm__("a4") = (long)x[5];
  register long a5 __asm__("a5") = (long)x[6];
  __asm__ volatile("ecall"
                   : "+r"(a0)
                   : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                   : "memory");
  return a0;
}

static void map_at(long offset, usize pages, int protection) {
  long got = sys_mmap(BASE + offset, (long)(pages * PAGE), PROT_READ | PROT_WRITE, FIXED, -1, 0);
  if (got != BASE + offset) exit(97);
  memset((void *)got, 0x5a, pages * PAGE);
  if (protection != 3 && sys_mprotect(got, (long)(pages * PAGE), protection) != 0) exit(98);
}

static void take(long fd, int number) {
  if (fd < 0 || sys_dup3(fd, number, 0) != number) exit(96);
  sys_close(fd);
}

static void prepare(void) {
  map_at(0, 16, PROT_READ | PROT_WRITE);
  map_at(0x20000, 1, PROT_READ | PROT_WRITE);
  map_at(0x21000, 1, PROT_READ);
  map_at(0x30000, 1, PROT_NONE);
  map_at(0x40000, 1, PROT_READ);
  long fd = sys_openat(AT_FDCWD, (long)"calls.file", O_RDWR | O_CREAT | O_TRUNC, 0600);
  write_all((int)fd, (void *)BASE, 16 * PAGE);
  take(fd, 40);
  take(sys_openat(AT_FDCWD, (long)".", O_RDONLY | O_DIRECTORY, 0), 41);
  int ends[2];
  if (sys_pipe2((long)ends, O_NONBLOCK) != 0) exit(95);
  take(ends[0], 42);
  take(ends[1], 43);
  write_all(43, "in pipe", 8);
  signal_mask(SIG_BLOCK, SIGNAL_BIT(SIGUSR1));
  /* Touched now: no call of a record changes which pages there are. */
  memset(output, 0, sizeof output);
  memset(kept, 0, sizeof kept);
}

/* Under an emulator a child that has ended may not be there at once. */
static long end_child(void) {
  long child = fork();
  if (child == 0) exit(3);
  sleep_for(2000000);
  /* A page copied on the first write after a fork would look like a change. */
  for (usize page = 0; page < 16; page++) *(volatile u8 *)(BASE + (long)(page * PAGE)) |= 0;
  *(volatile u8 *)(BASE + 0x20000) |= 0;
  return child;
}

int main(void) {
  prepare();
  usize count = read_all(0, input, sizeof input) / 8, made = 0;
  for (usize at = 0; at < count;) {
    const u64 *record = input + at;
    if (record[0] == 1) {
      output[made++] = (u64)call_raw(record + 1);
      at += 8;
    } else if (record[0] == 2) {
      memcpy((void *)record[1], record + 3, record[2]);
      at += 3 + (record[2] + 7) / 8;
    } else if (record[0] == 3) {
      output[made++] = checksum(CHECKSUM_SEED, (const void *)record[1], record[2]);
      at += 3;
    } else if (record[0] == 4) {
      output[made++] = (u64)end_child();
      at += 1;
    } else {
      if (record[0] == 5) memcpy(kept, (void *)BASE, sizeof kept);
      if (record[0] == 6) memcpy((void *)BASE, kept, sizeof kept);
      if (record[0] == 7) sys_kill(sys_getpid(), SIGUSR1);
      at += 1;
    }
  }
  write_all(1, output, made * 8);
  sys_unlinkat(AT_FDCWD, (long)"calls.file", 0);
  return 0;
}
