/** Values of thread.callStage for blocked file calls: what the waker may finish. */
export const CallStage = {
  None: 0,
  /** callArgument: buffer address, length. callProgress bytes of it are done. */
  PipeRead: 1,
  /** As PipeRead. */
  PipeWrite: 2,
  /** callArgument: inode, open flags. */
  OpenFifo: 3,
} as const;
