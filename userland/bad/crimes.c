/*
 * Hostile: every protection broken on purpose.
 *
 * crimes [NAME]   each crime (or the one named) twice, in children of its own: one dies of it, the
 *                 other catches the signal. Lines of output:
 *                   crime NAME target T         where the act goes
 *                   caught NAME signal S code C address A pc P same|changed
 *                   dead NAME pid P status S
 *                   refused NAME result R       a mapping that is not given
 *                   witness ok                  two bystanders saw nothing
 * crimes words    runs each instruction of standard input (32-bit words) in user mode; one byte of
 *                 output each: 0 it ran, the signal where siginfo was right, 255 where it was wrong.
 */
#include "lib.h"

enum { ROOM = 64 };

static const u64 constant[2] = {7, 11};
static u32 data_code[2] = {0x00008067, 0x00008067}; /* ret */
static char file_name[] = "crimes.page";

/* What a crime may not change: these bytes, where they can be read. */
static const volatile u8 *watched;
static u8 kept[ROOM];

static void watch(u64 address) {
  watched = (const volatile u8 *)address;
  for (int i = 0; i < ROOM; i++) kept[i] = watched[i];
}

static int is_same(void) {
  if (!watched) return 1;
  for (int i = 0; i < ROOM; i++) {
    if (watched[i] != kept[i]) return 0;
  }
  return 1;
}

/* ---- acts ---- */

static void load(u64 at) {
  __asm__ volatile("lbu t0, 0(%0)" ::"r"(at) : "t0", "memory");
}

static void load_wide(u64 at) {
  __asm__ volatile("ld t0, 0(%0)" ::"r"(at) : "t0", "memory");
}

static void store(u64 at) {
  __asm__ volatile("sb %1, 0(%0)" ::"r"(at), "r"(0xa5) : "memory");
}

static void store_wide(u64 at) {
  __asm__ volatile("sd %1, 0(%0)" ::"r"(at), "r"(~0ul) : "memory");
}

static void store_float(u64 at) {
  __asm__ volatile("fmv.d.x ft0, %1\n fsd ft0, 0(%0)" ::"r"(at), "r"(~0ul) : "ft0", "memory");
}

static void add_atomic(u64 at) {
  __asm__ volatile("amoadd.d zero, %1, (%0)" ::"r"(at), "r"(1l) : "memory");
}

static void load_reserved(u64 at) {
  __asm__ volatile("lr.d t0, (%0)" ::"r"(at) : "t0", "memory");
}

static void store_conditional(u64 at) {
  __asm__ volatile("sc.d t0, %1, (%0)" ::"r"(at), "r"(1l) : "t0", "memory");
}

static void execute_at(u64 at) {
  __asm__ volatile("jalr %0" ::"r"(at) : "ra", "memory");
}

/* ---- places ---- */

static u64 fresh(usize pages, int protection) {
  long at = map_pages(pages * PAGE, PROT_READ | PROT_WRITE);
  for (usize i = 0; i < pages * PAGE; i += 4) *(volatile u32 *)(at + (long)i) = 0x00008067;
  if (sys_mprotect(at, (long)(pages * PAGE), protection) != 0) exit(99);
  return (u64)at;
}

static u64 in_constants(void) {
  watch((u64)constant);
  return (u64)constant;
}

static u64 in_text(void) {
  watch((u64)&load);
  return (u64)&load;
}

static u64 in_data(void) {
  watch((u64)data_code);
  return (u64)data_code;
}

static u64 in_stack(void) {
  static u64 place;
  volatile u32 code[ROOM];
  for (int i = 0; i < ROOM; i++) code[i] = 0x00008067;
  place = (u64)code;
  return place;
}

static u64 in_heap(void) {
  u64 end = (u64)sys_brk(0);
  sys_brk((long)(end + PAGE));
  for (int i = 0; i < ROOM; i++) ((volatile u32 *)end)[i] = 0x00008067;
  watch(end);
  return end;
}

static u64 beyond_heap(void) {
  u64 end = (u64)sys_brk(0);
  end = (end + 2 * PAGE - 1) & -PAGE;
  sys_brk((long)end);
  return end;
}

