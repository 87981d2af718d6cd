// The console of a platform. Which part is shown stands in the address behind #, so that links and "back" work.

import { html, nothing, render } from "../vendor/lit-html.js";
import { mark, ready, rich, t } from "../words.mjs";
import * as appeals from "./appeals.mjs";
import * as campaigns from "./campaigns.mjs";
import { forgetFiles } from "./content.mjs";
import { drawWith, enter, enterAgain, forget, may, redraw, who } from "./desk.mjs";
import * as endpoints from "./endpoints.mjs";
import * as hooks from "./hooks.mjs";
import * as imports from "./imports.mjs";
import * as keys from "./keys.mjs";
import * as outbox from "./outbox.mjs";
import { question, sure, trouble } from "./parts.mjs";
import * as payments from "./payments.mjs";
import * as people from "./people.mjs";
import * as review from "./review.mjs";
import { SCOPES } from "./scopes.mjs";

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
  { name: "keys", title: mark("Keys"), scope: "admin", part: keys },
];
const PLAIN = /^[\w-]+$/;
let problem = null;
let enters = true;

function place() {
  // Ids are put into paths of the service: whatever a link brings that is none is left out.
  const [name, ...rest] = location.hash.slice(1).split("/").filter((each) => PLAIN.test(each));
  const allowed = PARTS.filter((each) => !each.scope || may(each.scope));
  return { here: allowed.find((each) => each.name === name) ?? allowed[0], rest };
}

function draw() {
  render(enters ? waiting() : who ? desk() : door(), root);
  const dialog = root.querySelector("dialog.dialog");
  if (dialog && !dialog.open) dialog.showModal();
}

function waiting() {
  return html`<p class="quiet" role="status">${t("Loading ...")}</p>`;
}

function door() {
  return html`<p class="lead">${t("Open campaigns, review what comes in, answer appeals, and see what it costs.")}</p>
    <form class="form card door" @submit=${submit}>
    <div class="field">
      <label for="key">${t("API key")}</label>
      <input id="key" name="key" type="password" autocomplete="off" spellcheck="false" dir="ltr" required aria-describedby="key-hint">
      <p class="hint" id="key-hint">${t("It begins with cl_. It stays in this tab only: it is gone when you close the tab or press Forget the key.")}</p>
    </div>
    ${trouble(problem)}
    <div class="buttons"><button class="button">${t("Enter")}</button></div>
  </form>`;
}

async function submit(event) {
  event.preventDefault();
  const key = new FormData(event.target).get("key").trim();
  problem = null;
  enters = true;
  redraw();
  await enter(key).catch((error) => {
    problem = error;
  });
  enters = false;
  redraw();
  if (who) focusMain();
}

function desk() {
  const { here, rest } = place();
  return html`
    <div class="whose">
      <p><strong><bdi>${who.platform_name}</bdi></strong> <span class="quiet">${rich("key {id}", { id: html`<code dir="ltr">${who.id}</code>` })}</span></p>
      <details>
        <summary>${t("What this key allows")}</summary>
        <ul class="plain">
          ${SCOPES.map(
            ({ scope, allows }) => html`<li><code dir="ltr">${scope}</code>
              ${may(scope) ? html`<span class="tag good">${t("yes")}</span>` : html`<span class="tag">${t("no")}</span>`} ${t(allows)}</li>`,
          )}
        </ul>
      </details>
      <button type="button" class="button second" @click=${leave}>${t("Forget the key")}</button>
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

async function leave() {
  const sends = outbox.waiting();
  const really =
    sends === 0 ||
    (await sure({
      title: t("Not everything is sent yet"),
      words: t("Decisions that still wait are lost with the key. Wait a few seconds, and they are sent."),
      yes: t("Forget the key and lose them"),
      danger: true,
    }));
  if (really) forget();
}

function focusMain() {
  requestAnimationFrame(() => document.getElementById("part")?.focus({ preventScroll: true }));
}

drawWith(draw, () => {
  forgetFiles();
  outbox.clear();
  for (const { part } of PARTS) part.clear();
});
addEventListener("hashchange", () => {
  redraw();
  focusMain();
});
await ready;
await enterAgain().catch((error) => {
  problem = error;
});
enters = false;
redraw();
