/*
 * Boot stage: the load on all harts. Tokens go round a ring of workers spread over the harts; for
 * every token a worker passes on it also reports to a collector (a star), which answers now and
 * then; in between the workers do chores: fork, execve, mappings, faults, sleeps, moving harts.
 * Nothing may be lost, doubled, reordered or changed, and the collector counts exactly.
 *
 * storm [workers [laps [tokens [chore-interval]]]]
 */
#include "lib.h"

enum { MOST_WORKERS = 48, STRIDE = 3, ACKNOWLEDGE_EVERY = 32, STOP = -1 };

struct token {
  i64 number;
  u64 nonce;
  u64 hops;
  u64 check;
};

struct report {
  u64 worker;
  u64 sequence;
  u64 nonce;
  u64 check;
};

static long workers, laps, tokens, chore_interval;
static char own_path[128];

static u64 seal(const void *message) {
  return checksum(CHECKSUM_SEED, message, 3 * sizeof(u64));
}

static u64 nonce_of(u64 owner, u64 number) {
  u64 state = owner << 40 ^ number;
  return random_next(&state);
}

static __attribute__((noreturn)) void fail(const char *what, long number) {
  print("storm: %s (%ld) in process %ld\n", what, number, sys_getpid());
  exit(1);
}

/* ---- chores ---- */

static void expect_exit(long child, int code, const char *what) {
  if (child < 0) fail(what, child);
  long status = wait_for(child);
  if (status != STATUS_OF_EXIT(code)) fail(what, status);
}

static void chore_fork(int code) {
  long child = fork();
  if (child == 0) exit(code);
  expect_exit(child, code, "fork");
}

static void chore_execute(int code) {
  char text[16];
  format(text, sizeof text, "%d", code);
  char *argv[] = {own_path, "exit", text, NULL};
  expect_exit(spawn(own_path, argv), code, "execve");
}

static void chore_map(u64 seed) {
  enum { PAGES = 6 };
  long area = map_pages(PAGES * PAGE, PROT_READ | PROT_WRITE);
  if (area < 0) fail("mmap", area);
  for (u64 i = 0; i < PAGES; i++) *(volatile u64 *)(area + i * PAGE) = seed + i;
  if (sys_mprotect(area, PAGE, PROT_READ)) fail("mprotect", area);
  for (u64 i = 0; i < PAGES; i++) {
    if (*(volatile u64 *)(area + i * PAGE) != seed + i) fail("page content", (long)i);
    if (*(volatile u64 *)(area + i * PAGE + 8) != 0) fail("page not zero", (long)i);
  }
  if (sys_munmap(area, PAGES * PAGE)) fail("munmap", area);
}

static void chore_copy_on_write(u64 seed) {
  static volatile u64 cell;
  cell = seed;
  long child = fork();
  if (child == 0) {
    cell += 1;
    sys_sched_yield();
    exit(cell == seed + 1 ? 21 : 22);
  }
  cell += 2;
  if (cell != seed + 2) fail("copy-on-write", (long)cell);
  expect_exit(child, 21, "copy-on-write child");
  if (cell != seed + 2) fail("copy-on-write", (long)cell);
}

static void chore_move(long home) {
  if (pin_to_hart(home + 1)) fail("moving", home);
  sys_sched_yield();
  if (pin_to_hart(home)) fail("moving back", home);
}

static void do_chore(u64 draw, long home) {
  switch (draw % 8) {
    case 0:
    case 1:
      chore_fork((int)(draw >> 8 & 0x7f));
      break;
    case 2:
      chore_execute((int)(draw >> 8 & 0x7f));
      break;
    case 3:
    case 4:
      chore_map(draw);
      break;
    case 5:
      sleep_for(20000 + draw % 100000);
      break;
    case 6:
      chore_copy_on_write(draw);
      break;
    default:
      chore_move(home);
  }
}

/* ---- ring and star ---- */

static void send_report(int out, int answers, u64 worker, u64 sequence) {
  struct report report = {worker, sequence, nonce_of(worker, sequence), 0};
  report.check = seal(&report);
  if (write_all(out, &report, sizeof report) != sizeof report) fail("report", (long)sequence);
  if ((sequence + 1) % ACKNOWLEDGE_EVERY) return;
  u64 answer;
  if (read_all(answers, &answer, sizeof answer) != sizeof answer) fail("no answer", (long)worker);
  if (answer != sequence) fail("wrong answer", (long)answer);
}

static void check_token(const struct token *token) {
  if (token->check != seal(token)) fail("token damaged", token->number);
  if (token->number != STOP && token->nonce != nonce_of(1000, (u64)token->number)) {
    fail("token forged", token->number);
  }
}

