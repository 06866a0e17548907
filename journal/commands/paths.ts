/** Paths as the user typed them. */

/**
 * Makes a path absolute: a relative one starts where the user stood. ".." stays in it, so that it
 * means what the host says it means where links are on the way.
 *
 * @param folder the user's folder (INIT_CWD), absolute
 */
export function resolvePath(folder: string, path: string): string {
  if (path.startsWith("/")) return path;
  const below = path.replace(/^(\.\/+)+/, "");
  return below === "" || below === "." ? folder : `${folder.replace(/\/+$/, "")}/${below}`;
}

/** The last component of a path; "/" of the root. */
export function baseName(path: string): string {
  const parts = path.split("/").filter((part) => part !== "");
  return parts.length === 0 ? "/" : parts[parts.length - 1];
}

/** A path as it is shown: relative where it lies below the user's folder. */
export function shownPath(folder: string, path: string): string {
  const above = `${folder.replace(/\/+$/, "")}/`;
  return path.startsWith(above) ? path.slice(above.length) : path;
}
