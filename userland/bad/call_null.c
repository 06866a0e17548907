/* Hostile: calls address zero. Dies of SIGSEGV with pc 0. */
int main(void) {
  __asm__ volatile("jalr zero" ::: "ra", "memory");
  return 0;
}
