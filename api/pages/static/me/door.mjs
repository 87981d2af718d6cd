// Before somebody is signed in: with a wallet, or with a link of their platform.

import { html, nothing } from "../vendor/lit-html.js";
import { wallets } from "../wallet/wallets.mjs";
import { t } from "../words.mjs";
import { button, problem } from "./parts.mjs";
import { state } from "./state.mjs";

/** `signIn(wallet)` signs in by a wallet. */
export function door(signIn) {
  return html`
    <h1>${t("My work")}</h1>
    <p class="lead">${t("See what became of your work, object if something is wrong, and get what you earned.")}</p>
    <div role="status">${state.farewell ? html`<p class="notice">${t(state.farewell)}</p>` : nothing}</div>
    ${problem("link")}
    <div class="two">
      <section class="card">
        <h2>${t("With your wallet")}</h2>
        <p>${t("Your wallet signs a short text that says it is you. It costs nothing and moves nothing.")}</p>
        ${choice(wallets(), signIn)} ${problem("sign-in")}
      </section>
      <section class="card">
        <h2>${t("With a link")}</h2>
        <p>
          ${t("Ask the platform that you work on for a sign-in link and open it here. You need no wallet to see your work and to appeal.")}
        </p>
        <p class="quiet">${t("A link works once, for a quarter of an hour, and only for you: give it to nobody.")}</p>
      </section>
    </div>
  `;
}

function choice(found, signIn) {
  if (found.length === 0) {
    return html`<p class="empty">
      ${t("No wallet is in this browser. On a phone, open this page in your wallet's own browser.")}
    </p>`;
  }
  return html`<div class="buttons">${found.map((each) => walletButton("sign-in", each, t("Sign in with {wallet}", { wallet: nameOf(each) }), () => signIn(each)))}</div>`;
}

/** What a wallet is called. */
export function nameOf(wallet) {
  return wallet.name || t("your wallet");
}

/** A button for one of the wallets, with its picture. */
export function walletButton(name, wallet, label, work, kind = "") {
  const picture = wallet.icon ? html`<img src=${wallet.icon} alt="" width="24" height="24">` : nothing;
  return button(name, html`${picture} ${label}`, work, kind);
}
