// The console of a platform. Which part is shown stands in the address behind #, so that links and "back" work.

import { html, nothing, render } from "../vendor/lit-html.js";
import { discover } from "../wallet/wallets.mjs";
import { mark, ready, rich, t } from "../words.mjs";
import * as appeals from "./appeals.mjs";
import * as campaigns from "./campaigns.mjs";
import { forgetFiles } from "./content.mjs";
import { drawWith, enter, enterAgain, forget, may, redraw, signOut, who } from "./desk.mjs";
import { door } from "./door.mjs";
import * as endpoints from "./endpoints.mjs";
import * as hooks from "./hooks.mjs";
import * as imports from "./imports.mjs";
import * as keys from "./keys.mjs";
import * as members from "./members.mjs";
import * as outbox from "./outbox.mjs";
import { question, sure, when } from "./parts.mjs";
import * as payments from "./payments.mjs";
import * as people from "./people.mjs";
import * as review from "./review.mjs";
import { SCOPES, roleName } from "./scopes.mjs";
import { byLink, byWallet, platformsOf, signed, takeLink } from "./signing_in.mjs";

const root = document.getElementById("console");
const PARTS = [
  { name: "campaigns", title: mark("Campaigns"), scope: null, part: campaigns },
  { name: "review", title: mark("Review"), scope: "review", part: review },
  { name: "appeals", title: mark("Appeals"), scope: "review", part: appeals },
  { name: "imports", title: mark("Imports"), scope: null, part: imports },
  { name: "hooks", title: mark("Webhooks in"), scope: "admin", part: hooks },
  { name: "endpoints", title: mark("Webhooks out"), scope: "admin", part: endpoints },
  { name: "payments", title: mark("Costs and payments"), scope: null, part: payments },
  { name: "people", title: mark("Contributors"), scope: "submit", part: people },
  { name: "members", title: mark("Members"), scope: "admin", part: members },
  { name: "keys", title: mark("Keys"), scope: "admin", part: keys },
];
const PLAIN = /^[\w-]+$/;
const OVER = mark("Your session is over. Sign in again.");
const AT_THE_DOOR = { problem: null, farewell: null, platforms: null, said: null };
let at = { ...AT_THE_DOOR };
let enters = true;
let watching;

function place() {
  // Ids are put into paths of the service: whatever a link brings that is none is left out.
  const [name, ...rest] = location.hash.slice(1).split("/").filter((each) => PLAIN.test(each));
  const allowed = PARTS.filter((each) => !each.scope || may(each.scope));
  return { here: allowed.find((each) => each.name === name) ?? allowed[0], rest };
}

function draw() {
  render(enters ? waiting() : who ? desk() : door(at, DOES), root);
  const dialog = root.querySelector("dialog.dialog");
  if (dialog && !dialog.open) dialog.showModal();
}

function waiting() {
  return html`<p class="quiet" role="status">${t("Loading ...")}</p>`;
}

const DOES = {
  key: (key) => come(() => key),
  wallet: (wallet) =>
    come(async () => {
      at.said = await signed(wallet);
      return byWallet(at.said);
    }),
  platform: (id) => come(() => byWallet(at.said, id), at.said),
};

/** Come in with the key or token that `asked` gives; `said` is what a wallet signed before. */
async function come(asked, said = null) {
  at = { ...AT_THE_DOOR, said };
  enters = true;
  redraw();
  try {
    await enter(await asked());
    watch();
  } catch (error) {
    at.platforms = platformsOf(error);
    if (!at.platforms) at.problem = error;
  }
  enters = false;
  redraw();
  if (who) focusMain();
}

/** Whoever comes back to an open tab must not find somebody else's desk in it. */
function watch() {
  clearTimeout(watching);
  if (who?.member) watching = setTimeout(() => forget(true), Date.parse(who.expires) - Date.now());
}

function desk() {
  const { here, rest } = place();
  return html`
    <div class="whose">
      <p><strong><bdi>${who.platform_name}</bdi></strong> <span class="quiet">${who.member ? person(who.member) : rich("key {id}", { id: html`<code dir="ltr">${who.id}</code>` })}</span></p>
      <details>
        <summary>${who.member ? t("What your role allows") : t("What this key allows")}</summary>
        <ul class="plain">
          ${SCOPES.map(
            ({ scope, allows }) => html`<li><code dir="ltr">${scope}</code>
              ${may(scope) ? html`<span class="tag good">${t("yes")}</span>` : html`<span class="tag">${t("no")}</span>`} ${t(allows)}</li>`,
          )}
        </ul>
      </details>
      <button type="button" class="button second" @click=${leave}>${who.member ? t("Sign out") : t("Forget the key")}</button>
    </div>
    <nav class="tabs" aria-label=${t("Parts of the console")}>
      ${PARTS.filter((each) => !each.scope || may(each.scope)).map(
        (each) => html`<a href="#${each.name}" aria-current=${each === here ? "page" : nothing}>${t(each.title)}</a>`,
      )}
    </nav>
    <section id="part" tabindex="-1" aria-label=${t(here.title)}>${here.part.draw(rest)}</section>
    ${outbox.draw()} ${question()}
  `;
}

function person({ name, role }) {
  const words = { name: html`<bdi>${name}</bdi>`, role: roleName(role), time: when(who.expires) };
  return rich("{name}, {role}, signed in until {time}", words);
}

async function leave() {
  const sends = outbox.waiting();
  const really =
    sends === 0 ||
    (await sure({
      title: t("Not everything is sent yet"),
      words: who.member
        ? t("Decisions that still wait are lost when you sign out. Wait a few seconds, and they are sent.")
        : t("Decisions that still wait are lost with the key. Wait a few seconds, and they are sent."),
      yes: who.member ? t("Sign out and lose them") : t("Forget the key and lose them"),
      danger: true,
    }));
  if (really) signOut();
}

function focusMain() {
  requestAnimationFrame(() => document.getElementById("part")?.focus({ preventScroll: true }));
}

drawWith(draw, (left, isOver) => {
  clearTimeout(watching);
  at = { ...AT_THE_DOOR, farewell: farewell(left, isOver) };
  forgetFiles();
  outbox.clear();
  for (const { part } of PARTS) part.clear();
});

function farewell(left, isOver) {
  if (!left?.member) return null;
  return isOver ? OVER : mark("You are signed out.");
}

function onHash() {
  const link = takeLink(); // one that is opened in the tab where this page stands already
  if (link === null) {
    redraw();
    focusMain();
    return;
  }
  if (who) signOut();
  come(() => byLink(link));
}

const link = takeLink(); // before anything else: the address keeps no secret
addEventListener("hashchange", onHash);
discover(redraw);
await ready;
if (link === null) {
  await enterAgain().then(watch, (error) => {
    if (error.isOver) at.farewell = OVER;
    else at.problem = error;
  });
  enters = false;
  redraw();
} else {
  come(() => byLink(link));
}
