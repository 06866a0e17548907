/* Messages between processes, in the shape of QNX: channels, connections, pulses. */
#pragma once
#include "lib.h"

enum {
  CHF_FIXED_PRIORITY = 1,
  CHF_UNBLOCK = 2,
  CHF_THREAD_DEATH = 4,
  CHF_DISCONNECT = 8,
  CHF_COID_DISCONNECT = 16,
  CHF_SENDER_LEN = 32,
  CHF_REPLY_LEN = 64,
  CHF_CAPS = 128,
};

enum {
  PULSE_UNBLOCK = -1,
  PULSE_DISCONNECT = -2,
  PULSE_THREADDEATH = -3,
  PULSE_COIDDEATH = -4,
};

/* States a time limit may be for. */
enum { TIMEOUT_SEND = 2, TIMEOUT_REPLY = 4, TIMEOUT_RECEIVE = 8 };

#define TAG_LENGTH 0x000ffffful
#define TAG_TAKES 0x08000000ul
#define TAG_MEMORY 0x10000000ul
#define TAG_PULSE 0x20000000ul
#define TAG_POSTED 0x40000000ul
/* Bytes that may be posted at once. */
#define POST_BYTES 32

/* The tag of `length` bytes with `count` capabilities, of which those of the set `moved` go. */
static inline u64 caps_tag(u64 length, int count, int moved) {
  return length | (u64)moved << 20 | (u64)count << 24;
}
/* How many capabilities came with a tag. */
static inline int caps_of(u64 tag) { return (int)(tag >> 24 & 7); }

/* What travels in registers: the tag in a1, then a2 to a6 and t0 to t2. */
struct msg {
  u64 tag;
  u64 word[8];
};

struct msg_part {
  const void *base;
  u64 length;
};

struct msg_info {
  u32 pid;
  u32 tid;
  u64 chid;
  u64 scoid;
  u64 receipt;
  u32 length;
  u32 sent;
  u32 room;
  u32 priority;
  u32 in_memory;
  u32 zero;
};

/* What channel_counters gives. */
struct channel_counters {
  u64 arrivals; /* what had to wait: messages, pulses, posts */
  u64 received;
  u64 answered;
  u64 pulsed;
  u64 posted;
  u64 limited; /* refused: its sender sent too many */
  u64 full;    /* refused: too many waited */
  u64 waiting; /* posts in the ring now */
};

struct pulse {
  u16 type;
  u16 subtype;
  signed char code;
  u8 zero[3];
  i64 value;
  i64 scoid;
};

/* A call that takes and gives back all the registers a message may travel in. */
static inline long msg_trap(long number, long first, struct msg *m) {
  register long a7 __asm__("a7") = number;
  register long a0 __asm__("a0") = first;
  register u64 a1 __asm__("a1") = m->tag;
  register u64 a2 __asm__("a2") = m->word[0];
  register u64 a3 __asm__("a3") = m->word[1];
  register u64 a4 __asm__("a4") = m->word[2];
  register u64 a5 __asm__("a5") = m->word[3];
  register u64 a6 __asm__("a6") = m->word[4];
  register u64 t0 __asm__("t0") = m->word[5];
  register u64 t1 __asm__("t1") = m->word[6];
  register u64 t2 __asm__("t2") = m->word[7];
  __asm__ volatile("ecall"
                   : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6), "+r"(t0),
                     "+r"(t1), "+r"(t2)
                   : "r"(a7)
                   : "memory");
  m->tag = a1;
  m->word[0] = a2;
  m->word[1] = a3;
  m->word[2] = a4;
  m->word[3] = a5;
  m->word[4] = a6;
  m->word[5] = t0;
  m->word[6] = t1;
  m->word[7] = t2;
  return a0;
}

