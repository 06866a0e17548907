/**
 * Values of thread.callStage for blocked file calls: what the waker may finish. They differ from the
 * stages of exec.
 */
export const CallStage = {
  None: 0,
  /** callArgument: buffer address, length. callProgress bytes of it are done. */
  PipeRead: 17,
  /** As PipeRead. */
  PipeWrite: 18,
  /** callArgument: inode, open flags. */
  OpenFifo: 19,
} as const;
