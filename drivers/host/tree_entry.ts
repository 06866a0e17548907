/** Kinds of tree entry. */
export const TreeKind = { File: 1, Directory: 2, Symlink: 3, HardLink: 4 } as const;

/** One name of a directory tree that a guest is given. */
export interface TreeEntry {
  /** Path below the root: components separated by one slash, none at either end. */
  readonly path: Uint8Array;
  /** A TreeKind. */
  readonly kind: number;
  /** Permission bits; 0o777 for a symbolic link. */
  readonly mode: number;
  /** Bytes of a regular file; 0 for the others. */
  readonly size: number;
  /** Number of a regular file in HostFiles; 0 when empty, and for the others. */
  readonly file: number;
  /** Text of a symbolic link; path of a hard link's file, which is an earlier entry. */
  readonly target: Uint8Array;
}

/** No target. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Most bytes of a path or of a link's text. */
export const TREE_PATH_LIMIT = 4095;
/** Most bytes of one component. */
export const TREE_NAME_LIMIT = 255;

/** Orders by unsigned bytes, a prefix first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
