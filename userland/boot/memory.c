/* Boot stage: demand zero, brk, mmap, munmap, mprotect, copy-on-write, stack growth. */
#include "lib.h"

enum { READ_WRITE = PROT_READ | PROT_WRITE };

static u8 *pages(usize count) {
  long address = map_pages(count * PAGE, READ_WRITE);
  CHECK(address > 0);
  return address > 0 ? (u8 *)address : NULL;
}

static void check_demand_zero(void) {
  enum { COUNT = 64 };
  u8 *area = pages(COUNT);
  if (!area) return;
  CHECK_EQUAL((u64)area % PAGE, 0);
  u64 seen = 0;
  for (usize i = 0; i < COUNT * PAGE; i += 8) seen |= *(u64 *)(area + i);
  CHECK_EQUAL(seen, 0);
  for (usize i = 0; i < COUNT; i++) area[i * PAGE + i] = (u8)(i + 1);
  for (usize i = 0; i < COUNT; i++) CHECK_EQUAL(area[i * PAGE + i], i + 1);
  CHECK_EQUAL(area[COUNT * PAGE - 1], 0);
  CHECK_EQUAL(sys_munmap((long)area, COUNT * PAGE), 0);
  CHECK_EQUAL(probe_load(area), SIGSEGV);
  CHECK_EQUAL(probe_info.code, SEGV_MAPERR);
  CHECK_EQUAL(probe_info.address, (u64)area);
}

static void check_partial_unmap(void) {
  u8 *area = pages(8);
  if (!area) return;
  memset(area, 7, 8 * PAGE);
  CHECK_EQUAL(sys_munmap((long)(area + 3 * PAGE), 2 * PAGE), 0);
  for (int i = 0; i < 8; i++) {
    CHECK_EQUAL(probe_load(area + (u64)i * PAGE), i == 3 || i == 4 ? SIGSEGV : 0);
  }
  /* A fixed mapping over the hole and its neighbours replaces them with zeros. */
  long fixed = sys_mmap((long)(area + 2 * PAGE), 4 * PAGE, READ_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  CHECK_EQUAL(fixed, (u64)(area + 2 * PAGE));
  for (int i = 0; i < 8; i++) CHECK_EQUAL(area[(u64)i * PAGE], i >= 2 && i < 6 ? 0 : 7);
  CHECK_EQUAL(sys_munmap((long)area, 8 * PAGE), 0);
  CHECK_EQUAL(sys_munmap((long)area, 8 * PAGE), 0);
}

static void check_refusals(void) {
  CHECK_EQUAL(sys_mmap(0, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), -EINVAL);
  CHECK_EQUAL(sys_munmap(1, PAGE), -EINVAL);
  CHECK_EQUAL(sys_munmap(0x10000, 0), -EINVAL);
  CHECK_EQUAL(sys_mprotect(1, PAGE, PROT_READ), -EINVAL);
  u8 *area = pages(1);
  sys_munmap((long)area, PAGE);
  CHECK_EQUAL(sys_mprotect((long)area, PAGE, PROT_READ), -ENOMEM);
}

static void check_protection(void) {
  u8 *area = pages(3);
  if (!area) return;
  memset(area, 1, 3 * PAGE);
  u8 *middle = area + PAGE;
  CHECK_EQUAL(sys_mprotect((long)middle, PAGE, PROT_READ), 0);
  CHECK_EQUAL(probe_load(middle), 0);
  CHECK_EQUAL(probe_store(middle + 5, 9), SIGSEGV);
  CHECK_EQUAL(probe_info.code, SEGV_ACCERR);
  CHECK_EQUAL(probe_info.address, (u64)(middle + 5));
  CHECK_EQUAL(middle[5], 1);
  CHECK_EQUAL(probe_store(middle - 1, 2), 0);
  CHECK_EQUAL(probe_store(middle + PAGE, 3), 0);
  CHECK_EQUAL(sys_mprotect((long)middle, PAGE, PROT_NONE), 0);
  CHECK_EQUAL(probe_load(middle), SIGSEGV);
  CHECK_EQUAL(sys_mprotect((long)middle, PAGE, READ_WRITE), 0);
  CHECK_EQUAL(probe_store(middle, 4), 0);
  CHECK_EQUAL(middle[0], 4);
  CHECK_EQUAL(middle[1], 1);
  CHECK_EQUAL(probe_execute(middle), SIGSEGV);
  CHECK_EQUAL(sys_munmap((long)area, 3 * PAGE), 0);
}

/* Code written into a page runs once the page is made executable, and again after it is changed. */
static void check_generated_code(void) {
  u32 *code = (u32 *)pages(1);
  if (!code) return;
  for (u32 value = 5; value <= 6; value++) {
    code[0] = 0x00000513 | value << 20; /* li a0, value */
    code[1] = 0x00008067;               /* ret */
    CHECK_EQUAL(sys_mprotect((long)code, PAGE, PROT_READ | PROT_EXEC), 0);
    __asm__ volatile("fence.i" ::: "memory");
    CHECK_EQUAL(((long (*)(void))(u64)code)(), value);
    CHECK_EQUAL(probe_store(code, 0), SIGSEGV);
    CHECK_EQUAL(sys_mprotect((long)code, PAGE, READ_WRITE), 0);
  }
  sys_munmap((long)code, PAGE);
}

static void check_brk(void) {
  u64 start = (u64)sys_brk(0);
  CHECK(start > 0);
  u64 first = (start + PAGE - 1) & ~(PAGE - 1);
  CHECK_EQUAL(sys_brk((long)(first + 16 * PAGE)), first + 16 * PAGE);
  u8 *area = (u8 *)first;
  for (int i = 0; i < 16; i++) CHECK_EQUAL(area[(u64)i * PAGE + 9], 0);
  memset(area, 0xaa, 16 * PAGE);
  CHECK_EQUAL(sys_brk((long)(first + 4 * PAGE)), first + 4 * PAGE);
  /* qemu's user mode keeps given-back pages mapped until they are asked for again. */
  if (!environment_get("RUNNER")) CHECK_EQUAL(probe_load(area + 4 * PAGE), SIGSEGV);
  CHECK_EQUAL(area[3 * PAGE], 0xaa);
  CHECK_EQUAL(sys_brk((long)(first + 8 * PAGE)), first + 8 * PAGE);
  CHECK_EQUAL(area[5 * PAGE], 0);
  /* A break below the start is refused by answering the break as it is. */
  CHECK_EQUAL(sys_brk(1), first + 8 * PAGE);
  CHECK_EQUAL(sys_brk((long)start), start);
}

static void check_malloc(void) {
  enum { COUNT = 200 };
  u8 *blocks[COUNT];
  u64 random = 1;
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < COUNT; i++) {
      usize size = 1 + random_next(&random) % 700;
      blocks[i] = malloc(size);
      CHECK(blocks[i] != NULL && ((u64)blocks[i] & 15) == 0);
      if (!blocks[i]) return;
      memset(blocks[i], i, size);
    }
    for (int i = 0; i < COUNT; i++) {
      CHECK_EQUAL(blocks[i][0], (u8)i);
      free(blocks[i]);
    }
  }
  u8 *large = malloc(1 << 20);
  CHECK(large != NULL);
  large[(1 << 20) - 1] = 1;
  free(large);
}

