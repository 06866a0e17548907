/** C12, I9: an IPI raised is taken once, and no work lies in an inbox without one. */
import { EffectKind } from "../../core/effect.ts";
import { EventKind } from "../../core/event.ts";
import { Account } from "../../core/ledger/accounts.ts";
import { type Check, eachLive, type Group, ONLY } from "./checker.ts";
import { eachEffect } from "./effects.ts";

/** Raised and taken interrupts between harts, the next steps asked for, inboxes and shootdowns. */
export const ipis: Group = {
  name: "ipis",
  ids: ["C12", "I9"],
  make: ({ state: s, effects: fx }): Check => {
    /** Raised and not taken, by what the hardware was told. */
    const raised = new Int32Array(64);
    const steps = new Int32Array(64);
    let taken = 0;
    return (e, report) => {
      if (e.kind === EventKind.Ipi) {
        raised[e.hart] = (raised[e.hart] ?? 0) - 1;
        taken++;
      }
      if (e.kind === EventKind.Continue) steps[e.hart] = (steps[e.hart] ?? 0) - 1;
      eachEffect(fx, (kind, at) => {
        const hart = fx.words[at + 1] ?? 0;
        if (kind === EffectKind.Ipi) raised[hart] = (raised[hart] ?? 0) + 1;
        if (kind === EffectKind.Continue) steps[hart] = (steps[hart] ?? 0) + 1;
      });
      let pending = 0;
      for (let hart = 0; hart < s.kernel.harts[ONLY]; hart++) {
        const row = `hart ${hart}`;
        const flag = s.hart.ipiPending[hart + 1];
        pending += flag;
        if (flag !== raised[hart]) {
          report("C12", row, `${raised[hart]} IPIs raised and not taken, ipiPending says ${flag}`);
        }
        const step = s.hart.continuePending[hart + 1];
        if (step !== steps[hart]) {
          report("C12", row, `${steps[hart]} steps asked for, continuePending says ${step}`);
        }
        // Not before the sample's reply: the event that brings it asks for the step.
        const replies = s.kernel.sampling[ONLY] === hart + 1;
        if (s.hart.inboxHead[hart + 1] !== 0 && flag === 0 && step === 0 && !replies) {
          report("I9", row, "threads in its inbox, but neither an IPI nor a step will come");
        }
        eachLive(s.shootdown, (shootdown) => {
          const waiting = hart < 32
            ? s.shootdown.waitingLo[shootdown]
            : s.shootdown.waitingHi[shootdown];
          if (((waiting >>> (hart & 31)) & 1) === 1 && flag === 0) {
            report("I9", row, `shootdown ${shootdown} waits for it, but no IPI is pending`);
          }
        });
      }
      if (s.account.balance[Account.IpiPending] !== pending) {
        report(
          "C12",
          "books",
          `IpiPending holds ${s.account.balance[Account.IpiPending]}, ` +
            `${pending} harts have one pending`,
        );
      }
      if (s.account.balance[Account.IpiTaken] !== taken) {
        report(
          "C12",
          "books",
          `IpiTaken holds ${s.account.balance[Account.IpiTaken]}, ` +
            `${taken} events took one`,
        );
      }
    };
  },
};