static void work(u64 worker, int in, int out, int star, int answers) {
  long home = (long)worker * STRIDE;
  u64 random = worker, sequence = 0;
  if (pin_to_hart(home)) fail("pinning", home);
  for (;;) {
    struct token token;
    if (read_all(in, &token, sizeof token) != sizeof token) fail("ring broke", (long)worker);
    check_token(&token);
    token.hops++;
    token.check = seal(&token);
    if (token.number != STOP) {
      send_report(star, answers, worker, sequence++);
      u64 draw = random_next(&random);
      if (draw % (u64)chore_interval == 0) do_chore(draw >> 16, home);
    }
    if (write_all(out, &token, sizeof token) != sizeof token) fail("ring closed", (long)worker);
    if (token.number == STOP) exit(0);
  }
}

/* Reads reports to the end and answers; exits with 0 when each worker's are complete. */
static void collect(int star, const int *answers) {
  u64 next[MOST_WORKERS] = {0};
  struct report report;
  while (read_all(star, &report, sizeof report) == sizeof report) {
    if (report.check != seal(&report)) fail("report damaged", (long)report.sequence);
    if (report.worker >= (u64)workers) fail("report of nobody", (long)report.worker);
    if (report.sequence != next[report.worker]) fail("report out of order", (long)report.sequence);
    if (report.nonce != nonce_of(report.worker, report.sequence)) fail("report forged", 0);
    next[report.worker]++;
    if ((report.sequence + 1) % ACKNOWLEDGE_EVERY == 0) {
      write_all(answers[report.worker], &report.sequence, sizeof report.sequence);
    }
  }
  u64 total = 0;
  for (long i = 0; i < workers; i++) {
    if (next[i] != (u64)(laps * tokens)) fail("reports missing", i);
    total += next[i];
  }
  print("storm: %lu reports of %ld workers collected\n", total, workers);
  exit(0);
}

/* Sends the tokens round and checks each as it comes back; then stops the ring. */
static void drive(int in, int out) {
  struct token token;
  i64 sent = 0, whole = laps * tokens;
  for (i64 back = 0; back <= whole; back++) {
    while (sent < whole && sent < back + tokens) {
      token = (struct token){sent, nonce_of(1000, (u64)sent), 0, 0};
      token.check = seal(&token);
      if (write_all(out, &token, sizeof token) != sizeof token) fail("ring closed", sent);
      sent++;
    }
    if (back == whole) break;
    if (read_all(in, &token, sizeof token) != sizeof token) fail("ring broke", back);
    check_token(&token);
    if (token.number != back) fail("token out of order", token.number);
    if (token.hops != (u64)workers) fail("token took another way", (long)token.hops);
  }
  token = (struct token){STOP, 0, 0, 0};
  token.check = seal(&token);
  write_all(out, &token, sizeof token);
  if (read_all(in, &token, sizeof token) != sizeof token || token.number != STOP) {
    fail("ring did not stop", token.number);
  }
  print("storm: %ld tokens went round %ld workers\n", whole, workers);
}

static int run(void) {
  int ring[MOST_WORKERS + 1][2], answers[MOST_WORKERS][2], star[2];
  int answer_ends[MOST_WORKERS];
  pipe(star);
  for (long i = 0; i <= workers; i++) CHECK_EQUAL(pipe(ring[i]), 0);
  for (long i = 0; i < workers; i++) {
    CHECK_EQUAL(pipe(answers[i]), 0);
    answer_ends[i] = answers[i][1];
  }
  for (long i = 0; i < workers; i++) {
    if (fork() == 0) {
      for (long other = 0; other <= workers; other++) {
        if (other != i) sys_close(ring[other][0]);
        if (other != i + 1) sys_close(ring[other][1]);
        if (other < workers && other != i) sys_close(answers[other][0]);
        if (other < workers) sys_close(answers[other][1]);
      }
      sys_close(star[0]);
      work((u64)i, ring[i][0], ring[i + 1][1], star[1], answers[i][0]);
    }
  }
  sys_close(star[1]);
  if (fork() == 0) collect(star[0], answer_ends);
  sys_close(star[0]);
  drive(ring[workers][0], ring[0][1]);
  /* The workers and the collector: one more than workers. */
  for (long i = 0; i <= workers; i++) CHECK_EQUAL(wait_for(-1), 0);
  CHECK_EQUAL(sys_wait4(-1, 0, 0, 0), -ECHILD);
  return check_result();
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "exit") == 0) return (int)strtol(argv[2], NULL, 10);
  sibling_path(own_path, sizeof own_path, "storm");
  workers = number_or(argc > 1 ? argv[1] : NULL, 12);
  laps = number_or(argc > 2 ? argv[2] : NULL, 40);
  tokens = number_or(argc > 3 ? argv[3] : NULL, 6);
  chore_interval = number_or(argc > 4 ? argv[4] : NULL, 16);
  int sound = workers >= 1 && workers <= MOST_WORKERS && laps >= 1 && tokens >= 1 &&
              tokens <= 1000 && chore_interval >= 1;
  if (!sound) {
    print_to(2, "usage: storm [workers [laps [tokens [chore-interval]]]]\n");
    return 2;
  }
  return run();
}