/* Fills the pages with `seed`, yielding now and then, and tells whether they stayed that way. */
static int write_and_verify(u8 *area, usize count, u8 seed) {
  for (usize i = 0; i < count; i++) {
    memset(area + i * PAGE, seed + (int)i, 64);
    if (i % 8 == 0) sys_sched_yield();
  }
  int wrong = 0;
  for (usize i = 0; i < count; i++) {
    for (usize at = 0; at < 64; at++) wrong += area[i * PAGE + at] != (u8)(seed + i);
    wrong += area[i * PAGE + 64] != (u8)i;
  }
  return wrong;
}

/* After fork both sides write the same pages at the same time; neither may see the other. */
static void check_copy_on_write(void) {
  enum { COUNT = 96, CHILDREN = 3 };
  u8 *area = pages(COUNT);
  if (!area) return;
  for (usize i = 0; i < COUNT; i++) memset(area + i * PAGE, (int)i, PAGE);
  long children[CHILDREN];
  for (int c = 0; c < CHILDREN; c++) {
    children[c] = fork();
    CHECK(children[c] >= 0);
    if (children[c] == 0) exit(write_and_verify(area, COUNT, (u8)(100 + 40 * c)) ? 1 : 0);
  }
  CHECK_EQUAL(write_and_verify(area, COUNT, 50), 0);
  for (int c = 0; c < CHILDREN; c++) CHECK_EQUAL(wait_for(children[c]), 0);
  CHECK_EQUAL(area[95 * PAGE + PAGE - 1], 95);

  /* A child that only reads sees what the parent had at the fork, not what it wrote later. */
  int gate[2];
  CHECK_EQUAL(pipe(gate), 0);
  area[0] = 1;
  long child = fork();
  if (child == 0) {
    char go;
    read_all(gate[0], &go, 1);
    exit(area[0]);
  }
  area[0] = 2;
  write_all(gate[1], "g", 1);
  CHECK_EQUAL(wait_for(child), STATUS_OF_EXIT(1));
  CHECK_EQUAL(area[0], 2);
  sys_close(gate[0]);
  sys_close(gate[1]);
  sys_munmap((long)area, COUNT * PAGE);
}

/* Each level keeps a page on the stack; the sums agree only if every level's page survived. */
__attribute__((noinline)) static u64 use_stack(u64 levels) {
  volatile u8 page[PAGE];
  for (usize i = 0; i < PAGE; i += 512) page[i] = (u8)(levels + i / 512);
  u64 below = levels ? use_stack(levels - 1) : 0;
  u64 sum = 0;
  for (usize i = 0; i < PAGE; i += 512) sum += page[i];
  return below + sum;
}

static void check_stack(void) {
  enum { LEVELS = 512 };
  u64 want = 0;
  for (u64 level = 0; level <= LEVELS; level++) {
    for (u64 i = 0; i < 8; i++) want += (u8)(level + i);
  }
  CHECK_EQUAL(use_stack(LEVELS), want);
}

static void check_touch_eight_megabytes(void) {
  enum { COUNT = 2048 };
  u8 *area = pages(COUNT);
  if (!area) return;
  for (usize i = 0; i < COUNT; i++) *(u64 *)(area + i * PAGE) = i * 0x9e3779b97f4a7c15ull;
  u64 wrong = 0;
  for (usize i = 0; i < COUNT; i++) {
    wrong += *(u64 *)(area + i * PAGE) != i * 0x9e3779b97f4a7c15ull;
    wrong += *(u64 *)(area + i * PAGE + 8) != 0;
  }
  CHECK_EQUAL(wrong, 0);
  CHECK_EQUAL(sys_munmap((long)area, COUNT * PAGE), 0);
}

int main(void) {
  probes_install();
  check_demand_zero();
  check_partial_unmap();
  check_refusals();
  check_protection();
  check_generated_code();
  check_brk();
  check_malloc();
  check_copy_on_write();
  check_stack();
  check_touch_eight_megabytes();
  print("memory: mappings, copy-on-write and stack hold\n");
  return check_result();
}
