/**
 * Values of thread.callStage: how far the call in progress has come, and so what whoever ends its
 * wait may finish. All differ, whatever the call.
 */
export const CallStage = {
  None: 0,
  /** execve waits for the head of a program. callArgument: inode. */
  Sampling: 1,
  /** The end of its owner made the thread owner of the futex it waited for. */
  Heir: 2,
  /** callArgument: buffer address, length. callProgress bytes of it are done. */
  PipeRead: 17,
  /** As PipeRead. */
  PipeWrite: 18,
  /** callArgument: inode, open flags. */
  OpenFifo: 19,
  /** Its work is done and it waits for acknowledgements only. callArgument: what it returns. */
  Shootdown: 0x5d00,
  /**
   * A revocation waits for other harts to forget what it unmapped. callProgress: shootdowns that
   * had been sent.
   */
  Revoked: 0x5e00,
  /**
   * A receive has its message and waits for harts to forget the pages it had. callArgument: receipt,
   * length. callProgress: as Revoked.
   */
  Handed: 0x5f00,
} as const;
