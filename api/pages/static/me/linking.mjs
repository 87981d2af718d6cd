// Wallets: which one is paid, linking another, and objecting to one that would replace it.

import { html, nothing } from "../vendor/lit-html.js";
import { account, signText, wallets } from "../wallet/wallets.mjs";
import { rich, t } from "../words.mjs";
import { nameOf, walletButton } from "./door.mjs";
import { reloadMe, reloadPay } from "./loading.mjs";
import { code, problem, waiting, when } from "./parts.mjs";
import { mine } from "./session.mjs";
import { act, state } from "./state.mjs";

export function linking() {
  if (!state.me) return waiting();
  if (state.me.people.length === 0) return html`<p class="empty">${t("Nobody's work is paid to this wallet yet.")}</p>`;
  return state.me.people.map(one);
}

function one(person) {
  const found = wallets();
  const link = `link-${person.id}`;
  return html`<section class="card">
    <h3><bdi>${person.platform_name}</bdi></h3>
    <dl class="rows">
      <div><dt>${t("Your public id")}</dt><dd>${code(person.id, true)}</dd></div>
      <div><dt>${t("Wallet that is paid")}</dt><dd>${person.wallet ? code(person.wallet, true) : t("None yet: your pay waits for you.")}</dd></div>
    </dl>
    ${person.pending ? pending(person) : nothing}
    <h4>${person.wallet ? t("Have another wallet paid") : t("Link a wallet")}</h4>
    <p>
      ${t("The wallet signs that it is to be paid. Everybody can then see for good that your public id and this address belong together: choose an address that you do not mind being seen with this work.")}
    </p>
    ${found.length
      ? html`<div class="buttons">${found.map((wallet) => walletButton(link, wallet, t("Link {wallet}", { wallet: nameOf(wallet) }), () => linkWallet(person, wallet), person.wallet ? "second" : ""))}</div>`
      : html`<p class="empty">${t("No wallet is in this browser. On a phone, open this page in your wallet's own browser.")}</p>`}
    ${problem(link)}
  </section>`;
}

function pending({ id, wallet, pending: next }) {
  const name = `object-${id}`;
  return html`<div class="notice open">
    <p>${rich("From {date} on your pay goes to {wallet}.", { date: when(next.in_force_from), wallet: code(next.address, true) })}</p>
    ${next.objection && wallet
      ? html`
          <p>${rich("If that is not your wish, object with the wallet {wallet}: it then waits twice as long, and you can link another.", { wallet: code(wallet) })}</p>
          <div class="buttons">${wallets().map((each) => walletButton(name, each, t("Object with {wallet}", { wallet: nameOf(each) }), () => object(id, wallet, next, each), "danger"))}</div>
        `
      : nothing}
    ${problem(name)}
  </div>`;
}

async function linkWallet(person, wallet) {
  const address = await account(wallet);
  if (address === person.wallet && !person.pending) {
    throw Object.assign(new Error(), { title: t("This wallet is linked already. Choose another account in it.") });
  }
  const { message } = await mine("POST", "/v1/wallets/message", { contributor: person.id, address });
  const signature = await signText(wallet, address, message);
  await mine("POST", "/v1/wallets", { contributor: person.id, message, signature });
  await changed(t("The wallet is linked. It is paid once its waiting time is over."));
}

async function object(contributor, inForce, { entry, objection }, wallet) {
  const address = await account(wallet);
  if (address !== inForce) throw Object.assign(new Error(inForce), { reason: "wrong-account" });
  const signature = await signText(wallet, address, objection);
  await mine("POST", "/v1/wallets/objections", { contributor, link: entry, signature });
  await changed(t("Your objection is recorded: the other wallet waits twice as long."));
}

async function changed(said) {
  await reloadMe();
  state.done = said;
  act("pay", reloadPay);
}
