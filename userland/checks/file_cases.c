/*
 * Not a boot stage: prints what calls on files answer, one line a case, for a comparison of two
 * systems. Nothing printed depends on where it runs; it works in the folder named by its argument.
 */
#include "lib.h"

enum {
  O_NOFOLLOW = 0400000,
  O_PATH = 010000000,
  AT_EMPTY = 0x1000,
  AT_FOLLOW = 0x400,
  F_DUPFD_CLOEXEC = 1030,
  F_GETLK = 5,
  F_SETLK = 6,
  F_SETLKW = 7,
  LOCK_EX = 2,
  LOCK_UN = 8,
  FIONREAD = 0x541b,
  TCGETS = 0x5401,
};

#define CASE(call) print("%s = %ld\n", #call, (long)(call))

static long opened(const char *path, int flags) {
  return sys_openat(AT_FDCWD, (long)path, flags, 0666);
}

/* Opens and closes: 0 or the error. */
static long tries(const char *path, int flags) {
  long fd = opened(path, flags);
  return fd < 0 ? fd : sys_close(fd);
}

static long makes(const char *path) { return tries(path, O_CREAT | O_EXCL | O_WRONLY); }
static long folder(const char *path) { return sys_mkdirat(AT_FDCWD, (long)path, 0777); }
static long unlinks(const char *path) { return sys_unlinkat(AT_FDCWD, (long)path, 0); }
static long rmdir(const char *path) { return sys_unlinkat(AT_FDCWD, (long)path, AT_REMOVEDIR); }
static long moves(const char *from, const char *to) {
  return sys_renameat2(AT_FDCWD, (long)from, AT_FDCWD, (long)to, 0);
}
static long moves_new(const char *from, const char *to) {
  return sys_renameat2(AT_FDCWD, (long)from, AT_FDCWD, (long)to, 1);
}
static long links(const char *from, const char *to) {
  return sys_linkat(AT_FDCWD, (long)from, AT_FDCWD, (long)to, 0);
}
static long points(const char *text, const char *path) {
  return sys_symlinkat((long)text, AT_FDCWD, (long)path);
}
static long chdir(const char *path) { return sys_chdir((long)path); }

/* Mode of a path, links not followed, or the error. */
static long mode(const char *path) {
  struct stat info;
  long result = sys_newfstatat(AT_FDCWD, (long)path, (long)&info, AT_SYMLINK_NOFOLLOW);
  return result < 0 ? result : (long)info.mode;
}
static long follow(const char *path) {
  struct stat info;
  long result = sys_newfstatat(AT_FDCWD, (long)path, (long)&info, 0);
  return result < 0 ? result : (long)info.mode;
}
static long size(const char *path) {
  struct stat info;
  long result = sys_newfstatat(AT_FDCWD, (long)path, (long)&info, 0);
  return result < 0 ? result : info.size;
}
static long count_links(const char *path) {
  struct stat info;
  long result = sys_newfstatat(AT_FDCWD, (long)path, (long)&info, 0);
  return result < 0 ? result : (long)info.links;
}
static long same(const char *a, const char *b) {
  struct stat left, right;
  if (sys_newfstatat(AT_FDCWD, (long)a, (long)&left, 0) < 0) return -1;
  if (sys_newfstatat(AT_FDCWD, (long)b, (long)&right, 0) < 0) return -2;
  return left.inode == right.inode;
}

/* Checksum of what a file holds, or the error. */
static long contents(const char *path) {
  static char buffer[8192];
  long fd = opened(path, O_RDONLY);
  if (fd < 0) return fd;
  u64 hash = CHECKSUM_SEED;
  long count;
  while ((count = sys_read(fd, (long)buffer, sizeof buffer)) > 0) hash = checksum(hash, buffer, count);
  sys_close(fd);
  return count < 0 ? count : (long)(hash & 0xffffff);
}

static long fills(const char *path, const char *text) {
  long fd = opened(path, O_CREAT | O_TRUNC | O_WRONLY);
  if (fd < 0) return fd;
  long count = sys_write(fd, (long)text, strlen(text));
  sys_close(fd);
  return count;
}

