/* Not a boot stage: tests what lib/ promises, so that the stages can rely on it. */
#include "lib.h"

static int compare_numbers(const void *a, const void *b) {
  i64 left = *(const i64 *)a, right = *(const i64 *)b;
  return left < right ? -1 : left > right;
}

static void check_sorting(void) {
  enum { COUNT = 1000 };
  static i64 numbers[COUNT];
  for (int shape = 0; shape < 4; shape++) {
    u64 state = 3;
    i64 sum = 0, sorted_sum = 0;
    for (int i = 0; i < COUNT; i++) {
      u64 draw = random_next(&state);
      numbers[i] = shape == 0 ? (i64)draw : shape == 1 ? i : shape == 2 ? -i : (i64)(draw % 3);
      sum += numbers[i];
    }
    qsort(numbers, COUNT, sizeof *numbers, compare_numbers);
    for (int i = 0; i < COUNT; i++) {
      sorted_sum += numbers[i];
      if (i) CHECK(numbers[i - 1] <= numbers[i]);
    }
    CHECK_EQUAL(sorted_sum, sum);
  }
  qsort(numbers, 0, sizeof *numbers, compare_numbers);
}

static void check_moving(void) {
  u8 area[200], want[200];
  for (usize from = 0; from < 24; from++) {
    for (usize to = 0; to < 24; to++) {
      for (usize count = 0; count < 150; count += 7) {
        for (usize i = 0; i < sizeof area; i++) area[i] = want[i] = (u8)(i * 3);
        for (usize i = 0; i < count; i++) want[to + i] = (u8)((from + i) * 3);
        memmove(area + to, area + from, count);
        CHECK_EQUAL(memcmp(area, want, sizeof area), 0);
      }
    }
  }
}

static void check_copying(void) {
  u8 from[120], to[120];
  for (usize in = 0; in < 9; in++) {
    for (usize out = 0; out < 9; out++) {
      for (usize count = 0; count < 100; count++) {
        for (usize i = 0; i < sizeof from; i++) from[i] = (u8)(i + 1);
        memset(to, 0, sizeof to);
        CHECK(memcpy(to + out, from + in, count) == to + out);
        int wrong = 0;
        for (usize i = 0; i < sizeof to; i++) {
          int inside = i >= out && i < out + count;
          wrong += to[i] != (inside ? from[in + i - out] : 0);
        }
        memset(to + out, 0xff, count);
        for (usize i = 0; i < sizeof to; i++) {
          int inside = i >= out && i < out + count;
          wrong += to[i] != (inside ? 0xff : 0);
        }
        CHECK_EQUAL(wrong, 0);
      }
    }
  }
}

static void check_strings(void) {
  CHECK(strcmp("abc", "abd") < 0);
  CHECK(strcmp("abc", "ab") > 0);
  CHECK_EQUAL(strcmp("", ""), 0);
  CHECK(strcmp("\x80", "a") > 0);
  CHECK_EQUAL(strncmp("abc", "abd", 2), 0);
  const char *text = "a/b/c";
  CHECK(strchr(text, '/') == text + 1);
  CHECK(strrchr(text, '/') == text + 3);
  CHECK(strchr(text, 0) == text + 5);
  CHECK(strchr(text, 'x') == NULL);
}

static void check_numbers(void) {
  char *end;
  CHECK_EQUAL(strtol("  -42x", &end, 10), -42);
  CHECK_EQUAL(*end, 'x');
  CHECK_EQUAL(strtol("0x1f", NULL, 0), 31);
  CHECK_EQUAL(strtol("017", NULL, 0), 15);
  CHECK_EQUAL(strtol("zz", NULL, 36), 35 * 36 + 35);
  const char *none = "+";
  CHECK_EQUAL(strtol(none, &end, 10), 0);
  CHECK(end == none);
  CHECK_EQUAL(strtol("9223372036854775807", NULL, 10), ~0ul >> 1);
  CHECK_EQUAL(strtol("9223372036854775808", NULL, 10), ~0ul >> 1);
  CHECK_EQUAL(strtol("-99999999999999999999", NULL, 10), 1ul << 63);
  CHECK_EQUAL(number_or(NULL, 5), 5);
}

static void check_formatting(void) {
  char text[64];
  usize length = format(text, sizeof text, "%d %5u|%04x %ld %c%s %%", -7, 42u, 0xabu, (long)(1ul << 63),
                        'c', "text");
  CHECK_EQUAL(strcmp(text, "-7    42|00ab -9223372036854775808 ctext %"), 0);
  CHECK_EQUAL(length, strlen(text));
  format(text, sizeof text, "%05d|%5s|%p", -42, "ab", (void *)0x1234);
  CHECK_EQUAL(strcmp(text, "-0042|   ab|0x1234"), 0);
  CHECK_EQUAL(format(text, 4, "%s", "abcdef"), 6);
  CHECK_EQUAL(strcmp(text, "abc"), 0);
}

static void check_allocation(void) {
  u8 *first = malloc(100), *second = malloc(100), *third = malloc(100);
  CHECK(first && second && third);
  /* Freed neighbours join, so that a larger block fits in their place. */
  free(second);
  free(first);
  CHECK(malloc(200) == first);
  free(third);
  free(NULL);
  CHECK(malloc(~0ul) == NULL);
  CHECK(malloc(1ul << 60) == NULL);
}

int main(void) {
  check_sorting();
  check_moving();
  check_copying();
  check_strings();
  check_numbers();
  check_formatting();
  check_allocation();
  print("library: all as promised\n");
  return check_result();
}
