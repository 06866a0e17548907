/*
 * Boot stage: one server and many clients that send it messages of several sizes, while a server
 * and a client of others talk beside them. Each reply matches its request, and each client's
 * messages come in its order and in full.
 *
 * sends [CLIENTS [MESSAGES]]
 */
#include "progress.h"
#include "stressor.h"

enum { MOST_CLIENTS = 64, WORDS = 40, LONG_EVERY = 16, PARTS = 8 };
/* Messages from which on those beside must be seen to get on. */
enum { LONG_LOAD = 8000, STRESSOR_HART = 2 };

/* As long as it says: 4 words travel in registers, 40 in memory. */
struct request {
  u64 client;
  u64 sequence;
  u64 nonce;
  u64 words;
  u64 more[WORDS - 4];
};

static u64 nonce_of(u64 client, u64 sequence) {
  u64 state = client << 32 ^ sequence;
  return random_next(&state);
}

static u64 words_of(u64 sequence) { return sequence % LONG_EVERY == LONG_EVERY - 1 ? WORDS : 4; }

static __attribute__((noreturn)) void fail(const char *what, u64 client, u64 sequence) {
  print("sends: client %lu, message %lu: %s\n", client, sequence, what);
  exit(1);
}

static __attribute__((noreturn)) void be_client(u64 client, long server, long chid, long messages) {
  long coid = sys_connect_attach(server, chid);
  if (coid < 0) fail("no connection", client, 0);
  for (u64 sequence = 0; sequence < (u64)messages; sequence++) {
    u64 words = words_of(sequence), nonce = nonce_of(client, sequence), reply[WORDS];
    struct request request = {client, sequence, nonce, words, {0}};
    for (u64 i = 4; i < words; i++) ((u64 *)&request)[i] = nonce + i;
    long status = MsgSend(coid, &request, words * sizeof(u64), reply, words * sizeof(u64));
    if (status != (long)client + 1) fail("status", client, sequence);
    for (u64 i = 0; i < words; i++) {
      if (reply[i] != ~(nonce + i)) fail("nonce", client, sequence);
    }
  }
  if (sys_connect_detach(coid)) fail("detach", client, (u64)messages);
  exit(0);
}

static long counts[MOST_CLIENTS];

/* Whether a message is the next one of its client, whole. */
static int is_next(const struct request *request, const struct msg_info *info, long clients) {
  if (request->client >= (u64)clients) return 0;
  u64 nonce = nonce_of(request->client, request->sequence);
  if (request->nonce != nonce || request->words != words_of(request->sequence)) return 0;
  if (info->length != request->words * sizeof(u64)) return 0;
  for (u64 i = 4; i < request->words; i++) {
    if (((const u64 *)request)[i] != nonce + i) return 0;
  }
  return request->sequence == (u64)counts[request->client];
}

static void serve(long chid, long clients, long messages, struct stressor *stressor) {
  struct request request;
  struct msg_info info;
  u64 reply[WORDS];
  long whole = clients * messages;
  for (long done = 1; done <= whole; done++) {
    long receipt = MsgReceive(chid, &request, sizeof request, &info);
    CHECK(receipt > 0);
    int next = is_next(&request, &info, clients);
    CHECK(next);
    if (receipt <= 0 || !next) exit(check_result());
    counts[request.client]++;
    for (u64 i = 0; i < request.words; i++) reply[i] = ~(request.nonce + i);
    long status = (long)request.client + 1;
    CHECK_EQUAL(MsgReply(receipt, status, reply, request.words * sizeof(u64)), 0);
    mark_part("sends", done, whole, PARTS);
    if (whole >= LONG_LOAD && done % (whole / PARTS) == 0) CHECK(stressor_got_on(stressor));
  }
}

int main(int argc, char **argv) {
  long clients = number_or(argc > 1 ? argv[1] : NULL, 16);
  long messages = number_or(argc > 2 ? argv[2] : NULL, 16);
  if (clients < 1 || clients > MOST_CLIENTS || messages < 1) {
    print_to(2, "usage: sends [CLIENTS [MESSAGES]]\n");
    return 2;
  }
  long children[MOST_CLIENTS], server = sys_getpid();
  struct stressor *stressor = stressor_start(STRESSOR_HART);
  CHECK(stressor != NULL);
  if (!stressor) return 1;
  long chid = sys_channel_create(0);
  CHECK(chid > 0);
  for (long i = 0; i < clients; i++) {
    children[i] = fork();
    CHECK(children[i] >= 0);
    if (children[i] == 0) be_client((u64)i, server, chid, messages);
  }
  serve(chid, clients, messages, stressor);
  for (long i = 0; i < clients; i++) {
    CHECK_EQUAL(wait_for(children[i]), 0);
    CHECK_EQUAL(counts[i], messages);
  }
  long beside = stressor_end(stressor);
  CHECK(beside > 0);
  CHECK_EQUAL(sys_channel_destroy(chid), 0);
  if (check_result() == 0) {
    print("sends: %ld messages of %ld clients answered, %ld round trips beside them\n",
          clients * messages, clients, beside);
  }
  return check_result();
}
