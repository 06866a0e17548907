import { back, f64, holds, owns, u16, u32, u8, weak } from "../state/column.ts";
import { table } from "../state/table.ts";

/** Kinds of inode. */
export const InodeKind = {
  File: 1,
  Directory: 2,
  Symlink: 3,
  Device: 4,
  Fifo: 5,
} as const;

/** Device inodes. */
export const Device = {
  None: 0,
  Null: 1,
  Zero: 2,
  Full: 3,
  Random: 4,
  /** The controlling terminal, or the console. */
  Terminal: 5,
  /** A host stream that is not a terminal. */
  Stream: 6,
} as const;

/** Inodes whose meaning depends on who asks. */
export const InodeSpecial = {
  None: 0,
  /** The link /proc/self/exe: the executable of the asking process. */
  SelfExecutable: 1,
} as const;

/** A file system object. */
export const inodeTable = table("inode", {
  doc: "One row per file, directory, symbolic link or device.",
  capacity: 65536,
}, {
  kind: u8("an InodeKind"),
  mode: u16("permission bits"),
  links: u32("directory entries that name it"),
  refs: u32("entries, open files, processes and the kernel's root that hold it"),
  number: u32("inode number; ascends"),
  uid: u32("owner"),
  gid: u32("group"),
  size: f64("bytes"),
  object: holds("memoryObject", "contents of a file"),
  device: u8("a Device"),
  unit: u32("which terminal or stream"),
  special: u8("an InodeSpecial"),
  parent: back("inode", "parent directory, for ..; 0 once removed"),
  formerParent: weak("inode", "parent of a removed directory somebody is still in, for .."),
  formerParentGeneration: u32("generation of that inode"),
  entry: back("directoryEntry", "newest entry that names it and still exists, for path texts"),
  firstEntry: owns("directoryEntry", "oldest entry of a directory"),
  lastEntry: back("directoryEntry", "newest entry"),
  entries: u32("entries of a directory"),
  nextCookie: f64("readdir position the next entry gets", { role: "history" }),
  target: owns("nameChunk", "text of a symbolic link"),
  targetLength: u16("its length in bytes"),
  image: owns("image", "what exec learned of it"),
  writers: u32("open files that may write it"),
  next: owns("inode", "next in the list of all inodes"),
  previous: back("inode", "previous in the list of all inodes"),
  accessed: f64("last access, us since 1970", { role: "history" }),
  modified: f64("last change of the contents, us since 1970", { role: "history" }),
  changed: f64("last change of the inode, us since 1970", { role: "history" }),
  pipe: holds("pipe", "the pipe of a fifo, from its first open to the last close"),
  operation: back("thread", "thread whose long operation on the contents holds the slot"),
  operated: holds("inode", "itself while the slot is held, so that it stays"),
  waitHead: back("waiter", "first waiter for the operation slot"),
  waitTail: back("waiter", "last waiter for the operation slot"),
});

/** Bytes of a name chunk. */
export const CHUNK_BYTES = 32;

/** A piece of a name. */
export const nameChunkTable = table("nameChunk", {
  doc: "32 bytes of a file name or link target, zero padded.",
  capacity: 262144,
}, {
  bytes: u8("the bytes", { count: CHUNK_BYTES }),
  next: owns("nameChunk", "the rest"),
});

/** A name in a directory. */
export const directoryEntryTable = table("directoryEntry", {
  doc: "One row per name in a directory, in order of creation.",
  capacity: 131072,
}, {
  directory: back("inode", "directory it is in"),
  name: owns("nameChunk", "the name"),
  nameLength: u16("its length in bytes"),
  nameHash: u32("hash of the name"),
  inode: holds("inode", "what it names"),
  cookie: f64("readdir position", { role: "history" }),
  next: owns("directoryEntry", "next newer entry"),
  previous: back("directoryEntry", "next older entry"),
  hashNext: back("directoryEntry", "next in the hash bucket", { role: "derived" }),
});

/** Buckets of the (directory, name) hash. */
export const NAME_BUCKETS = 65536;

/** Kinds of open file. */
export const OpenKind = { Inode: 1, PipeRead: 2, PipeWrite: 3 } as const;

/** An open file description. */
export const openFileTable = table("openFile", {
  doc: "One row per open; dup and fork share it.",
  capacity: 16384,
}, {
  kind: u8("an OpenKind"),
  refs: u32("capability nodes that name it"),
  inode: holds("inode", "file, directory or device; 0 for a pipe"),
  pipe: holds("pipe", "pipe, for a pipe end"),
  flags: u32("open flags in core's own bits (OpenFlag)"),
  offset: f64("file position, or readdir position"),
  entry: weak("directoryEntry", "entry last listed, to go on from"),
  entryGeneration: u32("generation of that entry"),
  vector: owns("nameChunk", "buffers still to do of a long readv or writev, two to a chunk"),
});

/** Flags of an open file. */
export const OpenFlag = { Read: 1, Write: 2, Append: 4, NonBlocking: 8, Directory: 16 } as const;

