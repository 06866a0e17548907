/*
 * Boot stage: what messages hand over. A capability goes through a chain of processes and back, each
 * of which maps it; another is revoked while a message carries it. Pages are moved and shared.
 * handover [PAGES]
 */
#include "msg.h"

enum { READ = 1, WRITE = 2, MAP = 4, GRANT = 8 };
enum { STALE = -3, KIND_MEMORY = 5, LINKS = 6 };
#define SHARED 0x40000000ul
#define MILLISECOND 1000000ul

static volatile u64 *const shared = (volatile u64 *)SHARED;

static long kind_of(long token) { return sys_cap_identify(token) & 0xff; }

static void map_shared(long memory) {
  CHECK_EQUAL(sys_space_map(sys_cap_space(), memory, SHARED, 1, 0, READ | WRITE), 0);
}

/* Whether a process that touches the shared page dies of it. */
static int dies_of_it(void) {
  long child = fork();
  if (child == 0) {
    shared[0] = 1;
    exit(0);
  }
  i32 status = 0;
  sys_wait4(child, (long)&status, 0, 0);
  return TERMINATION_SIGNAL(status) == SIGSEGV;
}

static __attribute__((noreturn)) void be_link(int left, int out);

/* Starts a chain of so many processes; its pid, and a connection to its first one. */
static long start_link(int left, long *coid) {
  int fds[2];
  CHECK_EQUAL(pipe(fds), 0);
  long child = fork();
  CHECK(child >= 0);
  if (child == 0) be_link(left, fds[1]);
  long chid = 0;
  CHECK_EQUAL(read_all(fds[0], &chid, sizeof chid), sizeof chid);
  sys_close(fds[0]);
  sys_close(fds[1]);
  *coid = sys_connect_attach(child, chid);
  CHECK(*coid > 0);
  return child;
}

/*
 * Maps what it gets, counts itself there, sends it on, gets it back and gives it back. When it is
 * called again all of it is gone.
 */
static void be_link(int left, int out) {
  check_reset();
  long chid = sys_channel_create(CHF_CAPS), next = 0, child = 0;
  write_all(out, &chid, sizeof chid);
  if (left > 1) child = start_link(left - 1, &next);
  struct msg m;
  long cap[4] = {0};
  long receipt = msg_receive_caps(chid, &m, cap);
  CHECK_EQUAL(m.tag & ~TAG_TAKES, caps_tag(8, 1, left == LINKS ? 0 : 1));
  CHECK_EQUAL(kind_of(cap[0]), KIND_MEMORY);
  map_shared(cap[0]);
  CHECK_EQUAL(m.word[0], shared[0]);
  shared[0]++;
  if (left > 1) {
    long mine = cap[0];
    m.tag = caps_tag(8, 1, 1) | TAG_TAKES;
    m.word[0]++;
    CHECK_EQUAL(msg_send_caps(next, &m, cap), left - 1);
    CHECK_EQUAL(sys_cap_identify(mine), STALE);
    CHECK_EQUAL(kind_of(cap[0]), KIND_MEMORY);
  }
  m.tag = (u64)left << 32 | caps_tag(8, 1, 1);
  CHECK_EQUAL(msg_reply_caps(receipt, &m, cap), 0);
  receipt = msg_receive_caps(chid, &m, cap);
  CHECK(dies_of_it());
  if (left > 1) {
    m.tag = 0;
    CHECK_EQUAL(msg_send(next, &m), left - 1);
    CHECK_EQUAL(wait_for(child), 0);
  }
  m.tag = reply_tag(left, 0);
  CHECK_EQUAL(msg_trap(SYS_msg_reply, receipt, &m), 0);
  exit(check_result());
}

static void check_chain(void) {
  long memory = sys_memory_create(1), next;
  long cap[4] = {sys_cap_derive(memory, READ | WRITE | MAP | GRANT)};
  long child = start_link(LINKS, &next);
  map_shared(memory);
  struct msg m = {caps_tag(8, 1, 0) | TAG_TAKES, {0}};
  CHECK_EQUAL(msg_send_caps(next, &m, cap), LINKS);
  CHECK_EQUAL(caps_of(m.tag), 1);
  CHECK_EQUAL(shared[0], LINKS);
  /* What came back is another capability of the same memory. */
  CHECK_EQUAL(kind_of(cap[0]), KIND_MEMORY);
  CHECK_EQUAL(sys_cap_revoke(memory), 0);
  CHECK_EQUAL(sys_cap_identify(cap[0]), STALE);
  CHECK_EQUAL(shared[0], LINKS);
  m.tag = 0;
  CHECK_EQUAL(msg_send(next, &m), LINKS);
  CHECK_EQUAL(wait_for(child), 0);
  CHECK_EQUAL(sys_munmap(SHARED, PAGE), 0);
}

