// The page /me: who is signed in, and the views of their work, their pay, their wallets and their data.

import { html, nothing, render } from "../vendor/lit-html.js";
import { discover } from "../wallet/wallets.mjs";
import { date, mark, ready, rich, t } from "../words.mjs";
import { claimable } from "./claims.mjs";
import { data } from "./data.mjs";
import { door } from "./door.mjs";
import { linking } from "./linking.mjs";
import { loadAll } from "./loading.mjs";
import { code, problem, waiting, when } from "./parts.mjs";
import { pay } from "./pay.mjs";
import { endsAt, signInByLink, signInByWallet, signOut, takeLink, token } from "./session.mjs";
import { act, attach, draw, forget, state } from "./state.mjs";
import { works } from "./work.mjs";

const root = document.getElementById("me");
const VIEWS = {
  "#work": { name: mark("Work"), title: mark("What became of your work"), view: works },
  "#pay": { name: mark("Pay"), title: mark("What you earned"), view: pay },
  "#wallet": { name: mark("Wallet"), title: mark("Where your pay goes"), view: linking },
  "#data": { name: mark("My data"), title: mark("What is kept of you"), view: data },
};

function view() {
  if (!token() && !state.erased) return door((wallet) => enter(() => signInByWallet(wallet)));
  const here = VIEWS[location.hash] ?? VIEWS["#work"];
  return html`
    <div class="head">
      <h1>${t("My work")}</h1>
      ${state.erased ? nothing : html`<button type="button" class="button second" @click=${leave}>${t("Sign out")}</button>`}
    </div>
    ${who()} ${problem("link")} ${problem("load")}
    <nav class="tabs" aria-label=${t("My things")}>
      ${Object.entries(VIEWS).map(
        ([at, each]) => html`<a href=${at} aria-current=${each === here ? "page" : "false"}>
          ${t(each.name)}${at === "#pay" && claimable().length ? html` <span class="dot"><span class="only-heard">${t("Something is ready for you")}</span></span>` : nothing}
        </a>`,
      )}
    </nav>
    <div role="status">${state.done ? html`<p class="notice good">${state.done}</p>` : nothing}</div>
    <h2 id="view" tabindex="-1">${t(here.title)}</h2>
    ${state.me ? here.view() : waiting()}
  `;
}

function who() {
  if (!state.me || state.erased) return nothing;
  const { wallet, people } = state.me;
  const names = [...new Set(people.map((each) => each.platform_name))].join(", ");
  const told = [];
  if (wallet) told.push(rich("Signed in as {wallet} until {time}.", { wallet: code(wallet), time: date(endsAt()) }));
  else told.push(rich("Signed in by a link of {platform} until {time}.", { platform: html`<bdi>${names}</bdi>`, time: date(endsAt()) }));
  const replaced = location.hash === "#wallet" ? [] : people.filter((each) => each.wallet && each.pending);
  return html`
    <p class="quiet">${told}</p>
    ${replaced.map(
      ({ pending }) => html`<p class="notice open">
        ${rich("From {date} on your pay goes to {wallet}.", { date: when(pending.in_force_from), wallet: code(pending.address) })}
        <a href="#wallet">${t("Is that your wish?")}</a>
      </p>`,
    )}
    ${people.length === 0
      ? html`<p class="notice open">
          ${t("This wallet is not linked to anybody's work yet. If you have a link of your platform, sign in with it and link this wallet there. What was published for this wallet earlier can be claimed all the same.")}
        </p>`
      : nothing}
  `;
}

/** Sign in somehow, then show what there is. */
function enter(signIn) {
  return signIn().then(() => {
    forget();
    watch();
    act("load", loadAll);
  });
}

function leave() {
  clearTimeout(watching);
  signOut();
  forget({ farewell: mark("You are signed out.") });
  draw();
  document.getElementById("main").focus();
}

function onHash() {
  const link = takeLink(); // one that is opened in the tab where this page stands already
  if (link !== null) act("link", () => enter(() => signInByLink(link)));
  state.done = null;
  draw();
  if (location.hash in VIEWS) document.getElementById("view")?.focus();
}

/** The session is over: by its time, or because the service says so. */
function expire() {
  signOut();
  forget({ farewell: mark("Your session is over. Sign in again.") });
  draw();
}

/** Whoever comes back to an open tab must not find somebody else's pay in it. */
function watch() {
  clearTimeout(watching);
  watching = setTimeout(expire, endsAt() - Date.now());
}

let watching;
const link = takeLink(); // before anything else: the address keeps no secret
await ready;
root.replaceChildren();
attach(
  () => render(view(), root),
  expire,
);
window.addEventListener("hashchange", onHash);
discover(draw);
draw();
if (link !== null) act("link", () => enter(() => signInByLink(link)));
else if (token()) {
  watch();
  act("load", loadAll);
}
