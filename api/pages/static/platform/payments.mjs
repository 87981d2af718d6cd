// Settlements that were asked for and what became of them, and what each campaign cost.

import { html, nothing } from "../vendor/lit-html.js";
import { base, mark, number, t } from "../words.mjs";
import * as campaigns from "./campaigns.mjs";
import { clear as clearCosts, costs } from "./costs.mjs";
import { ask, may, redraw, token } from "./desk.mjs";
import { Pages, paged, table, trouble, units, when } from "./parts.mjs";

const ASKED = {
  asked: mark("waits for the worker"),
  done: mark("done"),
};
const STATES = {
  settled: { tone: "open", words: mark("waits for its delay") },
  activated: { tone: "good", words: mark("can be claimed") },
  vetoed: { tone: "bad", words: mark("vetoed") },
};
const asked = new Pages((cursor) => ask("GET", paged("/v1/settlements/requests", cursor, 10)));
const settled = new Pages((cursor) => ask("GET", paged("/v1/settlements", cursor, 50)));
const opened = new Set();
let problem = null;
let busy = false;

export function clear() {
  asked.clear();
  settled.clear();
  opened.clear();
  clearCosts();
  problem = null;
}

export function draw() {
  return html`<h2>${t("Costs and payments")}</h2>
    ${token.pool ? html`${requests()} ${settlements()}` : html`<div class="empty"><p>${t("This service pays points only: it has no pool on a chain.")}</p></div>`}
    ${byCampaign()}`;
}

function requests() {
  if (!may("settle")) return nothing;
  asked.begin();
  return html`<section class="card"><h3>${t("Settlements you asked for")}</h3>
    <p class="quiet">${t("The service settles by itself from time to time. Ask when contributors wait for their pay.")}</p>
    <div class="buttons"><button type="button" class=${busy ? "button busy" : "button"} ?disabled=${busy} @click=${settle}>${t("Ask for a settlement")}</button></div>
    ${trouble(problem)}
    ${asked.items.length
      ? table(
          t("Settlements you asked for"),
          html`<th scope="col">${t("Asked")}</th><th scope="col">${t("State")}</th><th scope="col">${t("What the service says")}</th>`,
          asked.items.map((each) => html`<tr><th scope="row">${when(each.at)}</th><td>${t(ASKED[each.state] ?? each.state)}</td><td lang="en" dir="auto">${each.detail ?? ""}</td></tr>`),
        )
      : asked.reads ? nothing : html`<p class="quiet">${t("None so far.")}</p>`}
    ${asked.foot()}</section>`;
}

async function settle() {
  busy = true;
  problem = null;
  redraw();
  try {
    await ask("POST", "/v1/settlements");
    await asked.again();
  } catch (error) {
    problem = error;
  }
  busy = false;
  redraw();
}

function settlements() {
  settled.begin();
  const newest = [...settled.items].reverse();
  return html`<section class="card"><h3>${t("Settlements of the pool")}</h3>
    ${newest.length
      ? table(
          t("Settlements of the pool"),
          html`<th scope="col">${t("Number")}</th><th scope="col">${t("State")}</th><th scope="col" class="number">${t("Entries")}</th><th scope="col" class="number">${t("Payable to wallets")}</th>`,
          newest.map(settlement),
        )
      : settled.reads ? nothing : html`<p class="quiet">${t("None so far.")}</p>`}
    ${settled.foot()}</section>`;
}

function settlement(each) {
  const state = STATES[each.state];
  return html`<tr>
    <th scope="row"><a href="${base}/s/${each.chain_id}/${each.pool}/${each.number}">${number(each.number)}</a></th>
    <td>${state ? html`<span class="tag ${state.tone}">${t(state.words)}</span>` : each.state}</td>
    <td class="number">${number(each.size)}</td><td class="number">${units(each.total)}</td></tr>`;
}

function byCampaign() {
  campaigns.all.begin();
  return html`<section class="card"><h3>${t("Costs by campaign")}</h3>
    <ul class="plain">${campaigns.all.items.map(
      (row) => html`<li><details ?open=${opened.has(row.id)} @toggle=${(event) => unfold(row.id, event.target.open)}>
        <summary><bdi>${row.title}</bdi></summary>${opened.has(row.id) ? costs(row.id) : nothing}</details></li>`,
    )}</ul>
    ${campaigns.all.foot()}</section>`;
}

function unfold(id, open) {
  if (open === opened.has(id)) return;
  if (open) opened.add(id);
  else opened.delete(id);
  redraw();
}
