/*
 * Boot stage: capabilities go from hand to hand through many processes, in a chain and a fan, and
 * are revoked in the middle while all others delegate and revoke what is theirs. What was below must
 * be gone when the revocation returns, in every process and every mapping; what is above it or beside
 * it must work.
 *
 * delegate [ROUNDS [CHAIN [FAN]]]
 */
#include "progress.h"
#include "thread.h"

enum { WORKERS = 7, HELD = 160, MOST_CHAIN = 160, MOST_FAN = 64, BEFORE = 4, AFTER = 16 };
enum { READ = 1, WRITE = 2, MAP = 4, GRANT = 8, ALL = 15 };
enum { STALE = -3, REVOKED = -6, TOO_DEEP = -7, NO_NAME = -8, NO_SPACE = -9, BUSY = -10 };
#define AT_BELOW 0x48000000ul
#define AT_BESIDE 0x49000000ul

/* Where a token in a worker's hands comes from, as seen from the middle of the chain. */
enum from { ABOVE, BELOW, BESIDE, SENT_FROM_BELOW, SENT_FROM_ELSEWHERE };

/* A token on its way to a worker. */
struct mail {
  u32 state; /* 0 free, 1 being written, 2 there */
  long token;
  long from;
};

/* What all of them share. */
struct board {
  struct barrier start, ready, over, cleared;
  struct semaphore turn[WORKERS]; /* the chain's next link is for this worker */
  long link;
  long fan[MOST_FAN];
  long process[WORKERS][WORKERS]; /* of worker j, in the hands of worker i */
  long beside[WORKERS];
  struct mail mail[WORKERS];
  u64 delegated[WORKERS]; /* in this round */
  u64 revoked;            /* the last round whose middle is revoked */
  u64 meanwhile;          /* delegations while a middle was being revoked, all rounds */
};

static struct board *board;
static long rounds, chain, fan;

static __attribute__((noreturn)) void fail(const char *what, long number) {
  print("delegate: %s (%ld) in process %ld\n", what, number, sys_getpid());
  exit(1);
}

/* ---- what one worker has in its hands ---- */

struct held {
  long token;
  enum from from;
  int parent; /* index of what it was derived from, or -1 */
};

static struct held held[HELD];
static int count;
/* How many of them the round began with: these stay. */
static int first;
static u64 draws;

static void hold(long token, enum from from, int parent) {
  if (count == HELD) fail("too many", count);
  held[count++] = (struct held){token, from, parent};
}

static int is_below(int index, int above) {
  while (index > above) index = held[index].parent;
  return index == above;
}

/* Counts a delegation, or takes a refusal that others' revocations and limits give. */
static void note(long worker, long answer, const char *what) {
  if (answer > 0) {
    __atomic_add_fetch(&board->delegated[worker], 1, __ATOMIC_RELAXED);
    return;
  }
  int refusal = answer == STALE || answer == REVOKED || answer == TOO_DEEP || answer == NO_NAME ||
                answer == NO_SPACE;
  if (!refusal) fail(what, answer);
}

/* Gives the newer half of what it got in this round back. */
static void give_back(void) {
  for (int keep = first + (count - first) / 2; count > keep;) {
    long answer = sys_cap_delete(held[--count].token);
    if (answer != 0 && answer != STALE) fail("delete", answer);
  }
}

static void derive_one(long worker, int from) {
  long token = sys_cap_derive(held[from].token, ALL);
  note(worker, token, "derive");
  if (token > 0) hold(token, held[from].from, from);
}

