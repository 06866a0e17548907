/* Boot stage: the file tree: creating, reading, seeking, cutting, renaming, linking, listing. */
#include "lib.h"

static long create(const char *path) {
  return sys_openat(AT_FDCWD, (long)path, O_CREAT | O_EXCL | O_RDWR, 0644);
}

static long open_file(const char *path, long flags) {
  return sys_openat(AT_FDCWD, (long)path, flags, 0);
}

static long file_size(long fd) {
  struct stat info;
  return sys_fstat(fd, (long)&info) ? -1 : info.size;
}

static long links_of(const char *path) {
  struct stat info;
  long answer = sys_newfstatat(AT_FDCWD, (long)path, (long)&info, 0);
  return answer ? answer : (long)info.links;
}

static long remove_file(const char *path) {
  return sys_unlinkat(AT_FDCWD, (long)path, 0);
}

static void check_read_write(void) {
  char buffer[64];
  long fd = create("data");
  CHECK(fd >= 0);
  CHECK_EQUAL(create("data"), -EEXIST);
  CHECK_EQUAL(sys_write(fd, (long)"0123456789", 10), 10);
  CHECK_EQUAL(sys_read(fd, (long)buffer, 10), 0);
  CHECK_EQUAL(sys_lseek(fd, 3, SEEK_SET), 3);
  CHECK_EQUAL(sys_read(fd, (long)buffer, 4), 4);
  CHECK_EQUAL(memcmp(buffer, "3456", 4), 0);
  CHECK_EQUAL(sys_lseek(fd, -2, SEEK_CUR), 5);
  CHECK_EQUAL(sys_lseek(fd, -1, SEEK_END), 9);
  CHECK_EQUAL(sys_lseek(fd, -1, SEEK_SET), -EINVAL);
  CHECK_EQUAL(sys_lseek(fd, 0, 9), -EINVAL);
  CHECK_EQUAL(sys_lseek(fd, 0, SEEK_CUR), 9);
  CHECK_EQUAL(sys_pread64(fd, (long)buffer, 4, 1), 4);
  CHECK_EQUAL(memcmp(buffer, "1234", 4), 0);
  CHECK_EQUAL(sys_pwrite64(fd, (long)"AB", 2, 1), 2);
  CHECK_EQUAL(sys_lseek(fd, 0, SEEK_CUR), 9);
  CHECK_EQUAL(sys_pread64(fd, (long)buffer, 64, 0), 10);
  CHECK_EQUAL(memcmp(buffer, "0AB3456789", 10), 0);
  sys_close(fd);

  fd = open_file("data", O_RDONLY);
  CHECK_EQUAL(sys_write(fd, (long)"x", 1), -EBADF);
  sys_close(fd);
  fd = open_file("data", O_WRONLY | O_TRUNC);
  CHECK_EQUAL(sys_read(fd, (long)buffer, 1), -EBADF);
  CHECK_EQUAL(file_size(fd), 0);
  sys_close(fd);
  CHECK_EQUAL(remove_file("data"), 0);
  CHECK_EQUAL(open_file("data", O_RDONLY), -ENOENT);
}

/* Writing beyond the end leaves a hole that reads as zeros; cutting and growing back clears. */
static void check_holes(void) {
  u8 byte = 1;
  static u8 page[PAGE];
  long fd = create("holes");
  CHECK_EQUAL(sys_pwrite64(fd, (long)"end", 3, 20000), 3);
  CHECK_EQUAL(file_size(fd), 20003);
  CHECK_EQUAL(sys_pread64(fd, (long)&byte, 1, 9999), 1);
  CHECK_EQUAL(byte, 0);
  memset(page, 0xee, PAGE);
  CHECK_EQUAL(sys_pwrite64(fd, (long)page, PAGE, 0), PAGE);
  CHECK_EQUAL(sys_ftruncate(fd, 100), 0);
  CHECK_EQUAL(file_size(fd), 100);
  CHECK_EQUAL(sys_ftruncate(fd, 8192), 0);
  CHECK_EQUAL(sys_pread64(fd, (long)page, PAGE, 0), PAGE);
  CHECK_EQUAL(page[99], 0xee);
  usize dirty = 0;
  for (usize i = 100; i < PAGE; i++) dirty += page[i] != 0;
  CHECK_EQUAL(dirty, 0);
  CHECK_EQUAL(sys_ftruncate(fd, -1), -EINVAL);
  sys_close(fd);
  CHECK_EQUAL(remove_file("holes"), 0);
}