/* As msg_trap, with t3 to t6, which name capabilities both ways. */
static inline long msg_trap_caps(long number, long first, struct msg *m, long cap[4]) {
  register long t3 __asm__("t3") = cap[0];
  register long t4 __asm__("t4") = cap[1];
  register long t5 __asm__("t5") = cap[2];
  register long t6 __asm__("t6") = cap[3];
  register long a7 __asm__("a7") = number;
  register long a0 __asm__("a0") = first;
  register u64 a1 __asm__("a1") = m->tag;
  register u64 a2 __asm__("a2") = m->word[0];
  register u64 a3 __asm__("a3") = m->word[1];
  register u64 a4 __asm__("a4") = m->word[2];
  register u64 a5 __asm__("a5") = m->word[3];
  register u64 a6 __asm__("a6") = m->word[4];
  register u64 t0 __asm__("t0") = m->word[5];
  register u64 t1 __asm__("t1") = m->word[6];
  register u64 t2 __asm__("t2") = m->word[7];
  __asm__ volatile("ecall"
                   : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6), "+r"(t0),
                     "+r"(t1), "+r"(t2), "+r"(t3), "+r"(t4), "+r"(t5), "+r"(t6)
                   : "r"(a7)
                   : "memory");
  m->tag = a1;
  m->word[0] = a2;
  m->word[1] = a3;
  m->word[2] = a4;
  m->word[3] = a5;
  m->word[4] = a6;
  m->word[5] = t0;
  m->word[6] = t1;
  m->word[7] = t2;
  cap[0] = t3;
  cap[1] = t4;
  cap[2] = t5;
  cap[3] = t6;
  return a0;
}

/* Sends m's registers and gets the reply's; the status, or a negative errno. */
static inline long msg_send(long coid, struct msg *m) { return msg_trap(SYS_msg_send, coid, m); }

/* Receives into registers; a receipt, 0 for a pulse, or a negative errno. */
static inline long msg_receive(long chid, struct msg *m) {
  m->tag = m->word[0] = m->word[1] = 0;
  return msg_trap(SYS_msg_receive, chid, m);
}

/*
 * As those, with capabilities: as many of `cap` as the tag says, and those that come back. They come
 * with a reply only where the tag has TAG_TAKES, with a message only through a channel of CHF_CAPS.
 */
static inline long msg_send_caps(long coid, struct msg *m, long cap[4]) {
  return msg_trap_caps(SYS_msg_send_caps, coid, m, cap);
}
static inline long msg_receive_caps(long chid, struct msg *m, long cap[4]) {
  m->tag = m->word[0] = m->word[1] = 0;
  return msg_trap_caps(SYS_msg_receive, chid, m, cap);
}
static inline long msg_reply_caps(long receipt, struct msg *m, long cap[4]) {
  return msg_trap_caps(SYS_msg_reply_caps, receipt, m, cap);
}

/* Answers with m's registers and receives the next message into them. */
static inline long msg_reply_receive(long receipt, struct msg *m) {
  return msg_trap(SYS_msg_reply_receive, receipt, m);
}

/* The tag of a reply: its length and what the client's call returns. */
static inline u64 reply_tag(long status, u64 length) { return (u64)status << 32 | length; }

long MsgSend(long coid, const void *buf, u64 length, void *reply, u64 room);
long MsgSendv(long coid, const struct msg_part *parts, int count, const struct msg_part *reply,
              int replies);
/*
 * Sends whole pages, which pass to a receiver whose buffer is whole pages too: with PAGES_MOVED the
 * sender's may read zero then, with PAGES_SHARED both have them until either writes. The reply must go
 * elsewhere.
 */
enum { PAGES_MOVED = 2, PAGES_SHARED = 3 };
long MsgSendPages(long coid, const void *buf, u64 length, void *reply, u64 room, int pass);
long MsgReceive(long chid, void *buf, u64 room, struct msg_info *info);
long MsgReply(long receipt, long status, const void *buf, u64 length);
/* Gives a channel a name of 1 to 128 bytes; connects to who has one; takes it from the caller's. */
static inline long name_attach(const char *name, long chid) {
  return sys_name_attach((long)name, chid);
}
static inline long name_open(const char *name) { return sys_name_open((long)name); }
static inline long name_detach(const char *name) { return sys_name_detach((long)name); }
static inline long channel_counters(long chid, struct channel_counters *counters) {
  return sys_channel_counters(chid, (long)counters);
}

/* Posts to an asynchronous channel; -EAGAIN when its ring is full, -EINVAL beyond POST_BYTES. */
long MsgPost(long coid, const void *buf, u64 length);
long MsgSendPulse(long coid, int priority, int code, i64 value);
