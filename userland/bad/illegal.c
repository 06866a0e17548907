/* Hostile: executes an instruction that is none. Dies of SIGILL. */
int main(void) {
  __asm__ volatile(".half 0");
  return 0;
}