static void check_large(void) {
  enum { PIECE = 7000, PIECES = 40 };
  static u8 piece[PIECE];
  long fd = create("large");
  for (int i = 0; i < PIECES; i++) {
    memset(piece, i, PIECE);
    CHECK_EQUAL(sys_write(fd, (long)piece, PIECE), PIECE);
  }
  CHECK_EQUAL(file_size(fd), PIECE * PIECES);
  CHECK_EQUAL(sys_lseek(fd, 0, SEEK_SET), 0);
  int wrong = 0;
  for (int i = 0; i < PIECES; i++) {
    CHECK_EQUAL(sys_read(fd, (long)piece, PIECE), PIECE);
    wrong += piece[0] != i || piece[PIECE - 1] != i;
  }
  CHECK_EQUAL(wrong, 0);
  CHECK_EQUAL(sys_read(fd, (long)piece, PIECE), 0);
  sys_close(fd);
  CHECK_EQUAL(remove_file("large"), 0);
}

static void check_append_and_dup(void) {
  char buffer[32];
  long fd = create("log");
  CHECK_EQUAL(sys_write(fd, (long)"one,", 4), 4);
  long append = open_file("log", O_WRONLY | O_APPEND);
  CHECK_EQUAL(sys_write(append, (long)"two,", 4), 4);
  CHECK_EQUAL(sys_write(fd, (long)"ONE,", 4), 4);
  CHECK_EQUAL(sys_write(append, (long)"three", 5), 5);
  CHECK_EQUAL(sys_pread64(fd, (long)buffer, sizeof buffer, 0), 13);
  CHECK_EQUAL(memcmp(buffer, "one,ONE,three", 13), 0);

  /* Duplicates share the position; separate openings do not. */
  CHECK_EQUAL(sys_lseek(fd, 0, SEEK_SET), 0);
  long twin = sys_dup(fd);
  long other = open_file("log", O_RDONLY);
  CHECK_EQUAL(sys_read(twin, (long)buffer, 4), 4);
  CHECK_EQUAL(sys_lseek(fd, 0, SEEK_CUR), 4);
  CHECK_EQUAL(sys_lseek(other, 0, SEEK_CUR), 0);
  CHECK_EQUAL(sys_dup3(fd, 200, 0), 200);
  CHECK_EQUAL(sys_dup3(fd, fd, 0), -EINVAL);
  CHECK_EQUAL(sys_dup(199), -EBADF);
  CHECK_EQUAL(sys_fcntl(fd, F_DUPFD, 210), 210);
  CHECK_EQUAL(sys_lseek(210, 0, SEEK_CUR), 4);
  sys_close(fd);
  CHECK_EQUAL(sys_read(200, (long)buffer, 4), 4);
  CHECK_EQUAL(memcmp(buffer, "ONE,", 4), 0);
  /* The lowest free number is taken. */
  CHECK_EQUAL(open_file("log", O_RDONLY), fd);
  /* A file lives on while it is open, without a name. */
  CHECK_EQUAL(remove_file("log"), 0);
  CHECK_EQUAL(sys_pread64(210, (long)buffer, 3, 0), 3);
  long all[] = {fd, append, twin, other, 200, 210};
  for (usize i = 0; i < sizeof all / sizeof *all; i++) CHECK_EQUAL(sys_close(all[i]), 0);
  CHECK_EQUAL(sys_close(fd), -EBADF);
}

static void check_shared_position(void) {
  char buffer[8];
  long fd = create("shared");
  sys_write(fd, (long)"abcdef", 6);
  sys_lseek(fd, 0, SEEK_SET);
  long child = fork();
  if (child == 0) exit(sys_read(fd, (long)buffer, 2) == 2 && buffer[0] == 'a' ? 0 : 1);
  CHECK_EQUAL(wait_for(child), 0);
  CHECK_EQUAL(sys_read(fd, (long)buffer, 2), 2);
  CHECK_EQUAL(buffer[0], 'c');
  sys_close(fd);
  CHECK_EQUAL(remove_file("shared"), 0);
}

