import { f64 } from "../state/column.ts";
import { table } from "../state/table.ts";

/** The books: one row per account (row = account number of accounts.ts). */
export const accountTable = table("account", {
  doc: "One balance per account, in units of its resource.",
  capacity: 255,
  root: true,
}, {
  balance: f64("units now in the account"),
});
