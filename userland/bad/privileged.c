/* Hostile: reads a supervisor register. Dies of SIGILL. */
int main(void) {
  __asm__ volatile("csrr zero, satp");
  return 0;
}
