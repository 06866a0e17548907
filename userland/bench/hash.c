/* Benchmark: a chained hash table is filled, searched and thinned out. hash [repeats] */
#include "lib.h"

enum { BUCKETS = 1 << 14, NODES = 60000 };

struct node {
  struct node *next;
  u64 key, value;
};

static struct node *buckets[BUCKETS];
static struct node nodes[NODES];

static struct node **bucket_of(u64 key) {
  return &buckets[key * 0x9e3779b97f4a7c15ull >> 50];
}

static u64 one_round(u64 *state) {
  memset(buckets, 0, sizeof buckets);
  u64 first = *state;
  for (int i = 0; i < NODES; i++) {
    struct node *node = &nodes[i];
    node->key = random_next(state) >> 20;
    node->value = (u64)i;
    struct node **bucket = bucket_of(node->key);
    node->next = *bucket;
    *bucket = node;
  }
  u64 found = 0;
  for (int pass = 0; pass < 4; pass++) {
    u64 replay = first;
    for (int i = 0; i < NODES; i++) {
      u64 key = (random_next(&replay) >> 20) + (u64)(pass & i & 1);
      struct node *node = *bucket_of(key);
      while (node && node->key != key) node = node->next;
      if (node) found += node->value;
    }
  }
  for (int i = 0; i < BUCKETS; i++) {
    for (struct node **link = &buckets[i]; *link;) {
      if ((*link)->key % 3 == 0) {
        *link = (*link)->next;
      } else {
        found ^= (*link)->key;
        link = &(*link)->next;
      }
    }
  }
  return found;
}

int main(int argc, char **argv) {
  long repeats = number_or(argc > 1 ? argv[1] : NULL, 20);
  u64 state = 7, sum = 0;
  for (long i = 0; i < repeats; i++) sum = sum * 31 + one_round(&state);
  print("hash %016lx\n", sum);
  return 0;
}