static void send_one(long worker, int from, long to) {
  struct mail *mail = &board->mail[to];
  u32 free = 0;
  if (!__atomic_compare_exchange_n(&mail->state, &free, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
    return;
  }
  enum from kind = held[from].from;
  long token = sys_cap_copy(held[from].token, board->process[worker][to]);
  note(worker, token, "copy");
  mail->token = token;
  mail->from = kind == BELOW || kind == SENT_FROM_BELOW ? SENT_FROM_BELOW : SENT_FROM_ELSEWHERE;
  __atomic_store_n(&mail->state, token > 0 ? 2 : 0, __ATOMIC_RELEASE);
}

static void take_mail(long worker) {
  struct mail *mail = &board->mail[worker];
  if (count == HELD || __atomic_load_n(&mail->state, __ATOMIC_ACQUIRE) != 2) return;
  hold(mail->token, (enum from)mail->from, -1);
  __atomic_store_n(&mail->state, 0, __ATOMIC_RELEASE);
}

/* Revokes what the worker derived itself: what it derived from that is gone at once. */
static void revoke_one(int index) {
  if (held[index].parent < 0) return;
  long answer = sys_cap_revoke(held[index].token);
  if (answer == STALE) return;
  if (answer) fail("revoke", answer);
  for (int i = index + 1; i < count; i++) {
    if (!is_below(i, index)) continue;
    long kind = sys_cap_identify(held[i].token);
    if (kind != STALE) fail("outlived a revocation", kind);
  }
}

static void delegate_one(long worker) {
  u64 draw = random_next(&draws);
  take_mail(worker);
  if (count > HELD - 8) give_back();
  int from = (int)(draw >> 16 & 0xffff) % count;
  switch (draw & 7) {
    case 0:
      revoke_one(from);
      break;
    case 1:
    case 2:
    case 3:
      send_one(worker, from, (worker + 1 + (long)(draw >> 40) % (WORKERS - 1)) % WORKERS);
      break;
    default:
      derive_one(worker, from);
  }
}

/* ---- one round ---- */

/*
 * Links 0 to `chain`: each worker derives the next one and moves it to its neighbour. The index of
 * the middle one, or -1 when another has it.
 */
static int take_links(long worker) {
  int middle = -1;
  for (long link = worker; link <= chain; link += WORKERS) {
    semaphore_wait(&board->turn[worker]);
    if (link == chain / 2) middle = count;
    hold(board->link, link > chain / 2 ? BELOW : ABOVE, -1);
    long neighbour = (worker + 1) % WORKERS;
    long token = sys_cap_derive(board->link, ALL);
    if (token <= 0) fail("link", token);
    if (link < chain) {
      board->link = sys_cap_move(token, board->process[worker][neighbour]);
      if (board->link <= 0) fail("handing a link on", board->link);
      semaphore_post(&board->turn[neighbour]);
      continue;
    }
    /* The last one is spread over all. */
    for (long i = 0; i < fan; i++) {
      long one = sys_cap_derive(token, ALL);
      long to = board->process[worker][i % WORKERS];
      board->fan[i] = i % WORKERS == worker ? one : sys_cap_move(one, to);
      if (board->fan[i] <= 0) fail("fan", board->fan[i]);
    }
  }
  return middle;
}

static void map_at(u64 address, long token) {
  long answer = sys_space_map(sys_cap_space(), token, (long)address, 1, 0, READ | WRITE);
  if (answer) fail("mapping", answer);
  if (probe_store((volatile void *)address, 1)) fail("what was mapped", (long)address);
}

/* What is below the middle is gone, what is above or beside is there. */
static void check_after(void) {
  for (int i = 0; i < count; i++) {
    enum from from = held[i].from;
    long kind = sys_cap_identify(held[i].token);
    if ((from == BELOW || from == SENT_FROM_BELOW) && kind != STALE) fail("still there below", kind);
    if ((from == ABOVE || from == BESIDE) && held[i].parent < 0) {
      if (sys_memory_size(held[i].token) != 1) fail("gone above or beside", kind);
    }
  }
  if (probe_load((volatile void *)AT_BELOW) != SIGSEGV) fail("mapped still", 0);
  if (probe_store((volatile void *)AT_BESIDE, 2)) fail("not mapped any more", 0);
}

static u64 delegated_by_all(void) {
  u64 sum = 0;
  for (long i = 0; i < WORKERS; i++) {
    sum += __atomic_load_n(&board->delegated[i], __ATOMIC_RELAXED);
  }
  return sum;
}

/* When everyone else is at it, the middle of the chain revokes what is below. */
static void revoke_middle(long worker, long token) {
  for (long i = 0; i < WORKERS; i++) {
    while (i != worker && __atomic_load_n(&board->delegated[i], __ATOMIC_RELAXED) < BEFORE) {
      sys_sched_yield();
    }
  }
  u64 before = delegated_by_all();
  long answer = sys_cap_revoke(token);
  board->meanwhile += delegated_by_all() - before;
  if (answer) fail("revoking the middle", answer);
}

static void do_round(long worker, u64 round) {
  barrier_wait(&board->start);
  count = 0;
  hold(board->beside[worker], BESIDE, -1);
  int middle = take_links(worker);
  barrier_wait(&board->ready);
  for (long i = worker; i < fan; i += WORKERS) hold(board->fan[i], BELOW, -1);
  first = count;
  int below = 0;
  while (below < count && held[below].from != BELOW) below++;
  map_at(AT_BELOW, held[below].token);
  map_at(AT_BESIDE, held[0].token);
  if (middle >= 0) {
    barrier_wait(&board->ready);
    revoke_middle(worker, held[middle].token);
    __atomic_store_n(&board->revoked, round, __ATOMIC_RELEASE);
  } else {
    barrier_wait(&board->ready);
    while (__atomic_load_n(&board->revoked, __ATOMIC_ACQUIRE) < round) delegate_one(worker);
  }
  take_mail(worker);
  check_after();
  for (int i = 0; i < AFTER; i++) delegate_one(worker);
  barrier_wait(&board->over);
  /* What all of it came from is revoked now. */
  barrier_wait(&board->cleared);
  for (int i = 0; i < count; i++) {
    if (sys_cap_identify(held[i].token) != STALE) fail("left at the end", i);
  }
  if (probe_load((volatile void *)AT_BESIDE) != SIGSEGV) fail("mapped at the end", 0);
}

static __attribute__((noreturn)) void be_worker(long worker) {
  probes_install();
  draws = (u64)worker;
  sys_getrandom((long)&draws, sizeof draws, 0);
  for (u64 round = 1; round <= (u64)rounds; round++) do_round(worker, round);
  exit(0);
}

/* ---- whoever all of it comes from ---- */

static void lead_round(const long *process) {
  long memory = sys_memory_create(1);
  CHECK(memory > 0);
  for (long i = 0; i < WORKERS; i++) {
    board->beside[i] = sys_cap_move(sys_cap_derive(memory, ALL), process[i]);
    CHECK(board->beside[i] > 0);
    board->delegated[i] = 0;
    board->mail[i].state = 0;
  }
  board->link = sys_cap_move(sys_cap_derive(memory, ALL), process[0]);
  CHECK(board->link > 0);
  semaphore_post(&board->turn[0]);
  barrier_wait(&board->start);
  barrier_wait(&board->over);
  CHECK_EQUAL(sys_cap_revoke(memory), 0);
  CHECK_EQUAL(sys_memory_size(memory), 1);
  CHECK_EQUAL(sys_cap_delete(memory), 0);
  barrier_wait(&board->cleared);
}

static void set_up_board(void) {
  usize pages = (sizeof *board + PAGE - 1) / PAGE;
  long at = sys_mmap(0, (long)(pages * PAGE), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                     0);
  if (at < 0) fail("no memory", at);
  board = (struct board *)at;
  board->start = board->over = board->cleared = (struct barrier){WORKERS + 1, 0, 0, 1};
  board->ready = (struct barrier){WORKERS, 0, 0, 1};
  for (long i = 0; i < WORKERS; i++) board->turn[i].shared = 1;
}

int main(int argc, char **argv) {
  rounds = number_or(argc > 1 ? argv[1] : NULL, 2);
  chain = number_or(argc > 2 ? argv[2] : NULL, 128);
  fan = number_or(argc > 3 ? argv[3] : NULL, 64);
  if (rounds < 1 || chain < 2 * WORKERS || chain > MOST_CHAIN || fan < 0 || fan > MOST_FAN) {
    print_to(2, "usage: delegate [ROUNDS [CHAIN [FAN]]]\n");
    return 2;
  }
  set_up_board();
  long pids[WORKERS], process[WORKERS];
  for (long i = 0; i < WORKERS; i++) {
    pids[i] = fork();
    CHECK(pids[i] >= 0);
    if (pids[i] == 0) be_worker(i);
    process[i] = sys_cap_process(pids[i]);
  }
  for (long i = 0; i < WORKERS; i++) {
    for (long j = 0; j < WORKERS; j++) {
      board->process[i][j] = sys_cap_copy(process[j], process[i]);
      CHECK(board->process[i][j] > 0);
    }
  }
  for (long round = 1; round <= rounds; round++) {
    lead_round(process);
    mark_progress("delegate", round);
  }
  for (long i = 0; i < WORKERS; i++) CHECK_EQUAL(wait_for(pids[i]), 0);
  if (check_result() == 0) {
    print("delegate: %ld chains of %ld and fans of %ld revoked in the middle, %lu meanwhile\n", rounds,
          chain, fan, board->meanwhile);
  }
  return check_result();
}
