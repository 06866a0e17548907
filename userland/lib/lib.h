/*
 * The small C runtime of our programs: one header for all of lib/.
 *
 * Calls answer as the kernel does: a negative number is minus an errno. There is no errno variable,
 * no stream and no locale. Threads are in thread.h.
 */
#pragma once

#include "abi.h"
#include "generated/syscalls.h"

/* ---- start-up (crt.c) ---- */

/* argv[0], or the empty string. */
extern const char *program_name;
/* The environment of the process and its auxiliary vector, as they lie on the initial stack. */
extern char **environment;
extern const struct auxiliary *auxiliary_vector;

/* The value of auxiliary entry `type`, or `missing` when the kernel did not pass one. */
u64 auxiliary_value(u64 type, u64 missing);
/* The value of environment variable `name`, or null. */
const char *environment_get(const char *name);
/* Ends the process with the low eight bits of `status`. */
__attribute__((noreturn)) void exit(int status);

/* ---- bytes and strings (string.c) ---- */

void *memcpy(void *restrict to, const void *restrict from, usize count);
void *memmove(void *to, const void *from, usize count);
void *memset(void *to, int byte, usize count);
int memcmp(const void *a, const void *b, usize count);
usize strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, usize count);
char *strchr(const char *text, int character);
char *strrchr(const char *text, int character);
char *strcpy(char *to, const char *from);
/* Reads an integer in `base` (0: by prefix); saturates; `*end` is the first character not read. */
long strtol(const char *text, char **end, int base);
/* `text` as a decimal count, or `missing` when `text` is null. */
long number_or(const char *text, long missing);
/* Sorts `count` elements of `size` bytes in place; not stable; at most log2(count) stack levels. */
void qsort(void *base, usize count, usize size, int (*compare)(const void *, const void *));

/* ---- checksums and pseudo-random numbers (checksum.c) ---- */

/* Folds `count` bytes into `hash` (FNV-1a, 64 bits). Start from CHECKSUM_SEED. */
u64 checksum(u64 hash, const void *bytes, usize count);
#define CHECKSUM_SEED 0xcbf29ce484222325ull
/* Next value of a fixed-sequence generator; the sequence depends on `*state` alone. */
u64 random_next(u64 *state);

/* ---- printing (print.c) ---- */

/*
 * Formats into `to` (at most `size` bytes with the final zero) and returns the length the whole
 * text has. Knows %d %u %x %ld %lu %lx %c %s %p %%, a width and leading zeros.
 */
usize format(char *to, usize size, const char *pattern, ...) __attribute__((format(printf, 3, 4)));
/* One write of the formatted text (cut at 511 bytes) to `fd`, standard output for print. */
void print_to(int fd, const char *pattern, ...) __attribute__((format(printf, 2, 3)));
void print(const char *pattern, ...) __attribute__((format(printf, 1, 2)));

/* ---- memory (malloc.c) ---- */

/* First-fit free list over brk; large blocks come from mmap. Null when memory is exhausted. */
void *malloc(usize size);
void free(void *block);
/* Private zero-filled pages, or a negative errno as a long. */
long map_pages(usize length, int protection);

/* ---- processes (process.c) ---- */

long fork(void);
/* Runs `path` in a child that shares this address space until it has executed; its pid. */
long vfork_execute(const char *path, char *const argv[], char *const envp[]);
/*
 * execve of one of our own programs. Where the environment names a RUNNER (an emulator that cannot
 * execute our files directly), that is run with the program as its argument.
 */
long execute(const char *path, char *const argv[], char *const envp[]);
/* fork and execute; the child exits with 127 when it cannot. The pid of the child. */
long spawn(const char *path, char *const argv[]);
/* The path of the program `name` in the folder of the running one. */
void sibling_path(char *to, usize size, const char *name);
/* Waits for `pid`, again after an interruption. Returns the wait status or a negative errno. */
long wait_for(long pid);
/* Writes or reads exactly `count` bytes; the bytes moved before an end or an error. */
usize write_all(int fd, const void *bytes, usize count);
usize read_all(int fd, void *bytes, usize count);
/* A pipe, fds[0] to read from. */
long pipe(int fds[2]);

/* ---- raw threads (clone.c) ---- */

/*
 * clone with `flags` and a stack that ends at `stack_top`: the new thread calls `run(argument)` and
 * ends with what that returns. Its id is written to `*parent_tid`, `tp` is `tls`, and `*child_tid` is
 * cleared when it ends, with the flags for each. The id, or a negative errno.
 */
long thread_clone(u64 flags, void *stack_top, i32 *parent_tid, void *tls, i32 *child_tid,
                  long (*run)(void *), void *argument);

/* ---- harts (process.c) ---- */

/* How many harts this process may run on, or a negative errno. */
long hart_count(void);
/* Lets this process run only on the `index`-th hart it could run on at its start (modulo). */
long pin_to_hart(long index);
/* Lets this process run on all harts it could run on at its start. */
long unpin(void);
/* The hart this process runs on now. */
long current_hart(void);

/* ---- signals (signal.c) ---- */

typedef void (*signal_handler)(int signal, struct siginfo *info, struct ucontext *context);
/* Installs `handler` (or SIG_DFL / SIG_IGN) with SA_SIGINFO and `flags`. */
long signal_install(int signal, signal_handler handler, u64 flags);
long signal_default(int signal);
long signal_ignore(int signal);
/* Changes the mask (SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK) and returns the old one. */
u64 signal_mask(int how, u64 set);
#define SIGNAL_BIT(signal) (1ull << ((signal)-1))

/*
 * Touch an address and live: 0, or the signal the touch raised. probe_execute calls the address,
 * so what lies there must be a function. They take SIGSEGV, SIGBUS and SIGILL for themselves.
 */
void probes_install(void);
long probe_load(const volatile void *address);
long probe_store(volatile void *address, int byte);
long probe_execute(void *address);
/* What the last failed probe's handler was told. */
extern struct siginfo probe_info;

/* ---- time (time.c) ---- */

/* Nanoseconds on `clock`. */
u64 clock_now(int clock);
/* Sleeps at least `nanoseconds`, continuing after interruptions. */
void sleep_for(u64 nanoseconds);

/* ---- checks (check.c) ---- */

/* Counts a failed expectation and prints it; a program ends with `return check_result();`. */
void check_failed(const char *file, int line, const char *what, long got);
int check_result(void);
/* Forgets failures counted so far (in a forked child that reports for itself). */
void check_reset(void);
#define CHECK(condition) \
  do { \
    if (!(condition)) check_failed(__FILE_NAME__, __LINE__, #condition, 0); \
  } while (0)
#define CHECK_EQUAL(got, want) \
  do { \
    long got_value = (long)(got); \
    if (got_value != (long)(want)) check_failed(__FILE_NAME__, __LINE__, #got " == " #want, got_value); \
  } while (0)
