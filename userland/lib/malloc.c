#include "lib.h"

/* In front of every block; its size counts itself. Blocks of the heap are multiples of 16. */
struct header {
  usize size;
  struct header *next;
};

enum { LARGE = 128 * 1024, GROWTH = 64 * 1024 };

static struct header *free_blocks;
static u64 heap_end, heap_limit;

static usize rounded(usize size, usize to) {
  return (size + to - 1) & ~(to - 1);
}

long map_pages(usize length, int protection) {
  return sys_mmap(0, (long)length, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static struct header *take_free(usize size) {
  for (struct header **link = &free_blocks; *link; link = &(*link)->next) {
    struct header *block = *link;
    if (block->size < size) continue;
    if (block->size - size >= 64) {
      struct header *rest = (struct header *)((u8 *)block + size);
      rest->size = block->size - size;
      rest->next = block->next;
      *link = rest;
      block->size = size;
    } else {
      *link = block->next;
    }
    return block;
  }
  return NULL;
}

static struct header *take_new(usize size) {
  if (!heap_end) heap_end = heap_limit = rounded((u64)sys_brk(0), 16);
  if (heap_limit - heap_end < size) {
    u64 wanted = rounded(heap_end + size, GROWTH);
    if ((u64)sys_brk((long)wanted) < wanted) return NULL;
    heap_limit = wanted;
  }
  struct header *block = (struct header *)heap_end;
  heap_end += size;
  block->size = size;
  return block;
}

void *malloc(usize size) {
  if (size > ~0ul / 2) return NULL;
  usize whole = rounded(size + sizeof(struct header), 16);
  if (whole >= LARGE) {
    whole = rounded(whole, PAGE);
    long address = map_pages(whole, PROT_READ | PROT_WRITE);
    if (address < 0) return NULL;
    ((struct header *)address)->size = whole;
    return (struct header *)address + 1;
  }
  struct header *block = take_free(whole);
  if (!block) block = take_new(whole);
  return block ? block + 1 : NULL;
}

void free(void *memory) {
  if (!memory) return;
  struct header *block = (struct header *)memory - 1;
  if (block->size >= LARGE) {
    sys_munmap((long)block, (long)block->size);
    return;
  }
  /* Kept in address order, so that neighbours can be joined. */
  struct header **link = &free_blocks;
  struct header *before = NULL;
  while (*link && *link < block) {
    before = *link;
    link = &before->next;
  }
  block->next = *link;
  *link = block;
  if (block->next && (u8 *)block + block->size == (u8 *)block->next) {
    block->size += block->next->size;
    block->next = block->next->next;
  }
  if (before && (u8 *)before + before->size == (u8 *)block) {
    before->size += block->size;
    before->next = block->next;
  }
}
