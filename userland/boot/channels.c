/*
 * Boot stage: what channels have besides messages: news of threads' ends and pulses that share a row.
 */
#include "msg.h"
#include "thread.h"

#define SELF 0

static void *nothing(void *argument) { return argument; }

/* A pulse with the id of each thread that ends, whether it was made before the channel or after. */
static void check_thread_death(void) {
  long chid = sys_channel_create(CHF_THREAD_DEATH);
  CHECK(chid > 0);
  CHECK_EQUAL(sys_channel_create(CHF_THREAD_DEATH), -EBUSY);
  for (int i = 0; i < 3; i++) {
    struct thread *thread = thread_create(nothing, NULL);
    CHECK(thread != NULL);
    struct pulse p;
    CHECK_EQUAL(MsgReceive(chid, &p, sizeof p, NULL), 0);
    CHECK_EQUAL(p.code, PULSE_THREADDEATH);
    CHECK(p.value > sys_getpid());
    thread_join(thread);
  }
  CHECK_EQUAL(sys_channel_destroy(chid), 0);
}

/* Equal pulses in a row need no more room than one, and come one by one. */
static void check_equal_pulses(void) {
  enum { SENT = 300 };
  long chid = sys_channel_create(0);
  long coid = sys_connect_attach(SELF, chid);
  for (int i = 0; i < SENT; i++) CHECK_EQUAL(MsgSendPulse(coid, 5, 1, 7), 0);
  CHECK_EQUAL(MsgSendPulse(coid, 5, 2, 7), 0);
  struct pulse p;
  for (int i = 0; i < SENT; i++) {
    CHECK_EQUAL(MsgReceive(chid, &p, sizeof p, NULL), 0);
    CHECK_EQUAL(p.code, 1);
  }
  CHECK_EQUAL(MsgReceive(chid, &p, sizeof p, NULL), 0);
  CHECK_EQUAL(p.code, 2);
  CHECK_EQUAL(sys_connect_detach(coid), 0);
  CHECK_EQUAL(sys_channel_destroy(chid), 0);
}

int main(void) {
  check_thread_death();
  check_equal_pulses();
  if (check_result() == 0) print("channels: ends of threads told, equal pulses counted\n");
  return check_result();
}
