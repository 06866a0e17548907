/** `peak_memory.ts JOURNAL`: boots the image once and prints this process's largest size, bytes. */
import { resourceUsage } from "node:process";
import { bootGuest } from "./guest.ts";

bootGuest(Deno.args[0]);
console.log(resourceUsage().maxRSS * 1024);
