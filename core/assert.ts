/**
 * The one exception type of the kernel: a failed assertion is our defect, never a user's doing.
 *
 * Only the machine loop catches it; it flushes the offending event, prints one line and exits 70.
 */
export class KernelDefect extends Error {
  override readonly name = "KernelDefect";
}

/**
 * Holds a rule of the kernel, in production too.
 *
 * @param holds the rule, evaluated
 * @param rule what should have been true, in words
 * @throws {KernelDefect} when the rule is broken
 */
export function assert(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new KernelDefect(rule);
}

/**
 * Marks a place that no state reaches.
 *
 * @throws {KernelDefect} always
 */
export function unreachable(rule: string): never {
  throw new KernelDefect(rule);
}
