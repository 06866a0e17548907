import assert from "node:assert/strict";
import { PLIC_SOURCES } from "../arch/machine/devices/plic.ts";
import { driverOfSource, drivers } from "./registry.ts";

Deno.test("registry: numbers and sources are distinct, in range and found again", () => {
  assert.equal(new Set(drivers.map((d) => d.device)).size, drivers.length);
  assert.equal(new Set(drivers.map((d) => d.source)).size, drivers.length);
  for (const driver of drivers) {
    assert.ok(driver.source >= 1 && driver.source <= PLIC_SOURCES);
    assert.equal(driverOfSource(driver.source), driver);
  }
  assert.equal(driverOfSource(0), undefined);
});