static u64 in_mapping(void) {
  u64 at = fresh(1, PROT_READ | PROT_WRITE);
  watch(at);
  return at;
}

static u64 read_only(void) {
  u64 at = fresh(1, PROT_READ);
  watch(at);
  return at;
}

static u64 last_of_read_only(void) {
  return read_only() + PAGE - 1;
}

static u64 made_executable(void) {
  u64 at = fresh(1, PROT_READ | PROT_EXEC);
  watch(at);
  return at;
}

static u64 no_longer_executable(void) {
  u64 at = fresh(1, PROT_READ | PROT_EXEC);
  execute_at(at);
  sys_mprotect((long)at, PAGE, PROT_READ);
  watch(at);
  return at;
}

static u64 only_executable(void) {
  return fresh(1, PROT_EXEC);
}

static u64 no_access(void) {
  return fresh(1, PROT_NONE);
}

static u64 never_touched_read_only(void) {
  u64 at = (u64)map_pages(PAGE, PROT_READ);
  return at;
}

static u64 unmapped(void) {
  u64 at = fresh(3, PROT_READ | PROT_WRITE);
  sys_munmap((long)(at + PAGE), PAGE);
  watch(at);
  return at + PAGE;
}

static u64 last_unmapped(void) {
  return unmapped() + PAGE - 1;
}

/* Four bytes before a page that is not there. */
static u64 into_unmapped(void) {
  u64 at = unmapped() - 4;
  watch(at + 4 - ROOM);
  return at;
}

/* Four bytes before a page that may only be read. */
static u64 into_read_only(void) {
  u64 at = fresh(2, PROT_READ | PROT_WRITE);
  sys_mprotect((long)(at + PAGE), PAGE, PROT_READ);
  watch(at + PAGE - ROOM / 2);
  return at + PAGE - 4;
}

/* A 32-bit instruction whose upper half is on a page that may not be executed. */
static u64 code_into_data(void) {
  u64 at = fresh(2, PROT_READ | PROT_WRITE);
  *(volatile u16 *)(at + PAGE - 2) = 0x0013; /* the lower half of addi */
  sys_mprotect((long)at, PAGE, PROT_READ | PROT_EXEC);
  return at + PAGE - 2;
}

static u64 shared_with_child_of_fork(void) {
  u64 at = fresh(1, PROT_READ | PROT_WRITE);
  if (fork() == 0) exit(0);
  sys_wait4(-1, 0, 0, 0);
  /* The page is write-protected now, and still may not be written once it is read-only. */
  sys_mprotect((long)at, PAGE, PROT_READ);
  watch(at);
  return at;
}

/* Two pages of a file that has half of one. */
static u64 map_file(int protection, int flags, int mode) {
  static u8 content[PAGE / 2];
  long fd = sys_openat(AT_FDCWD, (long)file_name, O_RDWR | O_CREAT | O_TRUNC, 0600);
  memset(content, 0x5a, sizeof content);
  sys_write(fd, (long)content, sizeof content);
  sys_close(fd);
  fd = sys_openat(AT_FDCWD, (long)file_name, mode, 0);
  long at = sys_mmap(0, 2 * PAGE, protection, flags, fd, 0);
  sys_close(fd);
  return (u64)at;
}

static u64 beyond_file(void) {
  u64 at = map_file(PROT_READ | PROT_WRITE, 1, O_RDWR);
  watch(at);
  return at + PAGE;
}

static u64 beyond_private_file(void) {
  return map_file(PROT_READ | PROT_WRITE, MAP_PRIVATE, O_RDONLY) + PAGE;
}

static u64 beyond_executable_file(void) {
  return map_file(PROT_READ | PROT_EXEC, MAP_PRIVATE, O_RDONLY) + PAGE;
}

static u64 read_only_file(void) {
  u64 at = map_file(PROT_READ, 1, O_RDONLY);
  watch(at);
  return at;
}

static u64 odd_cell(void) {
  static u64 cells[8];
  watch((u64)cells);
  return (u64)cells + 1;
}