/* A child asks for a capability, and sends it back with one of its own; meanwhile it is revoked. */
static void check_revoked(void) {
  long chid = sys_channel_create(CHF_CAPS), memory = sys_memory_create(1);
  long child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    check_reset();
    long coid = sys_connect_attach(sys_getppid(), chid);
    struct msg m = {TAG_TAKES, {0}};
    long cap[4] = {0};
    CHECK_EQUAL(msg_send_caps(coid, &m, cap), 0);
    CHECK_EQUAL(kind_of(cap[0]), KIND_MEMORY);
    long lent = cap[0];
    cap[1] = sys_memory_create(3);
    cap[2] = lent;
    m.tag = caps_tag(0, 3, 4);
    /* A capability is moved once, and only alone. */
    CHECK_EQUAL(msg_send_caps(coid, &m, cap), -EINVAL);
    cap[0] = cap[1];
    CHECK_EQUAL(msg_send_caps(coid, &m, cap), 0);
    CHECK_EQUAL(sys_cap_identify(lent), STALE);
    exit(check_result());
  }
  struct msg m;
  long cap[4] = {0};
  long receipt = msg_receive_caps(chid, &m, cap);
  cap[0] = sys_cap_derive(memory, READ | MAP | GRANT);
  m.tag = caps_tag(0, 1, 1);
  CHECK_EQUAL(msg_reply_caps(receipt, &m, cap), 0);
  /* Long enough for the child to send. */
  sleep_for(5 * MILLISECOND);
  CHECK_EQUAL(sys_cap_revoke(memory), 0);
  receipt = msg_receive_caps(chid, &m, cap);
  CHECK_EQUAL(caps_of(m.tag), 3);
  CHECK_EQUAL(sys_memory_size(cap[0]), 3);
  CHECK_EQUAL(sys_memory_size(cap[1]), 3);
  CHECK_EQUAL(cap[2], 0);
  m.tag = reply_tag(0, 0);
  CHECK_EQUAL(msg_trap(SYS_msg_reply, receipt, &m), 0);
  CHECK_EQUAL(wait_for(child), 0);
  CHECK_EQUAL(sys_channel_destroy(chid), 0);
}

/* Pages that are sent; a message may have 64. */
static usize page_count;
#define WORDS (PAGE / sizeof(u64))

/* Fills the first word of each page, and the last one. */
static void fill(volatile u64 *page, u64 seed) {
  for (usize i = 0; i < page_count; i++) page[i * WORDS] = page[i * WORDS + WORDS - 1] = seed + i;
}

/* How many words are not as `fill` left them. */
static int differences(const volatile u64 *page, u64 seed) {
  int wrong = 0;
  for (usize i = 0; i < page_count; i++) {
    wrong += page[i * WORDS] != seed + i;
    wrong += page[i * WORDS + WORDS - 1] != seed + i;
  }
  return wrong;
}

/* A child sends pages: some are moved, some shared; both sides write to what they have then. */
static void check_pages(void) {
  long chid = sys_channel_create(0);
  long child = fork();
  CHECK(child >= 0);
  volatile u64 *page = (volatile u64 *)map_pages(page_count * PAGE, PROT_READ | PROT_WRITE);
  const void *pages = (const void *)page;
  if (child == 0) {
    check_reset();
    long coid = sys_connect_attach(sys_getppid(), chid);
    u64 answer = 0;
    fill(page, 1000);
    CHECK_EQUAL(MsgSendPages(coid, pages, page_count * PAGE, &answer, sizeof answer, PAGES_MOVED), 1);
    CHECK_EQUAL(answer, 77);
    CHECK_EQUAL(differences(page, 1000), 2 * page_count);
    CHECK_EQUAL(page[5 * WORDS], 0);
    fill(page, 2000);
    CHECK_EQUAL(MsgSendPages(coid, pages, page_count * PAGE, &answer, sizeof answer, PAGES_SHARED), 2);
    CHECK_EQUAL(differences(page, 2000), 0);
    fill(page, 3000);
    CHECK_EQUAL(msg_send(coid, &(struct msg){0}), 3);
    CHECK_EQUAL(MsgSendPages(coid, pages, PAGE, (void *)page, 8, PAGES_SHARED), -EINVAL);
    CHECK_EQUAL(MsgSendPages(coid, pages, PAGE + 8, &answer, 8, PAGES_MOVED), -EINVAL);
    exit(check_result());
  }
  struct msg_info info;
  u64 answer = 77;
  fill(page, 10);
  long receipt = MsgReceive(chid, (void *)page, page_count * PAGE, &info);
  CHECK_EQUAL(info.length, page_count * PAGE);
  CHECK_EQUAL(differences(page, 1000), 0);
  fill(page, 20);
  CHECK_EQUAL(differences(page, 20), 0);
  CHECK_EQUAL(MsgReply(receipt, 1, &answer, sizeof answer), 0);
  receipt = MsgReceive(chid, (void *)page, page_count * PAGE, NULL);
  CHECK_EQUAL(differences(page, 2000), 0);
  page[0] = page[WORDS - 1] = 5;
  CHECK_EQUAL(differences(page, 2000), 2);
  CHECK_EQUAL(MsgReply(receipt, 2, NULL, 0), 0);
  struct msg m;
  receipt = msg_receive(chid, &m);
  CHECK_EQUAL(differences(page, 2000), 2);
  m.tag = reply_tag(3, 0);
  CHECK_EQUAL(msg_trap(SYS_msg_reply, receipt, &m), 0);
  CHECK_EQUAL(wait_for(child), 0);
  CHECK_EQUAL(sys_munmap((long)page, page_count * PAGE), 0);
  CHECK_EQUAL(sys_channel_destroy(chid), 0);
}

int main(int argc, char **argv) {
  page_count = (usize)number_or(argc > 1 ? argv[1] : NULL, 64);
  check_chain();
  check_revoked();
  check_pages();
  print("handover: a capability went through %d processes and back, one was revoked on its way\n",
        LINKS);
  print("handover: %lu pages moved and %lu shared\n", page_count, page_count);
  return check_result();
}
