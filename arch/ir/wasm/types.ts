/** A WebAssembly value type. */
export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** What a block leaves on the stack: nothing, one value, or (a number) a type index. */
export type BlockType = ValueType | number | undefined;

const VALUE_TYPE_CODES: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

/** The binary encoding of a value type. */
export function valueTypeCode(type: ValueType): number {
  return VALUE_TYPE_CODES[type];
}

/** True when `text` is the name of a value type. */
export function isValueType(text: string): text is ValueType {
  return Object.hasOwn(VALUE_TYPE_CODES, text);
}
