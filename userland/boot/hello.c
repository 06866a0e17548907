/* Boot stage: what a program finds when it starts: arguments, environment, auxiliary vector. */
#include "lib.h"

int zero_initialised[4096];
int initialised = 42;
static const char constant[] = "constant";

static void check_auxiliary(void) {
  CHECK_EQUAL(auxiliary_value(AT_PAGESZ, 0), PAGE);
  CHECK_EQUAL(auxiliary_value(AT_PHENT, 0), 56);
  u64 count = auxiliary_value(AT_PHNUM, 0);
  CHECK(count >= 2 && count < 16);

  extern char _start[];
  CHECK_EQUAL(auxiliary_value(AT_ENTRY, 0), (u64)_start);

  /* The program headers must be mapped and begin with a header of a known type. */
  const u32 *header = (const u32 *)auxiliary_value(AT_PHDR, 0);
  CHECK(header != NULL);
  if (header) CHECK(*header <= 7);

  const u8 *random = (const u8 *)auxiliary_value(AT_RANDOM, 0);
  CHECK(random != NULL);
  u8 any = 0;
  if (random) {
    for (int i = 0; i < 16; i++) any |= random[i];
    CHECK(any != 0);
  }
}

static void check_sections(void) {
  long sum = 0;
  for (usize i = 0; i < sizeof zero_initialised / sizeof *zero_initialised; i++) {
    sum |= zero_initialised[i];
  }
  CHECK_EQUAL(sum, 0);
  CHECK_EQUAL(initialised, 42);
  CHECK_EQUAL(strcmp(constant, "constant"), 0);
}

int main(int argc, char **argv) {
  CHECK(argc >= 1);
  CHECK(argv[argc] == NULL);
  for (int i = 0; i < argc; i++) CHECK(strlen(argv[i]) > 0);
  CHECK(((u64)__builtin_frame_address(0) & 15) == 0);
  for (char **entry = environment; *entry; entry++) CHECK(strchr(*entry, '=') != NULL);
  check_auxiliary();
  check_sections();

  print("hello from a user process with %d arguments\n", argc - 1);
  for (int i = 1; i < argc; i++) print("argument %d is '%s'\n", i, argv[i]);
  const char *greeting = environment_get("GREETING");
  if (greeting) print("GREETING is '%s'\n", greeting);
  return check_result();
}
