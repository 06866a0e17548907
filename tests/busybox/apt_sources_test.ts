import assert from "node:assert/strict";
import { debianMirror } from "./apt_sources.ts";

const classic = (text: string) => ({ deb822: false, text });
const stanzas = (text: string) => ({ deb822: true, text });

Deno.test("a classic sources.list names its mirror, options and comments aside", () => {
  const text = `# deb http://commented.example/debian bookworm main
deb-src http://source.example/debian bookworm main
deb http://security.example/debian-security bookworm-security main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # note
`;
  assert.equal(debianMirror([classic(text)]), "http://mirror.example/debian");
});

Deno.test("deb822 stanzas: disabled and source-only ones are passed over, lines may continue", () => {
  const text = `Types: deb
URIs: http://disabled.example/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main

Types: deb
# a comment inside a stanza
URIs: http://mirror.example/debian
Suites: bookworm-updates
 bookworm
Components: contrib
 main
`;
  assert.equal(debianMirror([stanzas(text)]), "http://mirror.example/debian");
});

Deno.test("a mirror of another distribution is none of Debian", () => {
  assert.equal(debianMirror([classic("deb http://a.example/ubuntu jammy main\n")]), null);
  assert.equal(debianMirror([]), null);
});