static void check_names(void) {
  sys_close(create("first"));
  CHECK_EQUAL(sys_linkat(AT_FDCWD, (long)"first", AT_FDCWD, (long)"second", 0), 0);
  CHECK_EQUAL(links_of("first"), 2);
  CHECK_EQUAL(remove_file("first"), 0);
  CHECK_EQUAL(links_of("second"), 1);
  CHECK_EQUAL(sys_renameat2(AT_FDCWD, (long)"second", AT_FDCWD, (long)"third", 0), 0);
  CHECK_EQUAL(links_of("second"), -ENOENT);
  /* Renaming over a file replaces it. */
  long fd = create("fourth");
  sys_write(fd, (long)"4", 1);
  sys_close(fd);
  CHECK_EQUAL(sys_renameat2(AT_FDCWD, (long)"fourth", AT_FDCWD, (long)"third", 0), 0);
  fd = open_file("third", O_RDONLY);
  CHECK_EQUAL(file_size(fd), 1);
  sys_close(fd);
  CHECK_EQUAL(sys_renameat2(AT_FDCWD, (long)"nothing", AT_FDCWD, (long)"third", 0), -ENOENT);

  char target[32] = {0};
  CHECK_EQUAL(sys_symlinkat((long)"third", AT_FDCWD, (long)"pointer"), 0);
  CHECK_EQUAL(sys_readlinkat(AT_FDCWD, (long)"pointer", (long)target, sizeof target), 5);
  CHECK_EQUAL(memcmp(target, "third", 6), 0);
  struct stat info;
  CHECK_EQUAL(sys_newfstatat(AT_FDCWD, (long)"pointer", (long)&info, AT_SYMLINK_NOFOLLOW), 0);
  CHECK_EQUAL(info.mode & S_IFMT, S_IFLNK);
  CHECK_EQUAL(sys_newfstatat(AT_FDCWD, (long)"pointer", (long)&info, 0), 0);
  CHECK_EQUAL(info.mode & S_IFMT, S_IFREG);
  CHECK_EQUAL(info.mode & 0777, 0644);
  CHECK_EQUAL(info.size, 1);
  CHECK_EQUAL(remove_file("third"), 0);
  CHECK_EQUAL(open_file("pointer", O_RDONLY), -ENOENT);
  CHECK_EQUAL(remove_file("pointer"), 0);
  CHECK_EQUAL(sys_symlinkat((long)"loop", AT_FDCWD, (long)"loop"), 0);
  CHECK_EQUAL(open_file("loop", O_RDONLY), -ELOOP);
  CHECK_EQUAL(remove_file("loop"), 0);
}

/* How often `wanted` is listed with type `type`; `*total` is the number of entries. */
static int listed(const char *folder, const char *wanted, int type, int *total) {
  u64 buffer[64];
  int found = 0;
  *total = 0;
  long fd = open_file(folder, O_RDONLY | O_DIRECTORY);
  CHECK(fd >= 0);
  long bytes;
  while ((bytes = sys_getdents64(fd, (long)buffer, sizeof buffer)) > 0) {
    for (long at = 0; at < bytes;) {
      struct directory_entry *entry = (struct directory_entry *)((u8 *)buffer + at);
      *total += 1;
      if (strcmp(entry->name, wanted) == 0 && entry->type == type) found++;
      at += entry->length;
    }
  }
  CHECK_EQUAL(bytes, 0);
  sys_close(fd);
  return found;
}

