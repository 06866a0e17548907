import { ByteBuffer } from "./byte_buffer.ts";
import { FunctionBuilder } from "./function_builder.ts";
import { valueTypeCode } from "./types.ts";
import type { ValueType } from "./types.ts";

/** What an export or import can be; the array index is its code in the binary format. */
const EXTERNAL_KINDS = ["function", "table", "memory", "global"] as const;
type ExternalKind = typeof EXTERNAL_KINDS[number];

const FUNCREF = 0x70;
const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  element: 9,
  code: 10,
} as const;

/** Collects the parts of a WebAssembly module and encodes it. Imports come before definitions. */
export class ModuleBuilder {
  readonly #typeIndexes = new Map<string, number>();
  readonly #types: [readonly ValueType[], readonly ValueType[]][] = [];
  readonly #imports = new Entries();
  readonly #importCounts: Record<ExternalKind, number> = {
    function: 0,
    table: 0,
    memory: 0,
    global: 0,
  };
  readonly #importedNames: string[] = [];
  readonly #functions: FunctionBuilder[] = [];
  readonly #tables = new Entries();
  readonly #memories = new Entries();
  readonly #globals = new Entries();
  readonly #exports = new Entries();
  readonly #elements = new Entries();

  /** The index of a function type, declared on first use. */
  type(params: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${params.join()}>${results.join()}`;
    const known = this.#typeIndexes.get(key);
    if (known !== undefined) return known;
    this.#types.push([[...params], [...results]]);
    this.#typeIndexes.set(key, this.#types.length - 1);
    return this.#types.length - 1;
  }

  #import(module: string, name: string, kind: ExternalKind, defined: number): ByteBuffer {
    if (defined > 0) {
      throw new Error(`import ${module}.${name} after the first own ${kind}: indexes would move`);
    }
    this.#importCounts[kind]++;
    const entry = this.#imports.add();
    entry.name(module);
    entry.name(name);
    entry.u8(EXTERNAL_KINDS.indexOf(kind));
    return entry;
  }

  /** Imports a function; returns its index. */
  importFunction(
    module: string,
    name: string,
    params: readonly ValueType[],
    results: readonly ValueType[],
  ): number {
    this.#import(module, name, "function", this.#functions.length)
      .u32(this.type(params, results));
    this.#importedNames.push(name);
    return this.#importCounts.function - 1;
  }

  /** Imports a memory; sizes in 64 KiB pages. Returns its index. */
  importMemory(module: string, name: string, min: number, max: number, shared: boolean): number {
    const entry = this.#import(module, name, "memory", this.#memories.count);
    entry.u8(shared ? 3 : 1);
    entry.u32(min);
    entry.u32(max);
    return this.#importCounts.memory - 1;
  }

  /** Imports a table of function references; returns its index. */
  importTable(module: string, name: string, min: number, max?: number): number {
    tableType(this.#import(module, name, "table", this.#tables.count), min, max);
    return this.#importCounts.table - 1;
  }

  /** Imports a global; returns its index. */
  importGlobal(module: string, name: string, type: ValueType, mutable: boolean): number {
    const entry = this.#import(module, name, "global", this.#globals.count);
    entry.u8(valueTypeCode(type));
    entry.u8(mutable ? 1 : 0);
    return this.#importCounts.global - 1;
  }

  /** Begins a function; its index is known at once, so that bodies may call each other. */
  function(
    name: string,
    params: readonly ValueType[],
    results: readonly ValueType[],
  ): FunctionBuilder {
    this.type(params, results);
    const index = this.#importCounts.function + this.#functions.length;
    const builder = new FunctionBuilder(index, name, [...params], [...results]);
    this.#functions.push(builder);
    return builder;
  }

  /** Defines an own memory; sizes in 64 KiB pages. Returns its index. */
  memory(min: number, max: number, shared = false): number {
    const entry = this.#memories.add();
    entry.u8(shared ? 3 : 1);
    entry.u32(min);
    entry.u32(max);
    return this.#importCounts.memory + this.#memories.count - 1;
  }

  /** Defines an own table of function references; returns its index. */
  table(min: number, max?: number): number {
    tableType(this.#tables.add(), min, max);
    return this.#importCounts.table + this.#tables.count - 1;
  }

  /** Defines a global with a constant start value (for i64 a safe integer); returns its index. */
  global(type: Exclude<ValueType, "v128">, mutable: boolean, value = 0): number {
    const entry = this.#globals.add();
    entry.u8(valueTypeCode(type));
    entry.u8(mutable ? 1 : 0);
    const init = new FunctionBuilder(0, "global", [], []);
    init[`${type}_const`](value);
    // A body is a locals count, here the byte 0, then an expression with its end.
    entry.bytes(init.finish().body.subarray(1));
    return this.#importCounts.global + this.#globals.count - 1;
  }

  /** Exports by index. */
  export(name: string, kind: ExternalKind, index: number): void {
    const entry = this.#exports.add();
    entry.name(name);
    entry.u8(EXTERNAL_KINDS.indexOf(kind));
    entry.u32(index);
  }

  /** Exports a function under its own name or another. */
  exportFunction(target: FunctionBuilder, name: string = target.name): void {
    this.export(name, "function", target.index);
  }

  /** Fills table 0 from `offset` with the functions of these indexes when instantiated. */
  element(offset: number, functions: readonly number[]): void {
    const entry = this.#elements.add();
    entry.u32(0);
    entry.u8(0x41);
    entry.s32(offset);
    entry.u8(0x0b);
    entry.u32(functions.length);
    for (const index of functions) entry.u32(index);
  }

  /** Encodes the module. */
  build(): Uint8Array<ArrayBuffer> {
    const out = new ByteBuffer();
    out.bytes(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const types = new Entries();
    for (const [params, results] of this.#types) functionType(types.add(), params, results);
    const declarations = new Entries();
    for (const f of this.#functions) declarations.add().u32(this.type(f.params, f.results));

    types.writeTo(out, SECTION.type);
    this.#imports.writeTo(out, SECTION.import);
    declarations.writeTo(out, SECTION.function);
    this.#tables.writeTo(out, SECTION.table);
    this.#memories.writeTo(out, SECTION.memory);
    this.#globals.writeTo(out, SECTION.global);
    this.#exports.writeTo(out, SECTION.export);
    this.#elements.writeTo(out, SECTION.element);
    this.#writeCode(out);
    this.#writeNames(out);
    return out.toBytes();
  }

  #writeCode(out: ByteBuffer): void {
    const code = new Entries();
    const hinted = new Entries();
    for (const f of this.#functions) {
      const { body, hints } = f.finish();
      const entry = code.add();
      entry.u32(body.length);
      entry.bytes(body);
      if (hints.length === 0) continue;
      const list = hinted.add();
      list.u32(f.index);
      list.u32(hints.length);
      for (const hint of hints) {
        list.u32(hint.codeOffset);
        list.u32(1);
        list.u8(hint.likely ? 1 : 0);
      }
    }
    // The hints' section must stand before the code it speaks of.
    hinted.writeCustomTo(out, "metadata.code.branch_hint");
    code.writeTo(out, SECTION.code);
  }

  #writeNames(out: ByteBuffer): void {
    const names = new Entries();
    this.#importedNames.forEach((name, index) => nameEntry(names.add(), index, name));
    for (const f of this.#functions) nameEntry(names.add(), f.index, f.name);
    if (names.count === 0) return;
    const contents = new ByteBuffer();
    contents.name("name");
    contents.section(1, names.encode());
    out.section(SECTION.custom, contents);
  }
}

/** A counted list of encoded items: the shape of most sections. */
class Entries {
  readonly #items: ByteBuffer[] = [];

  get count(): number {
    return this.#items.length;
  }

  add(): ByteBuffer {
    const item = new ByteBuffer();
    this.#items.push(item);
    return item;
  }

  encode(): ByteBuffer {
    const out = new ByteBuffer();
    out.u32(this.#items.length);
    for (const item of this.#items) out.bytes(item.toBytes());
    return out;
  }

  writeTo(out: ByteBuffer, section: number): void {
    if (this.#items.length > 0) out.section(section, this.encode());
  }

  writeCustomTo(out: ByteBuffer, name: string): void {
    if (this.#items.length === 0) return;
    const contents = new ByteBuffer();
    contents.name(name);
    contents.bytes(this.encode().toBytes());
    out.section(SECTION.custom, contents);
  }
}

function tableType(out: ByteBuffer, min: number, max: number | undefined): void {
  out.u8(FUNCREF);
  out.u8(max === undefined ? 0 : 1);
  out.u32(min);
  if (max !== undefined) out.u32(max);
}

function functionType(
  out: ByteBuffer,
  params: readonly ValueType[],
  results: readonly ValueType[],
): void {
  out.u8(0x60);
  for (const list of [params, results]) {
    out.u32(list.length);
    for (const type of list) out.u8(valueTypeCode(type));
  }
}

function nameEntry(out: ByteBuffer, index: number, name: string): void {
  out.u32(index);
  out.name(name);
}
