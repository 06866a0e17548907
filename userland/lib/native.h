/* The native calls: rights and errors by name, and threads and processes made from their parts. */
#pragma once

#include "lib.h"

/* Rights of a token. */
enum {
  RIGHT_READ = 1,
  RIGHT_WRITE = 2,
  RIGHT_MAP = 4,
  RIGHT_GRANT = 8,
  RIGHT_SEND = 16,
  RIGHT_RECEIVE = 32,
  RIGHT_CONTROL = 64,
  RIGHT_EXECUTE = 128,
};

/* What a native call answers instead of a value. */
enum {
  NATIVE_INVALID = -1,
  NATIVE_ABSENT = -2,
  NATIVE_STALE = -3,
  NATIVE_WRONG_KIND = -4,
  NATIVE_FEWER_RIGHTS = -5,
  NATIVE_REVOKED = -6,
  NATIVE_NO_SPACE = -9,
  NATIVE_BUSY = -10,
  NATIVE_TAKEN = -11,
  NATIVE_TIMED_OUT = -12,
  NATIVE_NO_SLOT = -14,
};

/* Priority a thread has that asks for none. */
enum { NATIVE_PRIORITY = 20 };

/* A native thread of this process, and where its stack lies. */
struct native_thread {
  long token;
  long stack;
};

/*
 * Starts a thread of this process that runs `entry(argument)`, which must end with sys_exit; its
 * token is negative when there can be none. Its stack stays until native_free.
 */
struct native_thread native_start(void (*entry)(long), long argument, int priority);
/* Gives the stack and the token of a thread that has ended back. */
void native_free(struct native_thread *thread);
