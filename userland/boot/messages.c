/*
 * Boot stage: messages between processes: registers, memory, parts, pulses, errors, and what ends a
 * call that waits.
 *
 * messages [CLIENTS [LAPS [SERVERS]]]
 */
#include "msg.h"
#include "progress.h"

enum { MOST_CLIENTS = 64, PARTS = 4 };
#define SELF 0
#define BIG 100000

static long parent(void) { return sys_getppid(); }

/* The number that client `client` of server `server` sends in its turn `lap`. */
static u64 nonce_of(long server, long client, long lap) {
  u64 state = (u64)server << 48 ^ (u64)client << 32 ^ (u64)lap;
  return random_next(&state);
}

static u64 answer_to(u64 nonce) { return nonce * 0x9e3779b97f4a7c15ull + 1; }

/* The first process of the demonstration is on hart 0, its clients are on the next ones. */
static void check_separate_harts(void) {
  enum { CLIENTS = 7, LAPS = 2 };
  long chid = sys_channel_create(0);
  CHECK_EQUAL(pin_to_hart(0), 0);
  for (int i = 0; i < CLIENTS; i++) {
    long child = fork();
    CHECK(child >= 0);
    if (child > 0) continue;
    if (pin_to_hart(i + 1) != 0) exit(1);
    long coid = sys_connect_attach(parent(), chid);
    for (int lap = 0; lap < LAPS; lap++) {
      u64 nonce = nonce_of(0, i, lap);
      struct msg m = {16, {nonce, (u64)current_hart()}};
      if (msg_send(coid, &m) != 0 || m.word[0] != answer_to(nonce)) exit(2);
    }
    exit(0);
  }
  u64 harts = 1ull << current_hart();
  int answered = 0;
  for (; answered < CLIENTS * LAPS; answered++) {
    struct msg m;
    long receipt = msg_receive(chid, &m);
    CHECK(receipt > 0);
    harts |= 1ull << (m.word[1] & 63);
    m.tag = reply_tag(0, 16);
    m.word[0] = answer_to(m.word[0]);
    CHECK_EQUAL(msg_trap(SYS_msg_reply, receipt, &m), 0);
  }
  for (int i = 0; i < CLIENTS; i++) CHECK_EQUAL(wait_for(-1), 0);
  CHECK_EQUAL(unpin(), 0);
  long there = hart_count();
  CHECK_EQUAL(__builtin_popcountl(harts), there < CLIENTS + 1 ? there : CLIENTS + 1);
  CHECK_EQUAL(sys_channel_destroy(chid), 0);
  print("messages: %d round trips with %d clients on %d harts\n", answered, CLIENTS,
        __builtin_popcountl(harts));
}

static __attribute__((noreturn)) void fail(const char *what, long client, long lap) {
  print("messages: client %ld, message %ld: %s\n", client, lap, what);
  exit(1);
}

static __attribute__((noreturn)) void be_client(long server, long client, long chid, long laps) {
  long coid = sys_connect_attach(parent(), chid);
  if (coid < 0) fail("no connection", client, coid);
  for (long lap = 0; lap < laps; lap++) {
    u64 nonce = nonce_of(server, client, lap);
    struct msg m = {24, {(u64)client, (u64)lap, nonce}};
    if (msg_send(coid, &m) != 7 || m.tag >> 32 != 7) fail("status", client, lap);
    if (m.word[0] != (u64)client || m.word[1] != (u64)lap) fail("another's answer", client, lap);
    if (m.word[2] != answer_to(nonce)) fail("nonce", client, lap);
  }
  if (sys_connect_detach(coid)) fail("detach", client, laps);
  exit(0);
}

/* One server answers `clients` processes that send `laps` messages each, in their order. */
static void check_round_trips(long server, long clients, long laps) {
  long chid = sys_channel_create(0), next[MOST_CLIENTS] = {0};
  CHECK(chid > 0);
  for (long i = 0; i < clients; i++) {
    long child = fork();
    CHECK(child >= 0);
    if (child == 0) be_client(server, i, chid, laps);
  }
  struct msg m;
  long receipt = msg_receive(chid, &m);
  for (long n = 1;; n++) {
    CHECK(receipt > 0);
    CHECK_EQUAL(m.tag, 24);
    CHECK(m.word[0] < (u64)clients);
    u64 client = m.word[0] % MOST_CLIENTS;
    CHECK_EQUAL(m.word[1], next[client]++);
    CHECK_EQUAL(m.word[2], nonce_of(server, (long)client, (long)m.word[1]));
    m.tag = reply_tag(7, 24);
    m.word[2] = answer_to(m.word[2]);
    mark_part("messages", n, clients * laps, PARTS);
    if (n == clients * laps || check_result()) break;
    receipt = msg_reply_receive(receipt, &m);
  }
  CHECK_EQUAL(msg_trap(SYS_msg_reply, receipt, &m), 0);
  /* A receipt answers once. */
  CHECK_EQUAL(msg_trap(SYS_msg_reply, receipt, &m), -ESRCH);
  for (long i = 0; i < clients; i++) CHECK_EQUAL(next[i], laps);
  CHECK_EQUAL(sys_channel_destroy(chid), 0);
  for (long i = 0; i < clients; i++) CHECK_EQUAL(wait_for(-1), 0);
  CHECK_EQUAL(sys_channel_destroy(chid), -EINVAL);
}

