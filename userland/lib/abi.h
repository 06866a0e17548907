/*
 * Constants and structures of the Linux ABI on riscv64, as far as our programs use them.
 */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef int i32;
typedef long i64;
typedef unsigned long usize;

#define NULL ((void *)0)
#define PAGE 4096ul

enum {
  EPERM = 1,
  ENOENT = 2,
  ESRCH = 3,
  EINTR = 4,
  E2BIG = 7,
  ENOEXEC = 8,
  EBADF = 9,
  ECHILD = 10,
  EAGAIN = 11,
  ENOMEM = 12,
  EACCES = 13,
  EFAULT = 14,
  EBUSY = 16,
  EEXIST = 17,
  ENOTDIR = 20,
  EISDIR = 21,
  EINVAL = 22,
  EMFILE = 24,
  ESPIPE = 29,
  EPIPE = 32,
  EDEADLK = 35,
  ENAMETOOLONG = 36,
  ENOSYS = 38,
  ENOTEMPTY = 39,
  ELOOP = 40,
  ETIMEDOUT = 110,
  EDQUOT = 122,
};

/* ---- auxiliary vector ---- */

struct auxiliary {
  u64 type;
  u64 value;
};

enum {
  AT_NULL = 0,
  AT_PHDR = 3,
  AT_PHENT = 4,
  AT_PHNUM = 5,
  AT_PAGESZ = 6,
  AT_ENTRY = 9,
  AT_RANDOM = 25,
};

/* ---- futexes ---- */

enum {
  FUTEX_WAIT = 0,
  FUTEX_WAKE = 1,
  FUTEX_REQUEUE = 3,
  FUTEX_CMP_REQUEUE = 4,
  FUTEX_WAKE_OP = 5,
  FUTEX_LOCK_PI = 6,
  FUTEX_UNLOCK_PI = 7,
  FUTEX_TRYLOCK_PI = 8,
  FUTEX_WAIT_BITSET = 9,
  FUTEX_WAKE_BITSET = 10,
  FUTEX_LOCK_PI2 = 13,
  FUTEX_PRIVATE = 128,
  FUTEX_CLOCK_REALTIME = 256,
};
/* Parts of the word of a futex with an owner. */
#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK 0x3fffffffu

/* ---- files ---- */

enum {
  O_RDONLY = 0,
  O_WRONLY = 1,
  O_RDWR = 2,
  O_CREAT = 0100,
  O_EXCL = 0200,
  O_TRUNC = 01000,
  O_APPEND = 02000,
  O_NONBLOCK = 04000,
  O_DIRECTORY = 0200000,
  O_CLOEXEC = 02000000,
};

enum { SEEK_SET = 0, SEEK_CUR = 1, SEEK_END = 2 };
enum { F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4 };
enum { FD_CLOEXEC = 1 };
enum { AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_REMOVEDIR = 0x200 };
enum { S_IFMT = 0170000, S_IFIFO = 0010000, S_IFDIR = 0040000, S_IFREG = 0100000, S_IFLNK = 0120000 };
enum { DT_DIR = 4, DT_REG = 8, DT_LNK = 10 };

struct timespec {
  i64 seconds;
  i64 nanoseconds;
};

struct stat {
  u64 device;
  u64 inode;
  u32 mode;
  u32 links;
  u32 user;
  u32 group;
  u64 special_device;
  u64 pad1;
  i64 size;
  i32 block_size;
  i32 pad2;
  i64 blocks;
  struct timespec accessed;
  struct timespec modified;
  struct timespec changed;
  u32 unused[2];
};
_Static_assert(sizeof(struct stat) == 128, "struct stat is 128 bytes on riscv64");

/* One record of getdents64; `length` bytes from one to the next. */
struct directory_entry {
  u64 inode;
  i64 next;
  u16 length;
  u8 type;
  char name[];
};

struct io_vector {
  void *base;
  usize length;
};

/* ---- memory ---- */

enum { PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4 };
enum { MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20 };

/* ---- processes ---- */

enum { CLONE_VM = 0x100, CLONE_VFORK = 0x4000 };
/* Of a thread: memory, directories, descriptors and handlers shared; tp and two places set. */
enum {
  CLONE_FS = 0x200,
  CLONE_FILES = 0x400,
  CLONE_SIGHAND = 0x800,
  CLONE_THREAD = 0x10000,
  CLONE_SYSVSEM = 0x40000,
  CLONE_SETTLS = 0x80000,
  CLONE_PARENT_SETTID = 0x100000,
  CLONE_CHILD_CLEARTID = 0x200000,
};
#define CLONE_AS_THREAD \
  (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
   CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
enum { WNOHANG = 1 };

#define EXITED(status) (((status)&0x7f) == 0)
#define EXIT_STATUS(status) (((status) >> 8) & 0xff)
#define TERMINATION_SIGNAL(status) ((status)&0x7f)
/* The wait status of a process that called exit(code). */
#define STATUS_OF_EXIT(code) ((code) << 8)

/* ---- clocks ---- */

enum { CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1 };

/* ---- signals ---- */

enum {
  SIGILL = 4,
  SIGTRAP = 5,
  SIGABRT = 6,
  SIGBUS = 7,
  SIGKILL = 9,
  SIGUSR1 = 10,
  SIGSEGV = 11,
  SIGUSR2 = 12,
  SIGPIPE = 13,
  SIGALRM = 14,
  SIGTERM = 15,
  SIGCHLD = 17,
};
enum { SEGV_MAPERR = 1, SEGV_ACCERR = 2, SI_USER = 0, CLD_EXITED = 1 };
enum { SA_NOCLDSTOP = 1, SA_SIGINFO = 4, SA_RESTART = 0x10000000, SA_NODEFER = 0x40000000 };
#define SA_RESETHAND 0x80000000u
enum { SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2 };
#define SIG_DFL 0ul
#define SIG_IGN 1ul

/* The kernel's own form; riscv64 has no restorer field. */
struct sigaction {
  u64 handler;
  u64 flags;
  u64 mask;
};

struct siginfo {
  i32 signal;
  i32 error;
  i32 code;
  i32 pad;
  union {
    struct {
      i32 pid;
      u32 user;
      i32 status;
    } sender;
    u64 address;
    u8 bytes[112];
  };
};
_Static_assert(sizeof(struct siginfo) == 128, "siginfo is 128 bytes");

struct ucontext {
  u64 flags;
  struct ucontext *link;
  struct {
    u64 base;
    i32 flags;
    u64 size;
  } stack;
  u64 mask;
  u8 mask_room[120];
  /* 16-aligned: pc, then x1 to x31. */
  u64 registers[32] __attribute__((aligned(16)));
  u64 floats[32];
  u32 fcsr;
};
_Static_assert(__builtin_offsetof(struct ucontext, registers) == 176, "riscv64 ucontext layout");

enum { REGISTER_PC = 0, REGISTER_RA = 1, REGISTER_SP = 2, REGISTER_A0 = 10 };
