/*
 * A server and a client on harts of their own that exchange messages for as long as another load
 * runs. Where there are harts enough they go before all else there, and must get on all the time.
 */
#pragma once
#include "msg.h"
#include "thread.h"

/* What the two share with whoever started them. */
struct stressor {
  volatile long chid;
  volatile u64 sent;
  volatile u64 served;
  volatile u64 stop;
  u64 seen_sent;
  u64 seen_served;
  long server;
  long client;
};

static inline u64 stressor_answer(u64 nonce) { return nonce * 0x9e3779b97f4a7c15ull + 1; }

/* Fewer harts, and the pairs of several loads would leave no hart to anyone else. */
static inline int stressor_goes_first(void) { return hart_count() >= 8; }

/* Pins the caller to a hart, to be the first there if it may. */
static inline int stressor_settle(long hart) {
  int first = stressor_goes_first();
  return pin_to_hart(hart) == 0 && (!first || thread_priority(1) == 0);
}

static __attribute__((noreturn, unused)) void be_stressor_server(struct stressor *stressor,
                                                                     long hart) {
  if (!stressor_settle(hart)) exit(1);
  long chid = sys_channel_create(0);
  if (chid <= 0) exit(2);
  stressor->chid = chid;
  struct msg m;
  long receipt = msg_receive(chid, &m);
  while (receipt > 0) {
    if (m.word[0] != stressor->served) exit(3);
    u64 last = m.word[2];
    m.tag = reply_tag(0, 16);
    m.word[1] = stressor_answer(m.word[1]);
    stressor->served++;
    if (last) {
      if (msg_trap(SYS_msg_reply, receipt, &m)) exit(4);
      exit(sys_channel_destroy(chid) == 0 ? 0 : 5);
    }
    receipt = msg_reply_receive(receipt, &m);
  }
  exit(6);
}

static __attribute__((noreturn, unused)) void be_stressor_client(struct stressor *stressor,
                                                                     long hart) {
  /* Before it goes ahead of others: the server may be among them still. */
  while (stressor->chid == 0) sys_sched_yield();
  if (!stressor_settle(hart)) exit(1);
  long coid = sys_connect_attach(stressor->server, stressor->chid);
  if (coid < 0) exit(2);
  u64 random = 63;
  for (;;) {
    u64 nonce = random_next(&random), last = stressor->stop;
    struct msg m = {24, {stressor->sent, nonce, last}};
    if (msg_send(coid, &m) != 0) exit(3);
    if (m.word[1] != stressor_answer(nonce)) exit(4);
    stressor->sent++;
    if (last) exit(sys_connect_detach(coid) == 0 ? 0 : 5);
  }
}

/* Starts both, as children of the caller, on `hart` and the next one. */
static inline struct stressor *stressor_start(long hart) {
  long at = sys_mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at < 0) return NULL;
  struct stressor *stressor = (struct stressor *)at;
  long server = fork();
  if (server == 0) be_stressor_server(stressor, hart);
  stressor->server = server;
  long client = fork();
  if (client == 0) be_stressor_client(stressor, hart + 1);
  stressor->client = client;
  return stressor;
}

/* Whether both have got on since the last look, as they must where they go first. */
static inline int stressor_got_on(struct stressor *stressor) {
  u64 sent = stressor->sent, served = stressor->served;
  int both = sent > stressor->seen_sent && served > stressor->seen_served;
  stressor->seen_sent = sent;
  stressor->seen_served = served;
  return both || !stressor_goes_first();
}

/* Ends both; the round trips they made, or -1 when one of them found something wrong. */
static inline long stressor_end(struct stressor *stressor) {
  stressor->stop = 1;
  long client = wait_for(stressor->client), server = wait_for(stressor->server);
  long made = (long)stressor->sent;
  if (client != 0 || server != 0 || stressor->served != stressor->sent) made = -1;
  sys_munmap((long)stressor, PAGE);
  return made;
}
