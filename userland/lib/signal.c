#include "lib.h"

static long install(int signal, u64 handler, u64 flags) {
  struct sigaction action = {handler, flags, 0};
  return sys_rt_sigaction(signal, (long)&action, 0, 8);
}

long signal_install(int signal, signal_handler handler, u64 flags) {
  return install(signal, (u64)handler, flags | SA_SIGINFO);
}

long signal_default(int signal) {
  return install(signal, SIG_DFL, 0);
}

long signal_ignore(int signal) {
  return install(signal, SIG_IGN, 0);
}

u64 signal_mask(int how, u64 set) {
  u64 old = 0;
  sys_rt_sigprocmask(how, (long)&set, (long)&old, 8);
  return old;
}
