/* Threads by token. */
#include "native.h"

enum { STACK_BYTES = 16384 };

struct native_thread native_start(void (*entry)(long), long argument, int priority) {
  struct native_thread thread = {-1, map_pages(STACK_BYTES, PROT_READ | PROT_WRITE)};
  if (thread.stack < 0) return thread;
  long process = sys_cap_process(0);
  thread.token =
      sys_thread_create(process, (long)entry, thread.stack + STACK_BYTES, argument, priority);
  sys_cap_delete(process);
  if (thread.token < 0) sys_munmap(thread.stack, STACK_BYTES);
  return thread;
}

void native_free(struct native_thread *thread) {
  sys_cap_delete(thread->token);
  sys_munmap(thread->stack, STACK_BYTES);
}