/* The first page after the stack pointer's mapping: found by asking the kernel what is mapped. */
static u64 stack_top(void) {
  u64 page = (u64)__builtin_frame_address(0) & -PAGE;
  while (sys_msync((long)page, PAGE, 0) == 0) page += PAGE;
  return page;
}

static u64 below_stack_limit(void) {
  return stack_top() - 8ul * 1024 * 1024 - 1;
}

/* The lowest byte is used first, and then one less. */
static u64 below_full_stack(void) {
  u64 limit = stack_top() - 8ul * 1024 * 1024;
  store(limit);
  print("stack at its limit is there\n");
  return limit - 1;
}

/* A mapping just below the stack: what lies between stays a guard page. */
static u64 stack_guard(void) {
  u64 page = stack_top() - PAGE * 512;
  sys_mmap((long)(page - PAGE), PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  store(page + PAGE);
  return page + PAGE - 1;
}

/* The same page, were it not for the bits that no user address has. */
static u64 alias_in_hole(void) {
  return in_data() | 1ul << 39;
}

static u64 alias_in_kernel(void) {
  return in_data() | ~0ul << 39;
}

#define CONSTANT_PLACE(name, value) \
  static u64 name(void) { \
    return value; \
  }
CONSTANT_PLACE(null_page, 0)
CONSTANT_PLACE(null_field, 8)
CONSTANT_PLACE(null_end, 0xfff)
CONSTANT_PLACE(low_end, 0xfffe)
CONSTANT_PLACE(user_end, 0x3ffffffffe)
CONSTANT_PLACE(first_beyond, 0x4000000000)
CONSTANT_PLACE(hole, 0x0000800000000000)
CONSTANT_PLACE(middle, 0x8000000000000000)
CONSTANT_PLACE(middle_odd, 0x8000000000000002)
CONSTANT_PLACE(below_kernel, 0xffffffbffffffffe)
CONSTANT_PLACE(kernel_start, 0xffffffc000000000)
CONSTANT_PLACE(kernel_text, 0xffffffff80000000)
CONSTANT_PLACE(kernel_odd, 0xffffffff80000122)
CONSTANT_PLACE(last_page, 0xfffffffffffff000)
CONSTANT_PLACE(last_byte, 0xfffffffffffffffe)

/* ---- crimes without a place ---- */

static void illegal_zero(u64 at) {
  (void)at;
  __asm__ volatile(".half 0, 0");
}

static void read_supervisor(u64 at) {
  (void)at;
  __asm__ volatile("csrr zero, satp");
}

static void return_to_user(u64 at) {
  (void)at;
  __asm__ volatile("sret");
}

static void breakpoint(u64 at) {
  (void)at;
  __asm__ volatile("ebreak");
}

struct crime {
  const char *name;
  u64 (*place)(void);
  void (*act)(u64 target);
};

static const struct crime crimes[] = {
    {"write constants", in_constants, store},
    {"write constants, float", in_constants, store_float},
    {"write text", in_text, store},
    {"write read-only", read_only, store},
    {"write read-only end", last_of_read_only, store},
    {"write executable", made_executable, store},
    {"write untouched read-only", never_touched_read_only, store},
    {"write after fork", shared_with_child_of_fork, store},
    {"write read-only file", read_only_file, store},
    {"atomic on read-only", read_only, add_atomic},
    {"conditional on read-only", read_only, store_conditional},
    {"execute data", in_data, execute_at},
    {"execute stack", in_stack, execute_at},
    {"execute heap", in_heap, execute_at},
    {"execute mapping", in_mapping, execute_at},
    {"execute read-only", read_only, execute_at},
    {"execute after mprotect", no_longer_executable, execute_at},
    {"execute into data", code_into_data, execute_at},
    {"read execute-only", only_executable, load},
    {"read no access", no_access, load},
    {"write no access", no_access, store},
    {"execute no access", no_access, execute_at},
    {"atomic on no access", no_access, add_atomic},
    {"read unmapped", unmapped, load},
    {"write unmapped", unmapped, store},
    {"execute unmapped", unmapped, execute_at},
    {"reserve unmapped", unmapped, load_reserved},
    {"write unmapped end", last_unmapped, store},
    {"read into unmapped", into_unmapped, load_wide},
    {"write into unmapped", into_unmapped, store_wide},
    {"write into read-only", into_read_only, store_wide},
    {"read beyond heap", beyond_heap, load},
    {"read null", null_page, load},
    {"write null", null_page, store},
    {"execute null", null_page, execute_at},
    {"write null field", null_field, store_wide},
    {"read null end", null_end, load},
    {"execute low end", low_end, execute_at},
    {"read below stack limit", below_stack_limit, load},
    {"write below stack limit", below_stack_limit, store},
    {"write below full stack", below_full_stack, store},
    {"write stack guard", stack_guard, store},
    {"read user end", user_end, load},
    {"execute user end", user_end, execute_at},
    {"read first beyond", first_beyond, load},
    {"write first beyond", first_beyond, store},
    {"execute first beyond", first_beyond, execute_at},
    {"read alias", alias_in_hole, load},
    {"write alias", alias_in_hole, store},
    {"execute alias", alias_in_hole, execute_at},
    {"read high alias", alias_in_kernel, load},
    {"write high alias", alias_in_kernel, store},
    {"execute high alias", alias_in_kernel, execute_at},
    {"read hole", hole, load},
    {"execute hole", hole, execute_at},
    {"read middle", middle, load},
    {"write middle odd", middle_odd, store},
    {"execute middle odd", middle_odd, execute_at},
    {"read below kernel", below_kernel, load},
    {"execute below kernel", below_kernel, execute_at},
    {"read kernel start", kernel_start, load},
    {"write kernel start", kernel_start, store},
    {"execute kernel start", kernel_start, execute_at},
    {"read kernel text", kernel_text, load},
    {"write kernel text", kernel_text, store},
    {"execute kernel text", kernel_text, execute_at},
    {"read kernel odd", kernel_odd, load},
    {"execute kernel odd", kernel_odd, execute_at},
    {"write last page", last_page, store_wide},
    {"read last byte", last_byte, load},
    {"write last byte", last_byte, store},
    {"execute last byte", last_byte, execute_at},
    {"read beyond file", beyond_file, load},
    {"write beyond file", beyond_file, store},
    {"read beyond private file", beyond_private_file, load},
    {"execute beyond file", beyond_executable_file, execute_at},
    {"atomic misaligned", odd_cell, add_atomic},
    {"reserve misaligned", odd_cell, load_reserved},
    {"conditional misaligned", odd_cell, store_conditional},
    {"illegal zero", null_page, illegal_zero},
    {"read supervisor register", null_page, read_supervisor},
    {"supervisor return", null_page, return_to_user},
    {"breakpoint", null_page, breakpoint},
};
enum { CRIMES = sizeof crimes / sizeof *crimes };

static const struct crime *current;

static void on_signal(int signal, struct siginfo *info, struct ucontext *context) {
  if (info->signal != signal) exit(98);
  print("caught %s signal %d code %d address %lx pc %lx %s\n", current->name, info->signal,
        info->code, info->address, context->registers[REGISTER_PC], is_same() ? "same" : "changed");
  exit(0);
}

static void commit(const struct crime *crime, int caught) {
  current = crime;
  watched = NULL;
  u64 target = crime->place();
  if (caught) {
    print("crime %s target %lx\n", crime->name, target);
    signal_install(SIGSEGV, on_signal, 0);
    signal_install(SIGBUS, on_signal, 0);
    signal_install(SIGILL, on_signal, 0);
    signal_install(SIGTRAP, on_signal, 0);
  }
  crime->act(target);
  print("crime %s went unpunished\n", crime->name);
  exit(1);
}

static void commit_twice(const struct crime *crime) {
  for (int caught = 1; caught >= 0; caught--) {
    long child = fork();
    if (child == 0) commit(crime, caught);
    long status = wait_for(child);
    if (!caught) print("dead %s pid %ld status %lx\n", crime->name, child, (u64)status);
    if (caught && status != 0) print("crime %s ended its handler with %lx\n", crime->name, (u64)status);
  }
}

/* ---- mappings that nobody gets ---- */

static void refused(const char *name, long result) {
  /* Where it was given, the address says nothing. */
  print("refused %s result %ld\n", name, result > 0 ? 1 : result);
}

/* A copy of this very program whose first segment may be written and executed. */
static long execute_writable_code(void) {
  static u8 program[64 * 1024];
  static char name[] = "crimes.rwx";
  long fd = sys_openat(AT_FDCWD, (long)program_name, O_RDONLY, 0);
  usize size = read_all((int)fd, program, sizeof program);
  sys_close(fd);
  u64 headers = *(u64 *)(program + 32);
  for (int i = 0; i < *(u16 *)(program + 56); i++) {
    u32 *header = (u32 *)(program + headers + 56 * (u64)i);
    if (header[0] == 1 && (header[1] & 1)) header[1] = 7;
  }
  fd = sys_openat(AT_FDCWD, (long)name, O_WRONLY | O_CREAT | O_TRUNC, 0700);
  write_all((int)fd, program, size);
  sys_close(fd);
  char *argv[] = {name, "nothing", NULL};
  long result = sys_execve((long)name, (long)argv, (long)environment);
  sys_unlinkat(AT_FDCWD, (long)name, 0);
  return result;
}

static void try_mappings(void) {
  enum { ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS, ALL = PROT_READ | PROT_WRITE | PROT_EXEC };
  refused("mmap rwx", sys_mmap(0, PAGE, ALL, ANONYMOUS, -1, 0));
  refused("mmap wx", sys_mmap(0, PAGE, PROT_WRITE | PROT_EXEC, ANONYMOUS, -1, 0));
  refused("mmap shared rwx", sys_mmap(0, PAGE, ALL, 1 | MAP_ANONYMOUS, -1, 0));
  u64 at = fresh(1, PROT_READ | PROT_WRITE);
  refused("mprotect rwx", sys_mprotect((long)at, PAGE, ALL));
  refused("mprotect wx", sys_mprotect((long)at, PAGE, PROT_WRITE | PROT_EXEC));
  store(at);
  refused("mprotect text rwx", sys_mprotect((long)((u64)&load & -PAGE), PAGE, ALL));
  refused("mprotect stack rwx", sys_mprotect((long)((u64)&at & -PAGE), PAGE, ALL));
  /* Half of it is mapped: nothing of it may change. */
  refused("mprotect half", sys_mprotect((long)(unmapped() - PAGE), 2 * PAGE, PROT_NONE));
  refused("mmap null", sys_mmap(0, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0));
  refused("mmap low", sys_mmap(0xf000, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0));
  refused("mmap user end", sys_mmap(0x3ffffff000, 2 * PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0));
  refused("mmap first beyond", sys_mmap(0x4000000000, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0));
  refused("mmap kernel", sys_mmap((long)0xffffffc000000000, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0));
  refused("mmap wrapping", sys_mmap((long)0xfffffffffffff000, 2 * PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0));
  refused("mmap endless", sys_mmap(0, -(long)PAGE, PROT_READ, ANONYMOUS, -1, 0));
  refused("munmap kernel", sys_munmap((long)0xffffffc000000000, PAGE));
  refused("munmap wrapping", sys_munmap((long)0xfffffffffffff000, 2 * PAGE));
  refused("munmap endless", sys_munmap(0x10000, -(long)PAGE));
  refused("mprotect kernel", sys_mprotect((long)0xffffffc000000000, PAGE, PROT_READ));
  refused("mprotect unmapped", sys_mprotect(0x3ffffff000, PAGE, PROT_READ));
  refused("mremap kernel", sys_mremap((long)0xffffffc000000000, PAGE, 2 * PAGE, 1, 0));
  u64 file = map_file(PROT_READ, 1, O_RDONLY);
  refused("mprotect read-only file", sys_mprotect((long)file, PAGE, PROT_READ | PROT_WRITE));
  long fd = sys_openat(AT_FDCWD, (long)file_name, O_RDONLY, 0);
  refused("mmap read-only file", sys_mmap(0, PAGE, PROT_READ | PROT_WRITE, 1, fd, 0));
  sys_close(fd);
  fd = sys_openat(AT_FDCWD, (long)file_name, O_WRONLY, 0);
  refused("mmap write-only file", sys_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
  sys_close(fd);
  int ends[2];
  pipe(ends);
  refused("mmap pipe", sys_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0));
  sys_close(ends[0]);
  sys_close(ends[1]);
  fd = sys_openat(AT_FDCWD, (long)"/dev/null", O_RDWR, 0);
  refused("mmap device", sys_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
  sys_close(fd);
  refused("exec rwx", execute_writable_code());
  sys_unlinkat(AT_FDCWD, (long)file_name, 0);
}

/* ---- bystanders ---- */

static u8 pattern[4 * PAGE];

static u64 fill_pattern(u64 seed) {
  for (usize i = 0; i < sizeof pattern; i += 8) *(u64 *)(pattern + i) = random_next(&seed);
  return checksum(CHECKSUM_SEED, pattern, sizeof pattern);
}

/* Sleeps until it is told, and then finds its memory as it was. */
static long start_bystander(int ends[2]) {
  pipe(ends);
  long child = fork();
  if (child != 0) {
    sys_close(ends[0]);
    return child;
  }
  sys_close(ends[1]);
  u64 sum = fill_pattern(2);
  u8 word;
  read_all(ends[0], &word, 1);
  exit(word == 42 && checksum(CHECKSUM_SEED, pattern, sizeof pattern) == sum ? 7 : 1);
}

/* ---- instructions from outside ---- */

enum { MOST_WORDS = 32768, STRIDE = 8 };

static u8 results[MOST_WORDS];
static u64 word_at;
static int word_result;

static void on_word(int signal, struct siginfo *info, struct ucontext *context) {
  int code = signal == SIGILL || signal == SIGTRAP ? 1 : 2;
  int right = info->signal == signal && info->code == code && info->address == word_at &&
              context->registers[REGISTER_PC] == word_at;
  word_result = right ? signal : 255;
  context->registers[REGISTER_PC] = context->registers[REGISTER_RA];
}

static int run_words(void) {
  long size = (long)MOST_WORDS * STRIDE;
  long code = map_pages((usize)size, PROT_READ | PROT_WRITE);
  usize count = 0;
  for (u32 word; read_all(0, &word, 4) == 4 && count < MOST_WORDS; count++) {
    u32 *slot = (u32 *)(code + (long)(count * STRIDE));
    slot[0] = word;
    slot[1] = 0x00008067;
  }
  sys_mprotect(code, size, PROT_READ | PROT_EXEC);
  __asm__ volatile("fence.i" ::: "memory");
  signal_install(SIGILL, on_word, 0);
  signal_install(SIGTRAP, on_word, 0);
  signal_install(SIGSEGV, on_word, 0);
  for (usize i = 0; i < count; i++) {
    word_at = (u64)(code + (long)(i * STRIDE));
    word_result = 0;
    /* t1 is what the words write, and nothing of a trapped one may be done. */
    u64 left = 0x1234;
    register u64 at __asm__("a5") = word_at;
    register u64 value __asm__("t1") = left;
    __asm__ volatile("jalr a5" : "+r"(value) : "r"(at) : "ra", "t0", "memory");
    results[i] = (u8)(word_result != 0 && value != left ? 254 : word_result);
  }
  write_all(1, results, count);
  return 0;
}

int main(int argc, char **argv) {
  const char *only = argc > 1 ? argv[1] : NULL;
  if (only && strcmp(only, "words") == 0) return run_words();
  u64 sum = fill_pattern(1);
  int ends[2], own[2];
  long bystander = start_bystander(ends);
  pipe(own);
  write_all(own[1], "mine", 4);
  for (int i = 0; i < CRIMES; i++) {
    if (!only || strcmp(only, crimes[i].name) == 0) commit_twice(&crimes[i]);
  }
  if (!only) try_mappings();
  char text[5] = {0};
  read_all(own[0], text, 4);
  write_all(ends[1], "*", 1);
  int fine = wait_for(bystander) == STATUS_OF_EXIT(7) && strcmp(text, "mine") == 0 &&
             checksum(CHECKSUM_SEED, pattern, sizeof pattern) == sum;
  print("witness %s\n", fine ? "ok" : "harmed");
  return fine ? 0 : 1;
}
