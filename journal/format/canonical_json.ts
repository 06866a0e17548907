/** A value that has exactly one canonical text: numbers are whole and exact. */
export type Json = string | number | boolean | null | readonly Json[] | {
  readonly [key: string]: Json;
};

/**
 * JSON with the keys of every object in code unit order and no white space, so that equal values
 * have equal bytes on every host.
 *
 * @throws {RangeError} for a number that is not a safe whole number
 */
export function canonicalJson(value: Json): string {
  if (typeof value === "number" && (!Number.isSafeInteger(value) || Object.is(value, -0))) {
    throw new RangeError(`${value} has no canonical text: only exact whole numbers have`);
  }
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const keys = Object.keys(value).sort();
  return `{${keys.map((k) => `${JSON.stringify(k)}:${canonicalJson(value[k])}`).join(",")}}`;
}

function isList(
  value: readonly Json[] | { readonly [key: string]: Json },
): value is readonly Json[] {
  return Array.isArray(value);
}
