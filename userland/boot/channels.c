/*
 * Boot stage: what channels have besides messages: news of threads' ends, pulses that share a row,
 * posts that wait in a ring, and notifications of several channels.
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

/* A child posts as fast as it can; what does not fit it posts again. Nothing is lost or overtaken. */
static void check_posts(void) {
  enum { POSTS = 200, ROOM = 8 };
  long chid = sys_channel_create_async(0, ROOM);
  CHECK(chid > 0);
  CHECK_EQUAL(sys_channel_create_async(0, 257), -EINVAL);
  long child = fork();
  if (child == 0) {
    long coid = sys_connect_attach(sys_getppid(), chid);
    u64 words[5] = {0};
    for (u64 i = 0; i < POSTS;) {
      for (u64 w = 0; w < 4; w++) words[w] = i + w;
      long posted = MsgPost(coid, words, POST_BYTES);
      if (posted != 0 && posted != -EAGAIN) exit(1);
      if (posted == 0) i++;
      else sys_sched_yield();
    }
    exit(MsgPost(coid, words, 33) == -EINVAL ? 0 : 2);
  }
  u64 words[4];
  for (u64 i = 0; i < POSTS; i++) {
    CHECK_EQUAL(MsgReceive(chid, words, sizeof words, NULL), 0);
    CHECK_EQUAL(words[0], i);
    CHECK_EQUAL(words[3], i + 3);
  }
  CHECK_EQUAL(wait_for(child), 0);
  /* Nobody receives: what the ring holds, and no more. */
  long coid = sys_connect_attach(SELF, chid);
  for (int i = 0; i < ROOM; i++) CHECK_EQUAL(MsgPost(coid, &i, sizeof i), 0);
  CHECK_EQUAL(MsgPost(coid, "", 0), -EAGAIN);
  CHECK_EQUAL(sys_channel_destroy(chid), 0);
  CHECK_EQUAL(MsgPost(coid, "", 0), -EBADF);
  CHECK_EQUAL(sys_connect_detach(coid), 0);
}

/* One thread waits for two channels at once. */
static void check_binding(void) {
  long token = sys_notification_create();
  long posts = sys_channel_create_async(0, 4);
  long pulses = sys_channel_create(0);
  CHECK_EQUAL(sys_channel_bind(posts, token, 1), 0);
  CHECK_EQUAL(sys_channel_bind(pulses, token, 2), 0);
  long child = fork();
  if (child == 0) {
    long a = sys_connect_attach(sys_getppid(), posts);
    long b = sys_connect_attach(sys_getppid(), pulses);
    exit(MsgPost(a, "", 0) == 0 && MsgSendPulse(b, -1, 1, 2) == 0 ? 0 : 1);
  }
  long bits = 0;
  while (bits != 3) bits |= sys_notification_wait(token, 0);
  CHECK_EQUAL(wait_for(child), 0);
  CHECK_EQUAL(sys_channel_bind(posts, 0, 0), 0);
  CHECK_EQUAL(sys_channel_destroy(posts), 0);
  CHECK_EQUAL(sys_channel_destroy(pulses), 0);
  CHECK_EQUAL(sys_cap_delete(token), 0);
}

int main(void) {
  check_thread_death();
  check_equal_pulses();
  check_posts();
  check_binding();
  if (check_result() == 0) print("channels: ends of threads told, equal pulses counted, posts kept in order\n");
  return check_result();
}
