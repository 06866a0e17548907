/** `guest_child.ts REQUEST`: does what `guest.ts` can, in a process of its own; prints its answer. */
import { runGuest } from "./guest.ts";

console.log(JSON.stringify(runGuest(JSON.parse(Deno.args[0]))));
