#include "msg.h"

#define REGISTER_BYTES sizeof ((struct msg *)0)->word

static u64 least(u64 a, u64 b) { return a < b ? a : b; }

/* Sends from memory; a reply that came in registers goes where the other would have gone. */
static long send_memory(long number, long coid, struct msg m) {
  void *reply = (void *)m.word[1];
  u64 room = m.word[2];
  long status = msg_trap(number, coid, &m);
  if (status >= 0 && (m.tag & TAG_MEMORY) == 0) {
    memcpy(reply, m.word, least(m.tag & TAG_LENGTH, room));
  }
  return status;
}

long MsgSend(long coid, const void *buf, u64 length, void *reply, u64 room) {
  struct msg m = {length, {0}};
  if (length > REGISTER_BYTES || room > REGISTER_BYTES) {
    m = (struct msg){(u64)buf, {length, (u64)reply, room}};
    return send_memory(SYS_msg_send_bytes, coid, m);
  }
  memcpy(m.word, buf, length);
  long status = msg_send(coid, &m);
  if (status >= 0) memcpy(reply, m.word, least(m.tag & TAG_LENGTH, room));
  return status;
}

long MsgSendv(long coid, const struct msg_part *parts, int count, const struct msg_part *reply,
              int replies) {
  struct msg m = {(u64)parts, {(u64)count, (u64)reply, (u64)replies}};
  return msg_trap(SYS_msg_send_parts, coid, &m);
}

long MsgSendPages(long coid, const void *buf, u64 length, void *reply, u64 room, int pass) {
  struct msg m = {(u64)buf, {length, (u64)reply, room, (u64)pass}};
  return send_memory(SYS_msg_send_pages, coid, m);
}

long MsgReceive(long chid, void *buf, u64 room, struct msg_info *info) {
  struct msg m = {(u64)buf, {room, (u64)info}};
  long receipt = msg_trap(SYS_msg_receive, chid, &m);
  if (receipt < 0) return receipt;
  if (m.tag & TAG_PULSE) {
    struct pulse p = {0, 0, (signed char)m.word[0], {0}, (i64)m.word[1], (i64)m.word[2]};
    memcpy(buf, &p, least(sizeof p, room));
  } else if ((m.tag & TAG_MEMORY) == 0) {
    memcpy(buf, m.word, least(m.tag & TAG_LENGTH, room));
  }
  return receipt;
}

long MsgReply(long receipt, long status, const void *buf, u64 length) {
  struct msg m = {reply_tag(status, least(length, REGISTER_BYTES)), {0}};
  if (length > REGISTER_BYTES) {
    long r = sys_msg_reply_bytes(receipt, status, (long)buf, (long)length);
    /* To a client that takes registers only, as much as they hold. */
    if (r != -E2BIG) return r;
  }
  memcpy(m.word, buf, least(length, REGISTER_BYTES));
  return msg_trap(SYS_msg_reply, receipt, &m);
}

long MsgSendPulse(long coid, int priority, int code, i64 value) {
  return sys_msg_send_pulse(coid, priority, code, value);
}

long MsgPost(long coid, const void *buf, u64 length) {
  u64 word[POST_BYTES / 8] = {0};
  memcpy(word, buf, least(length, POST_BYTES));
  return sys_msg_post(coid, (long)length, (long)word[0], (long)word[1], (long)word[2],
                      (long)word[3]);
}