/** Bytes a pipe holds at most. */
export const PIPE_PAGES = 16;

/** A pipe. */
export const pipeTable = table("pipe", {
  doc: "One row per pipe: a ring of buffer frames.",
  capacity: 8192,
}, {
  refs: u32("open files that hold it, and the inode of a fifo"),
  readers: u32("open read ends"),
  writers: u32("open write ends"),
  frame: holds("frame", "ring of buffer frames, each allocated at need", { count: PIPE_PAGES }),
  head: f64("bytes ever written", { role: "history" }),
  tail: f64("bytes ever read", { role: "history" }),
  number: u32("inode number shown by fstat"),
  readHead: back("waiter", "first blocked reader"),
  readTail: back("waiter", "last blocked reader"),
  writeHead: back("waiter", "first blocked writer"),
  writeTail: back("waiter", "last blocked writer"),
});

/** A 64 KiB piece of a host file on its way in. */
export const chunkRequestTable = table("chunkRequest", {
  doc: "One row per chunk of a host file asked for and not yet here.",
  capacity: 4096,
  root: true,
}, {
  object: holds("memoryObject", "object the chunk belongs to"),
  chunk: u32("index of the chunk"),
  waitHead: back("waiter", "threads that need it"),
  waitTail: back("waiter", "last of them"),
  next: back("chunkRequest", "next request in flight"),
  previous: back("chunkRequest", "previous request in flight"),
});

/** Bytes of a terminal's line buffer. */
export const LINE_BYTES = 4096;

/** A terminal: line discipline over the UART (boot) or a host terminal (run). */
export const terminalTable = table("terminal", {
  doc: "One row per terminal: settings, edit line, finished input.",
  capacity: 4,
  root: true,
}, {
  settings: u8("struct termios as Linux lays it out, 36 bytes", { count: 64 }),
  columns: u16("width"),
  rows: u16("height"),
  group: u32("foreground process group"),
  session: u32("session it controls"),
  unit: u32("0: the UART; 1: the host terminal"),
  edit: u8("line being edited", { count: LINE_BYTES, usedCount: "editLength" }),
  editLength: u32("its length"),
  input: u8("ring of finished input", { count: LINE_BYTES }),
  inputHead: f64("bytes ever put in", { role: "history" }),
  inputTail: f64("bytes ever read", { role: "history" }),
  lineEnds: u8("bit i of byte i/8 marks input ring position i as the end of a line", {
    count: LINE_BYTES / 8,
  }),
  lines: u32("finished lines in the ring"),
  throttled: u8("1 while its input is held back, because the ring is filling up"),
  hungUp: u8("1 after the other side is gone: reads find the end"),
  waitHead: back("waiter", "first blocked reader"),
  waitTail: back("waiter", "last blocked reader"),
});

/** A standard stream of the host that is not a terminal. */
export const streamTable = table("stream", {
  doc: "One row per host stream of `run`: descriptors 0 to 2.",
  capacity: 4,
  root: true,
}, {
  unit: u32("host descriptor"),
  object: holds("frame", "buffer frame with the block read ahead; 0 for none"),
  begin: u32("first unread byte of the block"),
  end: u32("byte after the last of the block"),
  requested: u8("1 while a block is asked for and not here"),
  ended: u8("1 after end of file"),
  waitHead: back("waiter", "first blocked reader"),
  waitTail: back("waiter", "last blocked reader"),
});

/** Singletons of the file system. */
export const fileSystemTable = table("fileSystem", {
  doc: "One row: inode numbers, derived lookup buckets, requests in flight.",
  capacity: 1,
  root: true,
}, {
  nextNumber: u32("inode number given last"),
  importError: u8("core error code of the first tree record that could not be entered; 0 for none"),
  firstChunk: owns("chunkRequest", "chunk requests in flight"),
  walkParent: u32(
    "scratch of a path walk, meaningless between events: directory of the last name",
    {
      role: "derived",
    },
  ),
  walkInode: u32("scratch: what the last name names, or 0", { role: "derived" }),
  walkAt: u32("scratch: where the last name begins in its bytes", { role: "derived" }),
  walkLength: u32("scratch: its length; 0 when the path ends in the root, . or ..", {
    role: "derived",
  }),
  walkInEffects: u32("scratch: 1 when its bytes are in the effect bytes, 0 in the payload", {
    role: "derived",
  }),
  walkSteps: u32("scratch: components walked so far", { role: "derived" }),
  walkLinks: u32("scratch: symbolic links followed so far", { role: "derived" }),
  walkSlash: u32("scratch: 1 when the name was followed by a slash", { role: "derived" }),
  walkLast: u8("scratch: a WalkLast", { role: "derived" }),
  walkKeep: u8("scratch: 1 while even a slash does not make the last name's link be followed", {
    role: "derived",
  }),
  walkBytes: u32("scratch: bytes of link texts followed so far", { role: "derived" }),
  nameBucket: back("directoryEntry", "(directory, name) hash buckets", {
    count: NAME_BUCKETS,
    role: "derived",
  }),
});
