/* Marks that a long load goes on: who stays away from them for too many events hangs. */
#pragma once
#include "lib.h"

/* Prints how far the load is, where the environment asks for it (PROGRESS). */
static inline void mark_progress(const char *what, long done) {
  if (environment_get("PROGRESS")) print("progress: %s %ld\n", what, done);
}

/* Marks the ends of `parts` equal parts of a load: call it with each of 1 … whole. */
static inline void mark_part(const char *what, long done, long whole, long parts) {
  if (done == whole || (whole >= parts && done % (whole / parts) == 0)) mark_progress(what, done);
}
