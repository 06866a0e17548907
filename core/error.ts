/**
 * The kernel's own error codes. Objects return them negated; only a personality knows errno.
 */
export const Err = {
  /** No such file, directory, process or object. */
  NotFound: 1,
  /** No such process. */
  NoProcess: 2,
  Interrupted: 3,
  Io: 4,
  /** Arguments or a record too large. */
  TooBig: 5,
  /** Not an executable this machine can run. */
  BadExecutable: 6,
  /** No such descriptor, or not opened for this. */
  BadDescriptor: 7,
  NoChild: 8,
  /** A table, quota or the process limit is full. */
  Exhausted: 9,
  NoMemory: 10,
  /** Permission bits forbid it. */
  Access: 11,
  /** A user address that cannot be used. */
  BadAddress: 12,
  Exists: 13,
  NotDirectory: 14,
  IsDirectory: 15,
  Invalid: 16,
  /** The process's descriptor table is full. */
  TooManyOpen: 17,
  /** The system's open file table is full. */
  TooManyOpenSystem: 18,
  NotTerminal: 19,
  TooLarge: 20,
  NoSpace: 21,
  /** Not possible on a pipe. */
  Seek: 22,
  BrokenPipe: 23,
  Range: 24,
  NameTooLong: 25,
  NotImplemented: 26,
  NotEmpty: 27,
  /** Too many symbolic links. */
  Loop: 28,
  TimedOut: 29,
  Busy: 30,
  /** Would block and was asked not to. */
  Again: 31,
  NotPermitted: 32,
  CrossDevice: 33,
  TooManyLinks: 34,
  ReadOnly: 35,
  NotSupported: 36,
  /** A device that cannot do this. */
  NoDevice: 37,
  /** Nothing at the other side of a fifo or behind a device. */
  NoSuchDevice: 38,
  /** The caller would wait for itself. */
  Deadlock: 39,
  /** The memory a server has named for a message cannot be used. */
  ServerFault: 40,
  /** No capability of that name. */
  NoCapability: 41,
  /** The name was given back, or what it names is gone. */
  StaleCapability: 42,
  /** The capability is for another kind of object. */
  WrongKind: 43,
  /** The capability lacks a right the call needs. */
  FewerRights: 44,
  /** The capability is about to go with one above it. */
  Revoked: 45,
  /** Derived through too many hands. */
  TooDeep: 46,
  /** The process was started without the well-known capability the call consumes. */
  NoSlot: 47,
  /** The receiver takes no more from this sender now. */
  RateLimited: 52,
} as const;

/**
 * Results that are not a value or an error. They lie below every negated code and errno, and every
 * function that may return them says so.
 */
export const Result = {
  /**
   * The thread is linked to a waiter, or a long operation is under way: nothing is returned to it
   * now. It runs the call again from its `ecall`, or whoever finishes the call completes it.
   */
  Pending: -(2 ** 40),
  /** Registers and pc are already as they must be (exec, sigreturn, exit). */
  NoReturn: -(2 ** 40) - 1,
  /** Run the call again at once from its `ecall`. */
  Restart: -(2 ** 40) - 2,
} as const;
