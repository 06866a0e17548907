/* Measure: N children that execute this program anew. forkexec [N] */
#include "lib.h"

int main(int argc, char **argv) {
  if (argc > 2 && strcmp(argv[1], "exit") == 0) return (int)strtol(argv[2], NULL, 10);
  long count = number_or(argc > 1 ? argv[1] : NULL, 500);
  char path[256];
  sibling_path(path, sizeof path, "forkexec");
  char *again[] = {path, "exit", "5", NULL};
  u64 sum = 0;
  for (long i = 0; i < count; i++) sum += (u64)EXIT_STATUS(wait_for(spawn(path, again)));
  print("forkexec %lu\n", sum);
  return sum == 5 * (u64)count ? 0 : 1;
}
