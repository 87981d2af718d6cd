// Taking a contribution back before anybody judged it.

import { html, nothing } from "../vendor/lit-html.js";
import { account, signText, wallets } from "../wallet/wallets.mjs";
import { t } from "../words.mjs";
import { nameOf, walletButton } from "./door.mjs";
import { button, problem } from "./parts.mjs";
import { mine } from "./session.mjs";
import { log, state } from "./state.mjs";

const BEFORE = ["submitted", "sealed"];

export function withdrawal(work, done) {
  if (!BEFORE.includes(work.state)) return nothing;
  const name = `withdraw-${work.id}`;
  return html`<details>
    <summary>${t("Take it back")}</summary>
    <p>${t("Nobody has judged it yet. Once it is taken back it cannot be sent again as it was, and it earns nothing.")}</p>
    <p class="buttons">${work.signed_by ? signed(name, work, done) : button(name, t("Yes, take it back"), () => withdraw(work, done), "danger")}</p>
    ${problem(name)}
  </details>`;
}

/** What a wallet signed, only the same wallet takes back. */
function signed(name, work, done) {
  return wallets().map((wallet) =>
    walletButton(name, wallet, t("Sign that with {wallet}", { wallet: nameOf(wallet) }), () => withdraw(work, done, wallet), "danger"),
  );
}

async function withdraw(work, done, wallet) {
  await mine("POST", `/v1/contributions/${work.id}/withdraw`, wallet && (await signature(work, wallet)));
  await done();
  state.done = t("It is taken back.");
}

async function signature(work, wallet) {
  const address = await account(wallet);
  if (address !== work.signed_by) throw Object.assign(new Error(work.signed_by), { reason: "wrong-account" });
  const value = await signText(wallet, address, `I withdraw contribution ${work.id} from the log ${log}.`);
  return { signature: { address, value } };
}
