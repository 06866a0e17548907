/* Benchmark: product of two matrices of doubles. matmul [repeats] */
#include "lib.h"

enum { SIZE = 200 };

static double a[SIZE][SIZE], b[SIZE][SIZE], product[SIZE][SIZE];

static void multiply(void) {
  for (int i = 0; i < SIZE; i++) {
    for (int j = 0; j < SIZE; j++) product[i][j] = 0;
    for (int k = 0; k < SIZE; k++) {
      double factor = a[i][k];
      for (int j = 0; j < SIZE; j++) product[i][j] += factor * b[k][j];
    }
  }
}

int main(int argc, char **argv) {
  long repeats = number_or(argc > 1 ? argv[1] : NULL, 4);
  for (int i = 0; i < SIZE; i++) {
    for (int j = 0; j < SIZE; j++) {
      a[i][j] = 1.0 / (i + j + 1);
      b[i][j] = (double)((i * 7 + j * 3) % 11) - 5;
    }
  }
  u64 sum = CHECKSUM_SEED;
  for (long i = 0; i < repeats; i++) {
    multiply();
    sum = checksum(sum, product[i % SIZE], sizeof product[0]);
    a[0][0] += 0.5;
  }
  print("matmul %016lx\n", sum);
  return 0;
}
