/** Finds the Debian mirror that a machine's own apt configuration names. */

/** One source of an apt configuration. */
interface Source {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
}

const DEBIAN_SUITE =
  /^(?:oldoldstable|oldstable|stable|testing|unstable|sid|buster|bullseye|bookworm|trixie|forky|duke)$/;

/**
 * The URI of the first main Debian archive in apt's sources, in the order given.
 *
 * @param files the texts of the source files; `deb822` for `*.sources`, else one line per source
 * @returns null when no file names one: another distribution's mirror has no riscv64 Debian
 */
export function debianMirror(
  files: readonly { readonly deb822: boolean; readonly text: string }[],
): string | null {
  for (const file of files) {
    const sources = file.deb822 ? parseDeb822(file.text) : parseClassic(file.text);
    for (const { uri, suite, components } of sources) {
      if (DEBIAN_SUITE.test(suite) && components.includes("main")) return uri;
    }
  }
  return null;
}

/** `deb [options] URI SUITE COMPONENT…`, one per line. */
function parseClassic(text: string): Source[] {
  const sources: Source[] = [];
  for (const line of text.split("\n")) {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line);
    if (match === null) continue;
    const [, uri = "", suite = "", components = ""] = match;
    sources.push({ uri, suite, components: words(components) });
  }
  return sources;
}

/** Stanzas of `Field: value` lines, parted by blank lines; continuation lines are indented. */
function parseDeb822(text: string): Source[] {
  const sources: Source[] = [];
  const bare = text.split("\n").filter((line) => !line.startsWith("#")).join("\n");
  for (const stanza of bare.split(/\n\s*\n/)) {
    const fields: Record<string, string> = {};
    for (const [, name = "", value = ""] of stanza.matchAll(/^([\w-]+):(.*(?:\n[ \t].*)*)/gm)) {
      fields[name.toLowerCase()] = value;
    }
    if (!words(fields["types"]).includes("deb") || fields["enabled"]?.trim() === "no") continue;
    for (const uri of words(fields["uris"])) {
      for (const suite of words(fields["suites"])) {
        sources.push({ uri, suite, components: words(fields["components"]) });
      }
    }
  }
  return sources;
}

const words = (text = ""): string[] => text.split(/\s+/).filter((word) => word !== "");