static void check_folders(void) {
  enum { COUNT = 60 };
  CHECK_EQUAL(sys_mkdirat(AT_FDCWD, (long)"folder", 0755), 0);
  CHECK_EQUAL(sys_mkdirat(AT_FDCWD, (long)"folder", 0755), -EEXIST);
  CHECK_EQUAL(sys_mkdirat(AT_FDCWD, (long)"no/folder", 0755), -ENOENT);
  CHECK_EQUAL(sys_mkdirat(AT_FDCWD, (long)"folder/inner", 0755), 0);
  char name[32];
  for (int i = 0; i < COUNT; i++) {
    format(name, sizeof name, "folder/file%03d", i);
    long fd = create(name);
    CHECK(fd >= 0);
    sys_close(fd);
  }
  int total;
  CHECK_EQUAL(listed("folder", "inner", DT_DIR, &total), 1);
  CHECK_EQUAL(total, COUNT + 3);
  CHECK_EQUAL(listed("folder", "file042", DT_REG, &total), 1);
  CHECK_EQUAL(listed("folder", "..", DT_DIR, &total), 1);
  CHECK_EQUAL(open_file("folder", O_WRONLY), -EISDIR);
  CHECK_EQUAL(open_file("folder/file000/x", O_RDONLY), -ENOTDIR);
  CHECK_EQUAL(open_file("folder/file000", O_RDONLY | O_DIRECTORY), -ENOTDIR);
  CHECK_EQUAL(remove_file("folder"), -EISDIR);
  CHECK_EQUAL(sys_unlinkat(AT_FDCWD, (long)"folder", AT_REMOVEDIR), -ENOTEMPTY);
  CHECK_EQUAL(sys_unlinkat(AT_FDCWD, (long)"folder/file000", AT_REMOVEDIR), -ENOTDIR);
  /* A folder moves with what is in it, but never into itself. */
  CHECK_EQUAL(sys_renameat2(AT_FDCWD, (long)"folder", AT_FDCWD, (long)"folder/inner/x", 0),
              -EINVAL);
  CHECK_EQUAL(sys_renameat2(AT_FDCWD, (long)"folder", AT_FDCWD, (long)"moved", 0), 0);
  CHECK_EQUAL(links_of("moved/file001"), 1);

  /* Relative paths start at the current folder, or at the folder given. */
  char where[160];
  long before = sys_getcwd((long)where, sizeof where);
  CHECK(before > 0);
  CHECK_EQUAL(sys_chdir((long)"moved"), 0);
  CHECK_EQUAL(sys_getcwd((long)where, sizeof where), before + 6);
  CHECK_EQUAL(strcmp(where + before - 1, "/moved"), 0);
  CHECK_EQUAL(links_of("file002"), 1);
  CHECK_EQUAL(links_of("../moved/./file002"), 1);
  CHECK_EQUAL(sys_chdir((long)".."), 0);
  long fd = open_file("moved", O_RDONLY | O_DIRECTORY);
  CHECK_EQUAL(sys_unlinkat(fd, (long)"file000", 0), 0);
  sys_close(fd);
  for (int i = 1; i < COUNT; i++) {
    format(name, sizeof name, "moved/file%03d", i);
    CHECK_EQUAL(remove_file(name), 0);
  }
  CHECK_EQUAL(sys_unlinkat(AT_FDCWD, (long)"moved/inner", AT_REMOVEDIR), 0);
  CHECK_EQUAL(listed("moved", "inner", DT_DIR, &total), 0);
  CHECK_EQUAL(total, 2);
  CHECK_EQUAL(sys_unlinkat(AT_FDCWD, (long)"moved", AT_REMOVEDIR), 0);
}

static void check_limits(void) {
  char name[300];
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = 0;
  CHECK_EQUAL(open_file(name, O_RDONLY), -ENAMETOOLONG);
  CHECK_EQUAL(open_file("", O_RDONLY), -ENOENT);

  long fd = open_file("/dev/null", O_RDWR);
  CHECK(fd >= 0);
  CHECK_EQUAL(sys_write(fd, (long)name, 200), 200);
  CHECK_EQUAL(sys_read(fd, (long)name, 10), 0);
  sys_close(fd);

  if (environment_get("RUNNER")) return;
  /* The table of descriptors ends, with an error and not before 256. */
  long last = 0;
  while ((fd = sys_dup(1)) >= 0) last = fd;
  CHECK_EQUAL(fd, -EMFILE);
  CHECK_EQUAL(last, 255);
  for (long i = 3; i <= last; i++) CHECK_EQUAL(sys_close(i), 0);
}

int main(void) {
  char folder[64];
  format(folder, sizeof folder, "/tmp/files.%ld", sys_getpid());
  CHECK_EQUAL(sys_mkdirat(AT_FDCWD, (long)folder, 0755), 0);
  CHECK_EQUAL(sys_chdir((long)folder), 0);
  check_read_write();
  check_holes();
  check_large();
  check_append_and_dup();
  check_shared_position();
  check_names();
  check_folders();
  check_limits();
  CHECK_EQUAL(sys_chdir((long)"/"), 0);
  CHECK_EQUAL(sys_unlinkat(AT_FDCWD, (long)folder, AT_REMOVEDIR), 0);
  print("files: contents, names and folders behave\n");
  return check_result();
}
