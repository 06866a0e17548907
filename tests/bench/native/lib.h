/*
 * What the compute programs of userland/bench use of userland/lib/lib.h, over the host's own C
 * library: one translation unit with string.c and checksum.c makes a native program.
 */
#pragma once

#include "../../../userland/lib/abi.h"

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
long strtol(const char *text, char **end, int base);
static inline long number_or(const char *text, long missing) {
  return text ? strtol(text, NULL, 10) : missing;
}

u64 checksum(u64 hash, const void *bytes, usize count);
#define CHECKSUM_SEED 0xcbf29ce484222325ull
u64 random_next(u64 *state);

int printf(const char *pattern, ...);
int snprintf(char *to, usize size, const char *pattern, ...);
#define print printf
#define format snprintf

/* Of inline assembly there is one: the square root of nbody. */
#define __asm__(...) (result = __builtin_sqrt(value))
