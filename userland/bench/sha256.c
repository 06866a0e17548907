/* Benchmark: SHA-256 of 64 KiB, each round hashing the digest of the last. sha256 [rounds] */
#include "lib.h"

enum { SIZE = 65536 };

static u32 constants[64];
static u8 message[SIZE];

static u32 rotate(u32 value, int by) {
  return value >> by | value << (32 - by);
}

/* The first 32 bits of the fractional part of the `root`-th root (2 or 3) of `prime`. */
static u32 root_fraction(u32 prime, int root) {
  /* The largest x with x^root <= prime * 2^(32 * root), found bit by bit in 128-bit numbers. */
  unsigned __int128 target = (unsigned __int128)prime << (32 * root);
  u64 x = 0;
  for (int bit = 35; bit >= 0; bit--) {
    u64 next = x | 1ull << bit;
    unsigned __int128 power = (unsigned __int128)next * next;
    if (root == 3) power *= next;
    if (power <= target) x = next;
  }
  return (u32)x;
}

static void prepare(u32 state[8]) {
  int found = 0;
  for (u32 candidate = 2; found < 64; candidate++) {
    int prime = 1;
    for (u32 d = 2; d * d <= candidate; d++) prime &= candidate % d != 0;
    if (!prime) continue;
    if (found < 8) state[found] = root_fraction(candidate, 2);
    constants[found++] = root_fraction(candidate, 3);
  }
}

static void compress(u32 state[8], const u8 *block) {
  u32 w[64];
  for (int i = 0; i < 16; i++) {
    w[i] = (u32)block[4 * i] << 24 | (u32)block[4 * i + 1] << 16 | (u32)block[4 * i + 2] << 8 |
           block[4 * i + 3];
  }
  for (int i = 16; i < 64; i++) {
    u32 low = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
    u32 high = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + low + w[i - 7] + high;
  }
  u32 a = state[0], b = state[1], c = state[2], d = state[3];
  u32 e = state[4], f = state[5], g = state[6], h = state[7];
  for (int i = 0; i < 64; i++) {
    u32 one = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    u32 first = h + one + ((e & f) ^ (~e & g)) + constants[i] + w[i];
    u32 zero = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    u32 second = zero + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + first;
    d = c, c = b, b = a, a = first + second;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d;
  state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

/* The digest of a message whose length is a multiple of 64. */
static void digest(u8 out[32], const u32 initial[8], const u8 *bytes, usize count) {
  u32 state[8];
  memcpy(state, initial, sizeof state);
  for (usize at = 0; at < count; at += 64) compress(state, bytes + at);
  u8 last[64] = {0x80};
  for (int i = 0; i < 8; i++) last[63 - i] = (u8)(count * 8 >> 8 * i);
  compress(state, last);
  for (int i = 0; i < 32; i++) out[i] = (u8)(state[i / 4] >> (24 - 8 * (i % 4)));
}

int main(int argc, char **argv) {
  long rounds = number_or(argc > 1 ? argv[1] : NULL, 50);
  u32 initial[8];
  u8 out[32];
  char text[65];
  prepare(initial);
  for (usize i = 0; i < SIZE; i++) message[i] = (u8)i;
  for (long i = 0; i < rounds; i++) {
    digest(out, initial, message, SIZE);
    memcpy(message, out, sizeof out);
  }
  for (int i = 0; i < 32; i++) format(text + 2 * i, 3, "%02x", out[i]);
  print("sha256 %s\n", rounds > 0 ? text : "-");
  return 0;
}
