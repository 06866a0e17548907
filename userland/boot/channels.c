/*
 * Boot stage: what channels have besides messages: news of threads' ends, pulses that share a row,
 * posts that wait in a ring, notifications of several channels, names, limits and counters.
 */
#include "msg.h"
#include "thread.h"

#define SELF 0
#define SLOT_NAMES 256

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
  for (int i = 0; i < SENT; i++) CHECK_EQUAL(MsgSendPulse(coid, -1, 1, 7), 0);
  CHECK_EQUAL(MsgSendPulse(coid, -1, 2, 7), 0);
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

/* A server is found by its name, by whoever has not given up looking. */
static void check_names(void) {
  long chid = sys_channel_create(0);
  CHECK_EQUAL(name_open("/dev/adder"), -ENOENT);
  CHECK_EQUAL(name_attach("/dev/adder", chid), 0);
  CHECK_EQUAL(name_attach("/dev/adder", chid), -EEXIST);
  CHECK_EQUAL(name_attach("", chid), -EINVAL);
  long child = fork();
  if (child == 0) {
    long coid = name_open("/dev/adder");
    struct msg m = {16, {40, 2}};
    if (msg_send(coid, &m) != 0 || m.word[0] != 42) exit(1);
    if (name_detach("/dev/adder") != -EPERM) exit(2);
    sys_cap_renounce(SLOT_NAMES);
    exit(name_open("/dev/adder") == -EPERM ? 0 : 3);
  }
  /* What executes another program has no channels any more, nor their names. */
  long other = fork();
  if (other == 0) {
    long own = sys_channel_create_async(CHF_THREAD_DEATH, 16);
    long coid = sys_connect_attach(SELF, own);
    if (name_attach("/dev/other", own) != 0 || MsgPost(coid, "", 0) != 0) exit(1);
    char *argv[] = {"channels", "end", NULL};
    char *envp[] = {NULL};
    sys_execve((long)"/proc/self/exe", (long)argv, (long)envp);
    exit(2);
  }
  CHECK_EQUAL(wait_for(other), 0);
  CHECK_EQUAL(name_open("/dev/other"), -ENOENT);
  struct msg m;
  long receipt = msg_receive(chid, &m);
  m.word[0] += m.word[1];
  m.tag = reply_tag(0, 8);
  CHECK_EQUAL(msg_trap(SYS_msg_reply, receipt, &m), 0);
  CHECK_EQUAL(wait_for(child), 0);
  CHECK_EQUAL(sys_channel_destroy(chid), 0);
  CHECK_EQUAL(name_open("/dev/adder"), -ENOENT);
}

/* Who sends too much is refused, whoever else sends is not, and the channel's owner sees it. */
static void check_limits(void) {
  enum { BURST = 5, SENT = 50 };
  long chid = sys_channel_create_async(0, SENT);
  CHECK_EQUAL(sys_channel_limit(chid, 1000, BURST), 0);
  CHECK_EQUAL(sys_channel_limit(chid, 1000, 0), -EINVAL);
  long child = fork();
  if (child == 0) {
    long coid = sys_connect_attach(sys_getppid(), chid);
    int posted = 0, refused = 0;
    for (int i = 0; i < SENT; i++) {
      long r = MsgPost(coid, &i, sizeof i);
      posted += r == 0;
      refused += r == -EDQUOT;
    }
    if (posted < BURST || posted + refused != SENT || refused == 0) exit(1);
    struct timespec pause = {0, 2000000};
    sys_nanosleep((long)&pause, 0);
    exit(MsgPost(coid, "", 0) == 0 && MsgPost(coid, "", 0) == 0 ? 0 : 2);
  }
  CHECK_EQUAL(wait_for(child), 0);
  long coid = sys_connect_attach(SELF, chid);
  CHECK_EQUAL(MsgPost(coid, "", 0), 0);
  struct channel_counters c;
  CHECK_EQUAL(channel_counters(chid, &c), 0);
  CHECK_EQUAL(c.posted + c.limited, SENT + 3);
  CHECK_EQUAL(c.waiting, c.posted);
  CHECK_EQUAL(c.arrivals, c.posted);
  CHECK_EQUAL(c.received + c.answered + c.pulsed + c.full, 0);
  CHECK_EQUAL(channel_counters(chid, (void *)8), -EFAULT);
  CHECK_EQUAL(sys_channel_destroy(chid), 0);
}

int main(int argc, char **argv) {
  (void)argv;
  /* Executed by the stage itself. */
  if (argc > 1) return 0;
  check_thread_death();
  check_equal_pulses();
  check_posts();
  check_binding();
  check_names();
  check_limits();
  if (check_result() == 0) {
    print("channels: ends of threads told, pulses counted, posts in order, names, limits\n");
  };
  return check_result();
}