static u8 out[BIG], in[BIG];

/* Messages in memory: more than a page, a short buffer on either side, parts. */
static void check_memory(void) {
  long chid = sys_channel_create(CHF_SENDER_LEN | CHF_REPLY_LEN);
  long child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    long coid = sys_connect_attach(parent(), chid);
    for (int i = 0; i < BIG; i++) out[i] = (u8)(i * 7);
    if (MsgSend(coid, out, BIG, in, BIG) != 3) exit(1);
    for (int i = 0; i < BIG; i++)
      if (in[i] != (u8)(out[i] + 1)) exit(2);
    /* The receiver takes 1,000 bytes of these, the sender 500 of the reply. */
    if (MsgSend(coid, out, 5000, in, 500) != 4) exit(3);
    if (in[499] != (u8)(out[499] + 1) || in[500] != (u8)(out[500] + 1)) exit(4);
    struct msg_part parts[3] = {{out, 3}, {out + 3, 0}, {out + 3, 4997}};
    struct msg_part reply[2] = {{in + 9, 4000}, {in + 6000, 1000}};
    if (MsgSendv(coid, parts, 3, reply, 2) != 5) exit(5);
    if (in[9] != (u8)(out[0] + 1) || in[6999] != (u8)(out[4999] + 1)) exit(6);
    if (MsgSend(coid, (void *)8, 5000, in, 500) != -EFAULT) exit(7);
    if (MsgSend(coid, out, 1ul << 30, in, 500) != -E2BIG) exit(8);
    exit(0);
  }
  struct msg_info info;
  long receipt = MsgReceive(chid, in, BIG, &info);
  CHECK(receipt > 0);
  CHECK_EQUAL(info.pid, child);
  CHECK_EQUAL(info.receipt, receipt);
  CHECK_EQUAL(info.length, BIG);
  for (int i = 0; i < BIG; i++) in[i]++;
  CHECK_EQUAL(MsgReply(receipt, 3, in, BIG), 0);
  memset(in, 0, BIG);
  receipt = MsgReceive(chid, in, 1000, &info);
  CHECK_EQUAL(info.length, 1000);
  CHECK_EQUAL(info.sent, 5000);
  CHECK_EQUAL(info.room, 500);
  CHECK_EQUAL(in[999], (u8)(999 * 7));
  CHECK_EQUAL(in[1000], 0);
  for (int i = 0; i < 1000; i++) in[i]++;
  CHECK_EQUAL(MsgReply(receipt, 4, in, 1000), 0);
  receipt = MsgReceive(chid, in, BIG, &info);
  CHECK_EQUAL(info.length, 5000);
  for (int i = 0; i < BIG; i++) in[i]++;
  CHECK_EQUAL(MsgReply(receipt, 5, in, BIG), 0);
  CHECK_EQUAL(wait_for(child), 0);
  CHECK_EQUAL(sys_channel_destroy(chid), 0);
}

/* Pulses go before messages of less priority, and are received as 0. */
static void check_pulses(void) {
  long chid = sys_channel_create(CHF_DISCONNECT);
  long coid = sys_connect_attach(SELF, chid);
  CHECK(coid >= 1 << 30);
  CHECK_EQUAL(MsgSendPulse(coid, 5, 1, 100), 0);
  CHECK_EQUAL(MsgSendPulse(coid, 9, 2, -200), 0);
  CHECK_EQUAL(MsgSendPulse(coid, 5, 127, 300), 0);
  CHECK_EQUAL(MsgSendPulse(coid, 5, 128, 300), -EINVAL);
  CHECK_EQUAL(MsgSendPulse(coid, 256, 1, 300), -EINVAL);
  struct pulse p;
  CHECK_EQUAL(MsgReceive(chid, &p, 23, NULL), -EFAULT);
  CHECK_EQUAL(MsgReceive(chid, &p, sizeof p, NULL), 0);
  CHECK_EQUAL(p.code, 2);
  CHECK_EQUAL(p.value, -200);
  long session = p.scoid;
  CHECK_EQUAL(MsgReceive(chid, &p, sizeof p, NULL), 0);
  CHECK_EQUAL(p.code, 1);
  CHECK_EQUAL(MsgReceive(chid, &p, sizeof p, NULL), 0);
  CHECK_EQUAL(p.code, 127);
  /* The last connection of a process tells the server that it goes. */
  long other = sys_connect_attach(SELF, chid);
  CHECK_EQUAL(sys_connect_detach(coid), 0);
  CHECK_EQUAL(sys_connect_detach(coid), -EINVAL);
  CHECK_EQUAL(MsgSendPulse(coid, 5, 1, 1), -EBADF);
  CHECK_EQUAL(sys_connect_detach(other), 0);
  CHECK_EQUAL(MsgReceive(chid, &p, sizeof p, NULL), 0);
  CHECK_EQUAL(p.code, PULSE_DISCONNECT);
  CHECK_EQUAL(p.value, session);
  /* As many as a channel keeps. */
  coid = sys_connect_attach(SELF, chid);
  int kept = 0;
  while (MsgSendPulse(coid, 1, 3, kept) == 0) kept++;
  CHECK_EQUAL(kept, 256);
  CHECK_EQUAL(MsgSendPulse(coid, 1, 3, 0), -EAGAIN);
  CHECK_EQUAL(sys_channel_destroy(chid), 0);
  CHECK_EQUAL(MsgSendPulse(coid, 1, 3, 0), -EBADF);
  CHECK_EQUAL(sys_connect_detach(coid), 0);
}

