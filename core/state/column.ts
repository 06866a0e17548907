/** Element types a column may have; f64 columns hold whole numbers below 2^53 only. */
export type ElementType = "u8" | "u16" | "u32" | "i32" | "f64";

/** Who may write a column: one hart's own events, whoever owns the object now, or any event. */
export type Owner = "hart" | "object" | "global";

/**
 * What a column means to hashing and comparison. `state` and `history` (counters, sequences,
 * timestamps) are hashed; `commutative` is hashed and may be written in any order; `derived` is
 * rebuilt from the rest, neither hashed nor compared.
 */
export type Role = "state" | "history" | "commutative" | "derived";

/**
 * How a handle column binds its target: `owns` (exactly one owner), `holds` (counted), `back` (the
 * inverse of an owning link, valid while owned), `weak` (index here, generation in a sibling column).
 */
export type HandleKind = "owns" | "holds" | "back" | "weak";

/** Where a handle points and how it binds. */
export interface Target {
  readonly kind: HandleKind;
  readonly table: string;
}

/** Where a handle points, by the value of another column of its row. */
export interface ByKind {
  /** The column with the kinds: of the same table, with as many elements a row. */
  readonly column: string;
  readonly targets: Readonly<Record<number, Target>>;
}

/** A handle's binding and the name of the table it points into. */
export interface Handle extends Target {
  /** Set when the row itself says which table it is; `kind` and `table` mean nothing then. */
  readonly byKind?: ByKind;
}

/** One column, declared once; everything else about it is derived. */
export interface Column<E extends ElementType = ElementType> {
  readonly type: E;
  /** Elements per row. */
  readonly count: number;
  readonly doc: string;
  readonly owner: Owner;
  readonly role: Role;
  readonly handle?: Handle;
  /** Name of a u32 column of the same table: only that many elements of each row are in use. */
  readonly usedCount?: string;
}

/** What a declaration may say beyond type and doc. */
export interface ColumnOptions {
  readonly count?: number;
  readonly owner?: Owner;
  readonly role?: Role;
  readonly usedCount?: string;
}

function column<E extends ElementType>(
  type: E,
  doc: string,
  options: ColumnOptions,
  handle?: Handle,
): Column<E> {
  return {
    type,
    doc,
    count: options.count ?? 1,
    owner: options.owner ?? "object",
    role: options.role ?? "state",
    ...(options.usedCount === undefined ? {} : { usedCount: options.usedCount }),
    ...(handle === undefined ? {} : { handle }),
  };
}

/** An unsigned byte column. */
export const u8 = (doc: string, o: ColumnOptions = {}): Column<"u8"> => column("u8", doc, o);
/** An unsigned 16-bit column. */
export const u16 = (doc: string, o: ColumnOptions = {}): Column<"u16"> => column("u16", doc, o);
/** An unsigned 32-bit column. */
export const u32 = (doc: string, o: ColumnOptions = {}): Column<"u32"> => column("u32", doc, o);
/** A signed 32-bit column. */
export const i32 = (doc: string, o: ColumnOptions = {}): Column<"i32"> => column("i32", doc, o);
/** A column of whole numbers below 2^53: times in ns, byte sizes, user addresses, balances. */
export const f64 = (doc: string, o: ColumnOptions = {}): Column<"f64"> => column("f64", doc, o);

/** An owning handle: the target row dies with its owner and has exactly one. */
export const owns = (table: string, doc: string, o: ColumnOptions = {}): Column<"u32"> =>
  column("u32", doc, o, { kind: "owns", table });
/** A counted handle: the target's `refs` column counts all of these. */
export const holds = (table: string, doc: string, o: ColumnOptions = {}): Column<"u32"> =>
  column("u32", doc, o, { kind: "holds", table });
/** The inverse of an owning link, or a queue link among rows that others own. */
export const back = (table: string, doc: string, o: ColumnOptions = {}): Column<"u32"> =>
  column("u32", doc, o, { kind: "back", table });
/** An index whose target may be gone; the generation to compare is in a column of its own. */
export const weak = (table: string, doc: string, o: ColumnOptions = {}): Column<"u32"> =>
  column("u32", doc, o, { kind: "weak", table });

/**
 * A handle into the table that another column of the row names. A kind without a target must have
 * the handle 0.
 *
 * @param kindColumn the column with the kinds
 * @param targets table and binding of each kind
 */
export const byKind = (
  kindColumn: string,
  targets: Readonly<Record<number, Target>>,
  doc: string,
  o: ColumnOptions = {},
): Column<"u32"> =>
  column("u32", doc, o, { kind: "back", table: "", byKind: { column: kindColumn, targets } });

/** Bytes of one element of a type. */
export function elementBytes(type: ElementType): number {
  switch (type) {
    case "u8":
      return 1;
    case "u16":
      return 2;
    case "u32":
    case "i32":
      return 4;
    case "f64":
      return 8;
  }
}
