// Before somebody is in: with the key of a platform, or as one of its members, with a wallet or a link.

import { html, nothing } from "../vendor/lit-html.js";
import { wallets } from "../wallet/wallets.mjs";
import { t } from "../words.mjs";
import { short, trouble } from "./parts.mjs";

/** `state` has what went wrong (`problem`), the `farewell`, and the `platforms` of which one must be chosen; `does` what
    can be done: `key(text)`, `wallet(wallet)`, `platform(id)`. */
export function door(state, does) {
  return html`<p class="lead">${t("Open campaigns, review what comes in, answer appeals, and see what it costs.")}</p>
    <div role="status">${state.farewell ? html`<p class="notice">${t(state.farewell)}</p>` : nothing}</div>
    ${trouble(state.problem)}
    ${state.platforms ? which(state.platforms, does.platform) : nothing}
    <div class="two">
      <section class="card">
        <h2>${t("As a member")}</h2>
        <p>${t("Your wallet signs a short text that says it is you. It costs nothing and moves nothing.")}</p>
        ${choice(does.wallet)}
        <p class="quiet">${t("Without a wallet, ask an owner of your platform for a sign-in link and open it here. It works once, for a quarter of an hour.")}</p>
      </section>
      <form class="form card" @submit=${(event) => submit(event, does.key)}>
        <h2>${t("With a key")}</h2>
        <div class="field">
          <label for="key">${t("API key")}</label>
          <input id="key" name="key" type="password" autocomplete="off" spellcheck="false" dir="ltr" required aria-describedby="key-hint">
          <p class="hint" id="key-hint">${t("It begins with cl_. It stays in this tab only: it is gone when you close the tab or press Forget the key.")}</p>
        </div>
        <div class="buttons"><button class="button">${t("Enter")}</button></div>
      </form>
    </div>`;
}

function submit(event, enter) {
  event.preventDefault();
  enter(new FormData(event.target).get("key").trim());
}

function choice(signIn) {
  const found = wallets();
  if (found.length === 0) return html`<p class="empty">${t("No wallet is in this browser. On a phone, open this page in your wallet's own browser.")}</p>`;
  return html`<div class="buttons">${found.map((each) => {
    const picture = each.icon ? html`<img src=${each.icon} alt="" width="24" height="24">` : nothing;
    return html`<button type="button" class="button second" @click=${() => signIn(each)}>${picture} ${t("Sign in with {wallet}", { wallet: each.name || t("your wallet") })}</button>`;
  })}</div>`;
}

/** With their ids: two may have one name, and anybody can enter somebody else's wallet. */
function which(platforms, choose) {
  return html`<section class="card" aria-labelledby="which">
    <h2 id="which">${t("On which platform?")}</h2>
    <p>${t("Your wallet is a member of several.")}</p>
    <div class="buttons">${platforms.map(({ id, name }) => html`<button type="button" class="button second" @click=${() => choose(id)}><bdi>${name}</bdi> ${short(id)}</button>`)}</div>
  </section>`;
}
