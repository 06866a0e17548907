/** Most units of work (PTEs, pages, capability nodes, waiters) one event may do. */
export const UNITS = 256;
/**
 * Most ns all harts together can book: up to here sums of whole numbers are exact. The machine lets
 * no hart idle beyond it.
 */
export const HART_TIME_NS = Number.MAX_SAFE_INTEGER;
/** Bytes of a page. */
export const PAGE_BYTES = 4096;
/** Most bytes of a path, its NUL included. */
export const PATH_LIMIT = 4096;
/** Most bytes of one path component. */
export const NAME_LIMIT = 255;
/** Bytes of a chunk of a host file. */
export const FILE_CHUNK_BYTES = 65536;
/** Bytes of a block of a host stream. */
export const STREAM_BLOCK_BYTES = 4096;
