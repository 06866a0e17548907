#include "lib.h"

static int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 99;
}

long strtol(const char *text, char **end, int base) {
  const char *at = text;
  while (*at == ' ' || (*at >= '\t' && *at <= '\r')) at++;
  int negative = *at == '-';
  if (*at == '-' || *at == '+') at++;
  int hex_prefix = at[0] == '0' && (at[1] == 'x' || at[1] == 'X') && digit_value(at[2]) < 16;
  if ((base == 0 || base == 16) && hex_prefix) {
    at += 2;
    base = 16;
  }
  if (base == 0) base = *at == '0' ? 8 : 10;
  u64 limit = (~0ull >> 1) + (u64)negative;
  u64 value = 0;
  int digits = 0;
  for (; digit_value(*at) < base; at++, digits++) {
    u64 digit = (u64)digit_value(*at);
    value = value > (limit - digit) / (u64)base ? limit : value * (u64)base + digit;
  }
  if (end) *end = (char *)(digits ? at : text);
  return (long)(negative ? 0 - value : value);
}

long number_or(const char *text, long missing) {
  return text ? strtol(text, NULL, 10) : missing;
}
