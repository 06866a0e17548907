/* Benchmark: counts primes below two million with a sieve of bytes. sieve [repeats] */
#include "lib.h"

enum { LIMIT = 2000000 };

static u8 composite[LIMIT];

static u64 count_primes(void) {
  memset(composite, 0, sizeof composite);
  u64 count = 0;
  for (u64 i = 2; i < LIMIT; i++) {
    if (composite[i]) continue;
    count++;
    for (u64 multiple = i * i; multiple < LIMIT; multiple += i) composite[multiple] = 1;
  }
  return count;
}

int main(int argc, char **argv) {
  long repeats = number_or(argc > 1 ? argv[1] : NULL, 7);
  u64 sum = 0;
  for (long i = 0; i < repeats; i++) sum = sum * 31 + count_primes();
  print("sieve %016lx\n", sum);
  return 0;
}
