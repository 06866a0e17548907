/* Benchmark: an interpreter of a small stack machine runs a nested loop. bytecode [turns] */
#include "lib.h"

enum operation { PUSH, LOAD, STORE, ADD, SUBTRACT, MULTIPLY, XOR, SHIFT, LESS, JUMP_IF, JUMP, HALT };

struct instruction {
  u32 operation;
  i32 operand;
};

enum { OUTER, INNER, SUM, LIMIT, VARIABLES };

/*
 * outer = 0; while (outer < limit) { inner = 0; while (inner < 100) {
 *   sum = (sum * 33 ^ inner) + (sum >> 7); inner = inner + 1; } outer = outer + 1; }
 */
static const struct instruction program[] = {
    {PUSH, 0}, {STORE, OUTER},
    /* 2: */ {LOAD, OUTER}, {LOAD, LIMIT}, {LESS, 0}, {JUMP_IF, 7}, {HALT, 0},
    /* 7: */ {PUSH, 0}, {STORE, INNER},
    /* 9: */ {LOAD, SUM}, {PUSH, 33}, {MULTIPLY, 0}, {LOAD, INNER}, {XOR, 0},
    {LOAD, SUM}, {PUSH, 7}, {SHIFT, 0}, {ADD, 0}, {STORE, SUM},
    {LOAD, INNER}, {PUSH, 1}, {ADD, 0}, {STORE, INNER},
    {LOAD, INNER}, {PUSH, 100}, {LESS, 0}, {JUMP_IF, 9},
    {LOAD, OUTER}, {PUSH, 1}, {ADD, 0}, {STORE, OUTER}, {JUMP, 2},
};

static u64 interpret(u64 limit) {
  u64 stack[16], variables[VARIABLES] = {0, 0, 1, limit};
  u64 *top = stack;
  for (const struct instruction *at = program;;) {
    const struct instruction *now = at++;
    switch (now->operation) {
      case PUSH:
        *++top = (u64)now->operand;
        break;
      case LOAD:
        *++top = variables[now->operand];
        break;
      case STORE:
        variables[now->operand] = *top--;
        break;
      case ADD:
        top--;
        top[0] += top[1];
        break;
      case SUBTRACT:
        top--;
        top[0] -= top[1];
        break;
      case MULTIPLY:
        top--;
        top[0] *= top[1];
        break;
      case XOR:
        top--;
        top[0] ^= top[1];
        break;
      case SHIFT:
        top--;
        top[0] >>= top[1] & 63;
        break;
      case LESS:
        top--;
        top[0] = top[0] < top[1];
        break;
      case JUMP_IF:
        if (*top--) at = program + now->operand;
        break;
      case JUMP:
        at = program + now->operand;
        break;
      default:
        return variables[SUM];
    }
  }
}

int main(int argc, char **argv) {
  long turns = number_or(argc > 1 ? argv[1] : NULL, 9000);
  print("bytecode %016lx\n", interpret((u64)turns));
  return 0;
}
