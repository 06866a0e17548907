/* Measure: N first touches of pages, mapped and given back 256 at a time. pagefault [N] */
#include "lib.h"

int main(int argc, char **argv) {
  enum { BATCH = 256 };
  long count = number_or(argc > 1 ? argv[1] : NULL, 20480);
  u64 sum = 0;
  for (long done = 0; done < count; done += BATCH) {
    long area = map_pages(BATCH * PAGE, PROT_READ | PROT_WRITE);
    if (area < 0) return 1;
    for (u64 i = 0; i < BATCH; i++) {
      volatile u64 *word = (volatile u64 *)(area + i * PAGE);
      *word = i;
      sum += *word + 1;
    }
    sys_munmap(area, BATCH * PAGE);
  }
  print("pagefault %lu\n", sum);
  return 0;
}
