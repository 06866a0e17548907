/* Measure: N round trips of a message between two processes. msgpong [N [hart-apart]] */
#include "msg.h"

int main(int argc, char **argv) {
  long count = number_or(argc > 1 ? argv[1] : NULL, 20000);
  long apart = number_or(argc > 2 ? argv[2] : NULL, 0);
  long chid = sys_channel_create(0);
  long parent = sys_getpid();
  pin_to_hart(0);
  long child = fork();
  if (child == 0) {
    pin_to_hart(apart);
    long coid = sys_connect_attach(parent, chid);
    u64 sum = 0;
    for (long i = 0; i < count; i++) {
      struct msg m = {8, {(u64)i}};
      if (msg_send(coid, &m) != 0) exit(1);
      sum += m.word[0];
    }
    exit(sum == (u64)count * (u64)(count + 1) / 2 ? 0 : 2);
  }
  struct msg m;
  long receipt = msg_receive(chid, &m);
  for (long i = 1; i < count; i++) {
    m.word[0]++;
    m.tag = 8;
    receipt = msg_reply_receive(receipt, &m);
  }
  m.word[0]++;
  m.tag = 8;
  msg_trap(SYS_msg_reply, receipt, &m);
  if (wait_for(child)) return 1;
  print("msgpong %ld\n", count);
  return 0;
}
