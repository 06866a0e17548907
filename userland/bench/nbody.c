/* Benchmark: five bodies under gravity, stepped in doubles. nbody [steps] */
#include "lib.h"

enum { BODIES = 5 };

struct body {
  double position[3], velocity[3], mass;
};

/* A made-up system: one heavy body and four light ones on circles about it. */
static struct body bodies[BODIES] = {
    {{0, 0, 0}, {0, 0, 0}, 40},
    {{5, 0, 0.5}, {0, 2.8, 0}, 0.04},
    {{0, 9, -0.3}, {-2.1, 0, 0.1}, 0.012},
    {{-14, 0, 0.2}, {0, -1.7, 0}, 0.002},
    {{0, -20, 0}, {1.4, 0, -0.05}, 0.003},
};

static double root(double value) {
  double result;
  __asm__("fsqrt.d %0, %1" : "=f"(result) : "f"(value));
  return result;
}

static void attract(struct body *a, struct body *b, double step) {
  double apart[3], squared = 0;
  for (int i = 0; i < 3; i++) {
    apart[i] = a->position[i] - b->position[i];
    squared += apart[i] * apart[i];
  }
  double strength = step / (squared * root(squared));
  for (int i = 0; i < 3; i++) {
    a->velocity[i] -= apart[i] * b->mass * strength;
    b->velocity[i] += apart[i] * a->mass * strength;
  }
}

static void advance(double step) {
  for (int i = 0; i < BODIES; i++) {
    for (int j = i + 1; j < BODIES; j++) attract(&bodies[i], &bodies[j], step);
  }
  for (int i = 0; i < BODIES; i++) {
    for (int c = 0; c < 3; c++) bodies[i].position[c] += step * bodies[i].velocity[c];
  }
}

int main(int argc, char **argv) {
  long steps = number_or(argc > 1 ? argv[1] : NULL, 400000);
  for (long i = 0; i < steps; i++) advance(0.001);
  print("nbody %016lx\n", checksum(CHECKSUM_SEED, bodies, sizeof bodies));
  return 0;
}
