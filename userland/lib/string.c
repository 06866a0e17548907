#include "lib.h"

typedef u64 __attribute__((may_alias)) word;

/* Misaligned word accesses are correct but may be slow, so words are used only at equal alignment. */
static int words_agree(const void *a, const void *b) {
  return (((u64)a ^ (u64)b) & 7) == 0;
}

void *memcpy(void *restrict to, const void *restrict from, usize count) {
  u8 *out = to;
  const u8 *in = from;
  if (words_agree(out, in)) {
    while (count && ((u64)out & 7)) {
      *out++ = *in++;
      count--;
    }
    while (count >= 32) {
      const word *w = (const word *)in;
      u64 a = w[0], b = w[1], c = w[2], d = w[3];
      word *o = (word *)out;
      o[0] = a;
      o[1] = b;
      o[2] = c;
      o[3] = d;
      in += 32;
      out += 32;
      count -= 32;
    }
  }
  while (count--) *out++ = *in++;
  return to;
}

void *memmove(void *to, const void *from, usize count) {
  u8 *out = to;
  const u8 *in = from;
  if (out <= in || out >= in + count) {
    for (usize i = 0; i < count; i++) out[i] = in[i];
  } else {
    while (count--) out[count] = in[count];
  }
  return to;
}

void *memset(void *to, int byte, usize count) {
  u8 *out = to;
  u64 pattern = (u8)byte * 0x0101010101010101ull;
  while (count && ((u64)out & 7)) {
    *out++ = (u8)byte;
    count--;
  }
  for (; count >= 8; count -= 8, out += 8) *(word *)out = pattern;
  while (count--) *out++ = (u8)byte;
  return to;
}

int memcmp(const void *a, const void *b, usize count) {
  const u8 *left = a, *right = b;
  for (usize i = 0; i < count; i++) {
    if (left[i] != right[i]) return left[i] - right[i];
  }
  return 0;
}

usize strlen(const char *text) {
  const char *end = text;
  while (*end) end++;
  return (usize)(end - text);
}

int strncmp(const char *a, const char *b, usize count) {
  for (usize i = 0; i < count; i++) {
    if (a[i] != b[i] || !a[i]) return (u8)a[i] - (u8)b[i];
  }
  return 0;
}

int strcmp(const char *a, const char *b) {
  return strncmp(a, b, ~0ul);
}

char *strchr(const char *text, int character) {
  for (;; text++) {
    if (*text == (char)character) return (char *)text;
    if (!*text) return NULL;
  }
}

char *strrchr(const char *text, int character) {
  const char *found = NULL;
  for (;; text++) {
    if (*text == (char)character) found = text;
    if (!*text) return (char *)found;
  }
}

char *strcpy(char *to, const char *from) {
  memcpy(to, from, strlen(from) + 1);
  return to;
}
