import assert from "node:assert/strict";
import { optionWords } from "./option_words.ts";

Deno.test("option words: values, flags and the rest are told apart", () => {
  const words = ["a", "--from", "--x", "--wild", "--to=b=c", "d"];
  const { values, flags, rest } = optionWords(words, ["--from", "--to"], ["--wild"]);
  assert.deepEqual([...values], [["--from", "--x"], ["--to", "b=c"]]);
  assert.deepEqual([...flags], ["--wild"]);
  assert.deepEqual(rest, ["a", "d"]);
});

Deno.test("option words: what is not known, or lacks its value, is refused", () => {
  const read = (word: string) => () => optionWords([word], ["--from"], ["--wild"]);
  assert.throws(read("--frm"), /unknown option --frm; known are --from, --wild/);
  assert.throws(read("--wild=1"), /unknown option --wild=1/);
  assert.throws(read("--from"), /--from needs a value/);
});