/* Entries a folder lists, and a checksum that does not depend on their order. */
static long lists(const char *path) {
  u64 buffer[128];
  long total = 0, bytes, sum = 0;
  long fd = opened(path, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return fd;
  while ((bytes = sys_getdents64(fd, (long)buffer, sizeof buffer)) > 0) {
    for (long at = 0; at < bytes;) {
      struct directory_entry *entry = (struct directory_entry *)((u8 *)buffer + at);
      sum += (checksum(CHECKSUM_SEED, entry->name, strlen(entry->name)) + entry->type) & 0xffff;
      total++;
      at += entry->length;
    }
  }
  sys_close(fd);
  return bytes < 0 ? bytes : total * 1000000 + sum % 1000000;
}

static void opening(void) {
  CASE(makes("f"));
  CASE(makes("f"));
  CASE(tries("f", O_CREAT | O_RDWR));
  CASE(tries("f", O_CREAT | O_DIRECTORY));
  CASE(tries("g", O_CREAT | O_DIRECTORY));
  CASE(mode("g"));
  CASE(unlinks("g"));
  CASE(tries("f", O_DIRECTORY));
  CASE(tries("f/", O_RDONLY));
  CASE(tries("f/.", O_RDONLY));
  CASE(tries("f/..", O_RDONLY));
  CASE(tries("f/x", O_CREAT));
  CASE(tries("new/", O_CREAT | O_WRONLY));
  CASE(tries("", O_RDONLY));
  CASE(tries("", O_CREAT));
  CASE(tries("absent", O_RDONLY));
  CASE(tries("absent/x", O_CREAT));
  CASE(tries(".", O_RDONLY));
  CASE(tries(".", O_WRONLY));
  CASE(tries(".", O_RDWR));
  CASE(tries(".", O_CREAT | O_RDONLY));
  CASE(tries(".", O_RDONLY | O_TRUNC));
  CASE(tries(".", O_CREAT | O_EXCL));
  CASE(tries("./", O_DIRECTORY));
  CASE(tries("../../../../../../../../../../../..", O_RDONLY));
  CASE(same("/", "/.."));
  CASE(same("/", "/../../."));
  CASE(tries("f", 3));
  CASE(fills("f", "twelve bytes"));
  CASE(tries("f", O_RDONLY | O_TRUNC));
  CASE(size("f"));
  CASE(fills("f", "12345"));
  CASE(tries("f", O_CREAT | O_EXCL | O_TRUNC | O_WRONLY));
  CASE(size("f"));
  CASE(tries("f", O_NOFOLLOW));
  CASE(points("f", "s"));
  CASE(tries("s", O_NOFOLLOW));
  CASE(tries("s", O_CREAT | O_EXCL | O_WRONLY));
  CASE(tries("s", O_CREAT | O_WRONLY));
  CASE(tries("s/", O_RDONLY));
  CASE(points("later", "dangling"));
  CASE(tries("dangling", O_RDONLY));
  CASE(tries("dangling", O_CREAT | O_EXCL | O_WRONLY));
  CASE(tries("dangling/", O_CREAT | O_WRONLY));
  CASE(tries("dangling", O_CREAT | O_WRONLY));
  CASE(mode("later"));
  CASE(unlinks("later"));
  CASE(unlinks("dangling"));
  CASE(unlinks("s"));
  CASE(unlinks("f"));
  CASE(sys_openat(AT_FDCWD, 0, 0, 0));
  CASE(sys_openat(99, (long)"x", 0, 0));
  CASE(sys_openat(1000, (long)"/", O_RDONLY, 0) >= 0);
  CASE(sys_openat(-1, (long)"", 0, 0));
  CASE(sys_openat(1, (long)"x", 0, 0));
}

static void modes(void) {
  CASE(sys_umask(027) >= 0);
  CASE(makes("a"));
  CASE(mode("a"));
  CASE(folder("b"));
  CASE(mode("b"));
  CASE(sys_mkdirat(AT_FDCWD, (long)"c", 01777));
  CASE(mode("c"));
  CASE(sys_mkdirat(AT_FDCWD, (long)"e", 07777));
  CASE(mode("e"));
  CASE(sys_umask(022));
  CASE(sys_umask(01777));
  CASE(sys_umask(022));
  CASE(sys_fchmodat(AT_FDCWD, (long)"a", 04711));
  CASE(mode("a"));
  CASE(sys_fchmodat(AT_FDCWD, (long)"a", 0177777));
  CASE(mode("a"));
  CASE(sys_fchmodat(AT_FDCWD, (long)"a", 0));
  CASE(tries("a", O_RDWR));
  CASE(sys_faccessat(AT_FDCWD, (long)"a", 6));
  CASE(sys_faccessat(AT_FDCWD, (long)"a", 1));
  CASE(sys_faccessat(AT_FDCWD, (long)"a", 0));
  CASE(sys_faccessat(AT_FDCWD, (long)"a", 8));
  CASE(sys_faccessat(AT_FDCWD, (long)"none", 0));
  CASE(sys_faccessat(AT_FDCWD, (long)"b", 1));
  CASE(points("a", "s"));
  CASE(mode("s"));
  CASE(sys_fchmodat(AT_FDCWD, (long)"s", 0640));
  CASE(mode("a"));
  CASE(unlinks("s"));
  CASE(unlinks("a"));
  CASE(rmdir("b"));
  CASE(rmdir("c"));
  CASE(rmdir("e"));
  CASE(sys_mknodat(AT_FDCWD, (long)"n", S_IFREG | 0666, 0));
  CASE(mode("n"));
  CASE(sys_mknodat(AT_FDCWD, (long)"n", S_IFREG | 0666, 0));
  CASE(sys_mknodat(AT_FDCWD, (long)"n2", 0600, 0));
  CASE(mode("n2"));
  CASE(sys_mknodat(AT_FDCWD, (long)"n3", S_IFDIR | 0600, 0));
  CASE(sys_mknodat(AT_FDCWD, (long)"p", S_IFIFO | 0666, 0));
  CASE(mode("p"));
  CASE(sys_mknodat(AT_FDCWD, (long)"q/", S_IFIFO | 0666, 0));
  CASE(unlinks("n"));
  CASE(unlinks("n2"));
  CASE(unlinks("p"));
}

static void folders(void) {
  static char text[4200];
  CASE(folder("d"));
  CASE(folder("d"));
  CASE(folder("d/"));
  CASE(folder("d2/"));
  CASE(folder("d3//"));
  CASE(folder("."));
  CASE(folder(".."));
  CASE(folder("/"));
  CASE(folder(""));
  CASE(folder("d/."));
  CASE(folder("x/y"));
  CASE(folder("d/y"));
  CASE(count_links("d/y") > 0);
  CASE(rmdir("d"));
  CASE(rmdir("d/y/."));
  CASE(rmdir("d/y/.."));
  CASE(rmdir("."));
  CASE(rmdir(".."));
  CASE(rmdir("/"));
  CASE(rmdir("d/y/"));
  CASE(rmdir("d2"));
  CASE(rmdir("d3"));
  CASE(rmdir("nothing"));
  CASE(makes("d/file"));
  CASE(rmdir("d/file"));
  CASE(rmdir("d/file/"));
  CASE(unlinks("d/file/"));
  CASE(unlinks("d"));
  CASE(unlinks("d/"));
  CASE(unlinks("."));
  CASE(unlinks(".."));
  CASE(unlinks("d/."));
  CASE(unlinks("/"));
  CASE(unlinks("nothing"));
  CASE(unlinks(""));
  CASE(sys_unlinkat(AT_FDCWD, (long)"d", 1));
  CASE(unlinks("d/file"));
  CASE(points("d", "sd"));
  CASE(rmdir("sd"));
  CASE(rmdir("sd/"));
  CASE(folder("sd"));
  CASE(folder("sd/"));
  CASE(folder("sd/in"));
  CASE(rmdir("d/in"));
  CASE(mode("sd/"));
  CASE(mode("sd/."));
  CASE(unlinks("sd/"));
  CASE(unlinks("sd"));
  CASE(points("missing", "sm"));
  CASE(folder("sm"));
  CASE(folder("sm/"));
  CASE(unlinks("sm"));
  /* A folder that is removed while something is in it. */
  CASE(folder("gone"));
  CASE(chdir("gone"));
  CASE(rmdir("../gone"));
  CASE(sys_getcwd((long)text, sizeof text));
  CASE(makes("x"));
  CASE(folder("x"));
  CASE(tries(".", O_RDONLY));
  CASE(mode("."));
  CASE(mode(".."));
  CASE(count_links("."));
  CASE(lists("."));
  CASE(moves("../d", "x"));
  CASE(chdir("."));
  CASE(chdir(".."));
  CASE(sys_getcwd((long)text, sizeof text) > 0);
  CASE(sys_getcwd((long)text, 2));
  CASE(sys_getcwd((long)text, 0));
  CASE(sys_getcwd(0, 100));
  CASE(chdir("nothing"));
  CASE(makes("plain"));
  CASE(chdir("plain"));
  CASE(chdir(""));
  long fd = opened("plain", O_RDONLY);
  CASE(sys_fchdir(fd));
  CASE(sys_getdents64(fd, (long)text, 100));
  CASE(sys_close(fd));
  CASE(sys_fchdir(99));
  CASE(unlinks("plain"));
  fd = opened("d", O_RDONLY);
  CASE(sys_getdents64(fd, (long)text, 20));
  CASE(sys_getdents64(fd, (long)text, 24));
  CASE(sys_getdents64(fd, (long)text, 1000));
  CASE(sys_getdents64(fd, (long)text, 1000));
  CASE(sys_write(fd, (long)text, 10));
  CASE(sys_ftruncate(fd, 0));
  CASE(sys_lseek(fd, 0, SEEK_SET));
  CASE(sys_getdents64(fd, (long)text, 1000));
  CASE(rmdir("d"));
  CASE(sys_lseek(fd, 0, SEEK_SET));
  CASE(sys_getdents64(fd, (long)text, 1000));
  CASE(sys_openat(fd, (long)"x", O_CREAT | O_WRONLY, 0666));
  CASE(sys_close(fd));
  memset(text, 'n', 256);
  CASE(makes(text));
  text[255] = 0;
  CASE(makes(text));
  CASE(unlinks(text));
  for (int i = 0; i < 4100; i++) text[i] = i & 1 ? '/' : '.';
  text[4095] = 0;
  CASE(follow(text));
  text[4095] = '/';
  text[4096] = 0;
  CASE(follow(text));
}

static void renames(void) {
  CASE(folder("d"));
  CASE(folder("e"));
  CASE(folder("d/in"));
  CASE(makes("f"));
  CASE(makes("g"));
  CASE(moves("f", "d"));
  CASE(moves("d", "f"));
  CASE(moves("e", "d"));
  CASE(moves("d", "e"));
  CASE(mode("e/in"));
  CASE(mode("d"));
  CASE(moves("e", "e"));
  CASE(moves("e", "e/"));
  CASE(moves("e", "e/x"));
  CASE(moves("e", "e/in"));
  CASE(moves("e/in", "e"));
  CASE(moves("e/in", "e/in/x"));
  CASE(moves("f", "f"));
  CASE(moves("f", "f/"));
  CASE(moves("f", "new/"));
  CASE(moves("f/", "new"));
  CASE(moves("e/", "k/"));
  CASE(moves("k", "e"));
  CASE(moves("e/.", "k"));
  CASE(moves(".", "k"));
  CASE(moves("e", "."));
  CASE(moves("e", ".."));
  CASE(moves("e", "e/.."));
  CASE(moves("e/in/..", "k"));
  CASE(moves("/", "k"));
  CASE(moves("e", "/"));
  CASE(moves("none", "k"));
  CASE(moves("none", "f"));
  CASE(moves("none/x", "f"));
  CASE(moves("f", "none/x"));
  CASE(moves("f", "g/x"));
  CASE(moves("", "x"));
  CASE(moves("f", ""));
  CASE(moves_new("f", "g"));
  CASE(moves_new("f", "f"));
  CASE(moves_new("f", "h"));
  CASE(moves_new("h", "f"));
  CASE(links("f", "twin"));
  CASE(count_links("f"));
  CASE(moves("f", "twin"));
  CASE(count_links("f"));
  CASE(mode("twin"));
  CASE(unlinks("twin"));
  CASE(points("g", "s"));
  CASE(moves("s", "t"));
  CASE(mode("t"));
  CASE(moves("f", "t"));
  CASE(mode("t"));
  CASE(mode("g"));
  CASE(moves("t", "f"));
  CASE(points("e", "se"));
  CASE(moves("se/", "k"));
  CASE(moves("e", "se"));
  CASE(moves("se", "moved"));
  CASE(mode("moved"));
  CASE(unlinks("moved"));
  CASE(makes("e/file"));
  CASE(moves("e/file", "file"));
  CASE(moves("file", "e/in/file"));
  CASE(lists("e"));
  CASE(folder("e2"));
  CASE(moves("e/in", "e2/in"));
  CASE(same("e2/in/..", "e2"));
  CASE(mode("e2/in/file"));
  CASE(moves("e2", "e"));
  CASE(rmdir("e"));
  CASE(mode("e/in/file"));
  CASE(unlinks("e/in/file"));
  CASE(rmdir("e/in"));
  CASE(rmdir("e"));
  CASE(sys_renameat2(AT_FDCWD, (long)"f", AT_FDCWD, (long)"g", 0x80));
  CASE(unlinks("f"));
  CASE(unlinks("g"));
  CASE(lists("."));
}

static void linking(void) {
  char text[64];
  CASE(fills("f", "contents"));
  CASE(links("f", "g"));
  CASE(links("f", "g"));
  CASE(links("f", "f"));
  CASE(links("f", "h/"));
  CASE(links("f/", "h"));
  CASE(links("none", "h"));
  CASE(links("f", "none/h"));
  CASE(links(".", "h"));
  CASE(folder("d"));
  CASE(links("d", "h"));
  CASE(links("f", "d"));
  CASE(links("f", "d/f"));
  CASE(count_links("f"));
  CASE(unlinks("d/f"));
  CASE(unlinks("g"));
  CASE(count_links("f"));
  CASE(points("f", "s"));
  CASE(links("s", "hs"));
  CASE(mode("hs"));
  CASE(sys_linkat(AT_FDCWD, (long)"s", AT_FDCWD, (long)"ht", AT_FOLLOW));
  CASE(mode("ht"));
  CASE(sys_linkat(AT_FDCWD, (long)"s", AT_FDCWD, (long)"hu", 1));
  CASE(unlinks("hs"));
  CASE(unlinks("ht"));
  CASE(points("", "x"));
  CASE(points("f", ""));
  CASE(points("f", "s"));
  CASE(points("f", "s2/"));
  CASE(points("f", "d"));
  CASE(points("f", "none/s"));
  CASE(points("f", "d/s"));
  CASE(follow("d/s"));
  CASE(points("../f", "d/t"));
  CASE(contents("d/t"));
  CASE(sys_readlinkat(AT_FDCWD, (long)"d/t", (long)text, sizeof text));
  CASE(sys_readlinkat(AT_FDCWD, (long)"d/t", (long)text, 2));
  CASE(sys_readlinkat(AT_FDCWD, (long)"d/t", (long)text, 0));
  CASE(sys_readlinkat(AT_FDCWD, (long)"d/t/", (long)text, 8));
  CASE(sys_readlinkat(AT_FDCWD, (long)"f", (long)text, 8));
  CASE(sys_readlinkat(AT_FDCWD, (long)"d", (long)text, 8));
  CASE(sys_readlinkat(AT_FDCWD, (long)"none", (long)text, 8));
  CASE(points("one", "two"));
  CASE(points("two", "one"));
  CASE(tries("one", O_RDONLY));
  CASE(tries("one", O_CREAT | O_WRONLY));
  CASE(tries("one/x", O_RDONLY));
  CASE(mode("one"));
  CASE(unlinks("one"));
  CASE(unlinks("two"));
  CASE(points("d", "sd"));
  CASE(makes("sd/new"));
  CASE(mode("d/new"));
  CASE(same("sd/..", "."));
  CASE(unlinks("sd/new"));
  CASE(sys_fchownat(AT_FDCWD, (long)"s", 0, 0, AT_SYMLINK_NOFOLLOW));
  CASE(sys_fchownat(AT_FDCWD, (long)"none", 0, 0, 0));
  CASE(sys_newfstatat(AT_FDCWD, (long)"", (long)text, 0));
  CASE(sys_newfstatat(99, (long)"", (long)text, AT_EMPTY));
  CASE(unlinks("d/s"));
  CASE(unlinks("d/t"));
  CASE(unlinks("sd"));
  CASE(unlinks("s"));
  CASE(unlinks("f"));
  CASE(rmdir("d"));
  CASE(lists("."));
  /* Chains of links: forty are followed, one more is not. */
  char name[16], last[16];
  CASE(fills("l0", "end"));
  for (int i = 1; i <= 41; i++) {
    format(name, sizeof name, "l%d", i);
    format(last, sizeof last, "l%d", i - 1);
    points(last, name);
  }
  CASE(size("l40"));
  CASE(size("l41"));
  for (int i = 0; i <= 41; i++) {
    format(name, sizeof name, "l%d", i);
    unlinks(name);
  }
}

static void positions(void) {
  static char buffer[20000];
  memset(buffer, 7, sizeof buffer);
  long fd = opened("f", O_CREAT | O_RDWR);
  CASE(sys_lseek(fd, 10000, SEEK_SET));
  CASE(sys_write(fd, (long)"end", 3));
  CASE(size("f"));
  CASE(contents("f"));
  CASE(sys_pread64(fd, (long)buffer, 5, 9998));
  CASE(buffer[0] + buffer[1] + buffer[2] + buffer[3] + buffer[4]);
  CASE(sys_lseek(fd, 0, SEEK_CUR));
  CASE(sys_lseek(fd, -1, SEEK_SET));
  CASE(sys_lseek(fd, -10004, SEEK_END));
  CASE(sys_lseek(fd, -3, SEEK_END));
  CASE(sys_lseek(fd, 5, SEEK_END));
  CASE(sys_read(fd, (long)buffer, 5));
  CASE(sys_lseek(fd, 0, 7));
  CASE(sys_lseek(fd, 0x7fffffffffffffff, SEEK_SET) != 0);
  CASE(sys_lseek(fd, 2, SEEK_SET));
  CASE(sys_pwrite64(fd, (long)"xy", 2, 20));
  CASE(sys_lseek(fd, 0, SEEK_CUR));
  CASE(sys_pwrite64(fd, (long)"xy", 2, -1));
  CASE(sys_pread64(fd, (long)buffer, 2, -1));
  CASE(sys_pwrite64(fd, (long)"xy", 0, 1000000));
  CASE(size("f"));
  CASE(sys_write(fd, 0, 0));
  CASE(sys_write(fd, 8, 4));
  CASE(sys_read(fd, 8, 4));
  CASE(sys_ftruncate(fd, 4));
  CASE(sys_lseek(fd, 0, SEEK_CUR));
  CASE(sys_ftruncate(fd, 5000));
  CASE(contents("f"));
  CASE(sys_ftruncate(fd, -1));
  CASE(sys_truncate((long)"f", 100));
  CASE(size("f"));
  CASE(sys_truncate((long)"f", -5));
  CASE(sys_truncate((long)"none", 5));
  CASE(sys_truncate((long)".", 5));
  CASE(sys_truncate((long)"f/", 5));
  CASE(contents("f"));
  long reader = opened("f", O_RDONLY);
  long writer = opened("f", O_WRONLY);
  CASE(sys_ftruncate(reader, 1));
  CASE(sys_write(reader, (long)"x", 1));
  CASE(sys_read(writer, (long)buffer, 1));
  CASE(sys_pwrite64(reader, (long)"x", 1, 0));
  CASE(sys_pread64(writer, (long)buffer, 1, 0));
  CASE(sys_close(reader));
  CASE(sys_close(writer));
  long append = opened("f", O_RDWR | O_APPEND);
  CASE(sys_lseek(append, 0, SEEK_CUR));
  CASE(sys_write(append, (long)"tail", 4));
  CASE(sys_lseek(append, 0, SEEK_CUR));
  CASE(sys_lseek(append, 3, SEEK_SET));
  CASE(sys_write(append, (long)"more", 4));
  CASE(sys_lseek(append, 0, SEEK_CUR));
  CASE(sys_pwrite64(append, (long)"PP", 2, 0));
  CASE(sys_lseek(append, 0, SEEK_CUR));
  CASE(size("f"));
  CASE(contents("f"));
  CASE(sys_fcntl(append, F_SETFL, 0));
  CASE(sys_pwrite64(append, (long)"QQ", 2, 0));
  CASE(size("f"));
  CASE(sys_close(append));
  long other = sys_dup(fd);
  CASE(sys_lseek(fd, 3, SEEK_SET));
  CASE(sys_read(other, (long)buffer, 2));
  CASE(sys_lseek(fd, 0, SEEK_CUR));
  long child = fork();
  if (child == 0) exit(sys_lseek(fd, 40, SEEK_SET) == 40 ? 0 : 1);
  CASE(wait_for(child));
  CASE(sys_lseek(other, 0, SEEK_CUR));
  CASE(sys_close(other));
  /* Without a name it lives on while it is open. */
  CASE(unlinks("f"));
  CASE(sys_pwrite64(fd, (long)"ghost", 5, 0));
  CASE(sys_pread64(fd, (long)buffer, 5, 0));
  struct stat info;
  CASE(sys_fstat(fd, (long)&info));
  CASE(info.links);
  CASE(sys_close(fd));
  CASE(sys_close(fd));
  CASE(tries("f", O_RDONLY));
}

static void vectors(void) {
  char a[8] = "abcdefg", b[8] = "hijklmn", c[16];
  struct io_vector out[3] = {{a, 3}, {b, 0}, {b, 4}};
  long fd = opened("v", O_CREAT | O_RDWR);
  CASE(sys_writev(fd, (long)out, 3));
  CASE(sys_writev(fd, (long)out, 0));
  CASE(sys_writev(fd, (long)out, -1));
  CASE(sys_writev(fd, (long)out, 1025));
  CASE(sys_writev(fd, 8, 1));
  struct io_vector bad[2] = {{a, 2}, {(void *)8, 2}};
  CASE(sys_writev(fd, (long)bad, 2));
  struct io_vector negative[1] = {{a, (usize)-1}};
  CASE(sys_writev(fd, (long)negative, 1));
  CASE(sys_lseek(fd, 0, SEEK_SET));
  struct io_vector in[2] = {{c, 5}, {c + 5, 11}};
  CASE(sys_readv(fd, (long)in, 2));
  CASE(memcmp(c, "abchijkab", 9));
  CASE(sys_readv(fd, (long)in, 2));
  /* Copies from the file into a pipe and another file. */
  int ends[2];
  CASE(pipe(ends));
  i64 position = 2;
  CASE(sys_sendfile(ends[1], fd, (long)&position, 4));
  CASE(position);
  CASE(sys_sendfile(ends[1], fd, (long)&position, 100));
  CASE(sys_sendfile(ends[1], fd, (long)&position, 100));
  CASE(sys_sendfile(fd, ends[0], 0, 4));
  CASE(sys_read(ends[0], (long)c, 16));
  position = -1;
  CASE(sys_sendfile(ends[1], fd, (long)&position, 4));
  CASE(sys_sendfile(ends[1], fd, 8, 4));
  CASE(sys_sendfile(ends[0], fd, 0, 4));
  CASE(sys_sendfile(99, fd, 0, 4));
  long other = opened("w", O_CREAT | O_WRONLY);
  CASE(sys_lseek(fd, 1, SEEK_SET));
  CASE(sys_sendfile(other, fd, 0, 5));
  CASE(sys_lseek(fd, 0, SEEK_CUR));
  CASE(sys_sendfile(fd, other, 0, 5));
  CASE(contents("w"));
  sys_close(other);
  sys_close(fd);
  sys_close(ends[0]);
  sys_close(ends[1]);
  unlinks("v");
  unlinks("w");
}

static void descriptors(void) {
  long fd = opened("d", O_CREAT | O_RDWR);
  CASE(sys_dup(99));
  CASE(sys_dup(-1));
  CASE(sys_dup3(fd, fd, 0));
  CASE(sys_dup3(99, 98, 0));
  CASE(sys_dup3(fd, -1, 0));
  CASE(sys_dup3(fd, 77, 1));
  CASE(sys_dup3(fd, 77, O_CLOEXEC));
  CASE(sys_fcntl(77, F_GETFD, 0));
  CASE(sys_fcntl(fd, F_GETFD, 0));
  CASE(sys_fcntl(77, F_SETFD, 0));
  CASE(sys_fcntl(77, F_GETFD, 0));
  CASE(sys_fcntl(fd, F_DUPFD, 80));
  CASE(sys_fcntl(fd, F_DUPFD, -1));
  CASE(sys_fcntl(fd, F_DUPFD_CLOEXEC, 80));
  CASE(sys_fcntl(81, F_GETFD, 0));
  CASE(sys_fcntl(99, F_GETFD, 0));
  CASE(sys_fcntl(fd, F_GETFL, 0) & ~0100000);
  CASE(sys_fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
  CASE(sys_fcntl(80, F_GETFL, 0) & ~0100000);
  CASE(sys_fcntl(fd, F_SETFL, O_WRONLY));
  CASE(sys_fcntl(80, F_GETFL, 0) & ~0100000);
  CASE(sys_fcntl(fd, 999, 0));
  CASE(sys_flock(fd, LOCK_EX));
  CASE(sys_flock(fd, LOCK_UN));
  CASE(sys_flock(99, LOCK_EX));
  CASE(sys_flock(fd, 0));
  struct { short type, whence; i64 start, length; i32 pid; } lock = {1, 0, 0, 10, 0};
  CASE(sys_fcntl(fd, F_SETLK, (long)&lock));
  CASE(sys_fcntl(fd, F_SETLKW, (long)&lock));
  CASE(sys_fcntl(fd, F_GETLK, (long)&lock));
  CASE(lock.type);
  lock.type = 9;
  CASE(sys_fcntl(fd, F_SETLK, (long)&lock));
  lock.type = 1;
  lock.start = -5;
  CASE(sys_fcntl(fd, F_SETLK, (long)&lock));
  CASE(sys_fcntl(fd, F_SETLK, 8));
  CASE(sys_fsync(fd));
  CASE(sys_fsync(99));
  CASE(sys_ioctl(fd, TCGETS, (long)&lock));
  CASE(sys_ioctl(99, TCGETS, 0));
  int held = -1;
  sys_write(fd, (long)"12345", 5);
  sys_lseek(fd, 1, SEEK_SET);
  CASE(sys_ioctl(fd, FIONREAD, (long)&held));
  CASE(held);
  CASE(sys_close(77));
  CASE(sys_close(80));
  CASE(sys_close(81));
  CASE(sys_close(-1));
  sys_close(fd);
  unlinks("d");
  fd = opened("/dev/null", O_RDWR);
  CASE(sys_lseek(fd, 5, SEEK_SET));
  CASE(sys_read(fd, (long)&held, 4));
  CASE(sys_ftruncate(fd, 0));
  CASE(sys_pread64(fd, (long)&held, 4, 100));
  sys_close(fd);
  fd = opened("/dev/full", O_RDWR);
  CASE(sys_write(fd, (long)&held, 4));
  CASE(sys_read(fd, (long)&held, 4));
  CASE(held);
  sys_close(fd);
  fd = opened("/dev/zero", O_RDWR);
  CASE(sys_write(fd, (long)"abcd", 4));
  CASE(sys_lseek(fd, 5, SEEK_SET));
  sys_close(fd);
  CASE(tries("/dev/null/", O_RDONLY));
  CASE(tries("/dev/null", O_CREAT | O_TRUNC | O_WRONLY));
  CASE(tries("/dev/null", O_DIRECTORY));
}

static void pipes(void) {
  int ends[2];
  char buffer[16];
  static char large[70000];
  CASE(sys_pipe2((long)ends, 1));
  CASE(sys_pipe2(8, 0));
  CASE(sys_pipe2((long)ends, O_NONBLOCK | O_CLOEXEC));
  CASE(sys_fcntl(ends[0], F_GETFL, 0));
  CASE(sys_fcntl(ends[1], F_GETFL, 0));
  CASE(sys_fcntl(ends[1], F_GETFD, 0));
  CASE(sys_read(ends[0], (long)buffer, 4));
  CASE(sys_read(ends[0], (long)buffer, 0));
  CASE(sys_read(ends[1], (long)buffer, 4));
  CASE(sys_write(ends[0], (long)buffer, 4));
  CASE(sys_lseek(ends[0], 0, SEEK_SET));
  CASE(sys_pread64(ends[0], (long)buffer, 1, 0));
  CASE(sys_ftruncate(ends[1], 0));
  CASE(sys_write(ends[1], (long)"abcdef", 6));
  CASE(sys_read(ends[0], (long)buffer, 4));
  int held = -1;
  CASE(sys_ioctl(ends[0], FIONREAD, (long)&held));
  CASE(held);
  CASE(sys_read(ends[0], (long)large, 2));
  CASE(sys_write(ends[1], (long)large, sizeof large));
  CASE(sys_write(ends[1], (long)large, 1));
  CASE(sys_read(ends[0], 8, 4));
  CASE(sys_read(ends[0], (long)large, sizeof large));
  CASE(sys_close(ends[1]));
  CASE(sys_read(ends[0], (long)buffer, 4));
  CASE(sys_close(ends[0]));
  CASE(pipe(ends));
  CASE(sys_close(ends[0]));
  signal_ignore(SIGPIPE);
  CASE(sys_write(ends[1], (long)buffer, 4));
  CASE(sys_write(ends[1], (long)buffer, 0));
  signal_default(SIGPIPE);
  CASE(sys_close(ends[1]));
  CASE(sys_mknodat(AT_FDCWD, (long)"fifo", S_IFIFO | 0600, 0));
  CASE(tries("fifo", O_WRONLY | O_NONBLOCK));
  long reader = opened("fifo", O_RDONLY | O_NONBLOCK);
  CASE(sys_read(reader, (long)buffer, 4));
  long writer = opened("fifo", O_WRONLY | O_NONBLOCK);
  CASE(writer > reader);
  CASE(sys_write(writer, (long)"fifo", 4));
  CASE(sys_read(reader, (long)buffer, 9));
  CASE(sys_read(reader, (long)buffer, 9));
  CASE(unlinks("fifo"));
  CASE(sys_write(writer, (long)"more", 4));
  CASE(sys_close(writer));
  CASE(sys_read(reader, (long)buffer, 9));
  CASE(sys_read(reader, (long)buffer, 9));
  CASE(sys_close(reader));
}

static void waits(void) {
  struct { i32 fd; short events, got; } items[2];
  struct timespec none = {0, 0}, soon = {0, 3000000}, bad = {0, 1000000000};
  int ends[2];
  char byte = 0;
  pipe(ends);
  items[0].fd = ends[0];
  items[0].events = 1;
  items[1].fd = ends[1];
  items[1].events = 4;
  CASE(sys_ppoll((long)items, 1, (long)&none, 0, 8));
  CASE(items[0].got);
  CASE(sys_ppoll((long)items, 1, (long)&soon, 0, 8));
  CASE(sys_ppoll((long)items, 1, (long)&bad, 0, 8));
  CASE(sys_ppoll((long)items, 2, (long)&soon, 0, 8));
  CASE(items[0].got + 100 * items[1].got);
  sys_write(ends[1], (long)&byte, 1);
  CASE(sys_ppoll((long)items, 2, 0, 0, 8));
  CASE(items[0].got + 100 * items[1].got);
  sys_close(ends[1]);
  CASE(sys_ppoll((long)items, 2, 0, 0, 8));
  CASE(items[0].got + 100 * items[1].got);
  items[1].fd = -5;
  CASE(sys_ppoll((long)items, 2, 0, 0, 8));
  CASE(items[0].got + 100 * items[1].got);
  CASE(sys_ppoll(0, 0, (long)&soon, 0, 8));
  CASE(sys_ppoll(8, 1, (long)&soon, 0, 8));
  sys_close(ends[0]);
  pipe(ends);
  u64 reads[2] = {1ul << ends[0], 0}, writes[2] = {1ul << ends[1], 0};
  u64 wanted = reads[0];
  CASE(sys_pselect6(ends[1] + 1, (long)reads, 0, 0, (long)&none, 0));
  CASE(reads[0] == 0);
  reads[0] = wanted;
  CASE(sys_pselect6(ends[1] + 1, (long)reads, (long)writes, 0, (long)&soon, 0));
  CASE(reads[0] == 0 && writes[0] == 1ul << ends[1]);
  reads[0] = wanted;
  sys_write(ends[1], (long)&byte, 1);
  CASE(sys_pselect6(ends[1] + 1, (long)reads, (long)writes, 0, 0, 0));
  CASE(reads[0] == wanted);
  CASE(sys_pselect6(ends[0], (long)reads, 0, 0, (long)&none, 0));
  CASE(sys_pselect6(0, 0, 0, 0, (long)&soon, 0));
  CASE(sys_pselect6(-1, 0, 0, 0, (long)&soon, 0));
  CASE(sys_pselect6(1, 8, 0, 0, (long)&soon, 0));
  sys_close(ends[1]);
  reads[0] = wanted;
  CASE(sys_pselect6(ends[0] + 1, (long)reads, 0, 0, 0, 0));
  reads[0] = 1ul << ends[1];
  CASE(sys_pselect6(ends[1] + 1, (long)reads, 0, 0, (long)&none, 0));
  sys_close(ends[0]);
}

int main(int count, char **words) {
  if (count != 2 || chdir(words[1]) < 0 || folder("work") < 0 || chdir("work") < 0) return 2;
  opening();
  modes();
  folders();
  renames();
  linking();
  positions();
  vectors();
  descriptors();
  pipes();
  waits();
  CASE(lists("."));
  return chdir("..") < 0 || rmdir("work") < 0;
}
