#include "lib.h"

typedef __builtin_va_list arguments;

struct output {
  char *to;
  usize size;
  usize length;
};

static void put(struct output *out, char c) {
  if (out->length + 1 < out->size) out->to[out->length] = c;
  out->length++;
}

static void put_padded(struct output *out, const char *text, usize length, usize width, char pad) {
  for (usize i = length; i < width; i++) put(out, pad);
  for (usize i = 0; i < length; i++) put(out, text[i]);
}

static void put_number(struct output *out, u64 value, unsigned base, int negative, usize width,
                       char pad) {
  char digits[24];
  usize at = sizeof digits;
  do {
    digits[--at] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value);
  if (negative && pad == '0') {
    put(out, '-');
    if (width) width--;
  } else if (negative) {
    digits[--at] = '-';
  }
  put_padded(out, digits + at, sizeof digits - at, width, pad);
}

static usize format_list(char *to, usize size, const char *pattern, arguments list) {
  struct output out = {to, size, 0};
  for (; *pattern; pattern++) {
    if (*pattern != '%') {
      put(&out, *pattern);
      continue;
    }
    pattern++;
    char pad = *pattern == '0' ? '0' : ' ';
    usize width = 0;
    while (*pattern >= '0' && *pattern <= '9') width = width * 10 + (usize)(*pattern++ - '0');
    int wide = *pattern == 'l';
    if (wide) pattern++;
    switch (*pattern) {
      case 'd': {
        i64 value = wide ? __builtin_va_arg(list, i64) : __builtin_va_arg(list, i32);
        put_number(&out, value < 0 ? 0 - (u64)value : (u64)value, 10, value < 0, width, pad);
        break;
      }
      case 'u':
      case 'x': {
        u64 value = wide ? __builtin_va_arg(list, u64) : __builtin_va_arg(list, u32);
        put_number(&out, value, *pattern == 'x' ? 16 : 10, 0, width, pad);
        break;
      }
      case 'p':
        put(&out, '0');
        put(&out, 'x');
        put_number(&out, (u64)__builtin_va_arg(list, void *), 16, 0, 0, ' ');
        break;
      case 's': {
        const char *text = __builtin_va_arg(list, const char *);
        put_padded(&out, text, strlen(text), width, ' ');
        break;
      }
      case 'c':
        put(&out, (char)__builtin_va_arg(list, int));
        break;
      default:
        put(&out, *pattern);
    }
  }
  if (size) to[out.length < size ? out.length : size - 1] = 0;
  return out.length;
}

usize format(char *to, usize size, const char *pattern, ...) {
  arguments list;
  __builtin_va_start(list, pattern);
  usize length = format_list(to, size, pattern, list);
  __builtin_va_end(list);
  return length;
}

/* The whole text goes out in one write, so that lines of several processes do not mix. */
static void print_list(int fd, const char *pattern, arguments list) {
  char line[512];
  usize length = format_list(line, sizeof line, pattern, list);
  write_all(fd, line, length < sizeof line ? length : sizeof line - 1);
}

void print_to(int fd, const char *pattern, ...) {
  arguments list;
  __builtin_va_start(list, pattern);
  print_list(fd, pattern, list);
  __builtin_va_end(list);
}

void print(const char *pattern, ...) {
  arguments list;
  __builtin_va_start(list, pattern);
  print_list(1, pattern, list);
  __builtin_va_end(list);
}