static void nothing(int signal, struct siginfo *info, struct ucontext *context) {
  (void)signal, (void)info, (void)context;
}

/* What ends a call that waits for a server. */
static void check_ends(void) {
  long death = sys_channel_create(CHF_COID_DISCONNECT);
  long server = fork();
  if (server == 0) {
    long chid = sys_channel_create(0);
    long up = sys_connect_attach(parent(), death);
    MsgSendPulse(up, -1, 1, chid);
    struct msg m;
    msg_receive(chid, &m);
    /* It has the message and goes without an answer. */
    exit(0);
  }
  struct pulse p;
  CHECK_EQUAL(MsgReceive(death, &p, sizeof p, NULL), 0);
  long coid = sys_connect_attach(server, p.value);
  CHECK(coid > 0);
  struct msg m = {8, {1}};
  CHECK_EQUAL(msg_send(coid, &m), -ESRCH);
  CHECK_EQUAL(wait_for(server), 0);
  CHECK_EQUAL(MsgReceive(death, &p, sizeof p, NULL), 0);
  CHECK_EQUAL(p.code, PULSE_COIDDEATH);
  CHECK_EQUAL(p.value, coid);
  CHECK_EQUAL(msg_send(coid, &m), -EBADF);
  CHECK_EQUAL(sys_connect_detach(coid), 0);
  CHECK_EQUAL(sys_connect_attach(server, 4097), -ESRCH);

  /* Nobody receives here: a limit, then a signal. */
  long chid = sys_channel_create(0);
  coid = sys_connect_attach(SELF, chid);
  CHECK_EQUAL(sys_timer_timeout(TIMEOUT_SEND, 1000000), 0);
  CHECK_EQUAL(msg_send(coid, &m), -ETIMEDOUT);
  CHECK_EQUAL(sys_timer_timeout(TIMEOUT_RECEIVE, 1000000), 0);
  CHECK_EQUAL(msg_receive(chid, &m), -ETIMEDOUT);
  signal_install(SIGUSR1, nothing, 0);
  long self = sys_getpid();
  long killer = fork();
  if (killer == 0) {
    struct timespec moment = {0, 2000000};
    sys_nanosleep((long)&moment, 0);
    sys_kill(self, SIGUSR1);
    exit(0);
  }
  m.tag = 8;
  CHECK_EQUAL(msg_send(coid, &m), -EINTR);
  CHECK_EQUAL(wait_for(killer), 0);
  signal_default(SIGUSR1);
  CHECK_EQUAL(sys_channel_destroy(chid), 0);
  CHECK_EQUAL(sys_channel_destroy(death), 0);
}

/* `servers` servers, as many clients each, `laps` round trips a client. */
static void storm(long servers, long clients, long laps) {
  for (long i = 0; i < servers; i++) {
    long server = fork();
    CHECK(server >= 0);
    if (server > 0) continue;
    check_reset();
    check_round_trips(i + 1, clients, laps);
    exit(check_result());
  }
  for (long i = 0; i < servers; i++) CHECK_EQUAL(wait_for(-1), 0);
}

int main(int argc, char **argv) {
  long clients = number_or(argc > 1 ? argv[1] : NULL, 8);
  long laps = number_or(argc > 2 ? argv[2] : NULL, 16);
  long servers = number_or(argc > 3 ? argv[3] : NULL, 8);
  if (clients < 1 || clients > MOST_CLIENTS || laps < 1 || servers < 1) {
    print_to(2, "usage: messages [CLIENTS [LAPS [SERVERS]]]\n");
    return 2;
  }
  check_separate_harts();
  check_memory();
  check_pulses();
  check_ends();
  storm(servers, clients, laps);
  if (check_result() == 0) {
    print("messages: %ld round trips with %ld servers\n", servers * clients * laps, servers);
  }
  return check_result();
}
