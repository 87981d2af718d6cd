// Campaigns: the list, one of them with its figures, and the way to open another.

import { html, nothing } from "../vendor/lit-html.js";
import { base, number, t } from "../words.mjs";
import * as campaign from "./campaign.mjs";
import { ask, may, redraw } from "./desk.mjs";
import * as opening from "./opening.mjs";
import { Pages, paged, table as tableOf, units } from "./parts.mjs";

const PAGE = 20;
/** All campaigns of the platform, in the order of the log. */
export const all = new Pages((cursor) => ask("GET", paged("/v1/campaigns", cursor, PAGE)));
const figures = new Map();

export function clear() {
  all.clear();
  figures.clear();
  campaign.clear();
  opening.clear();
}

export function draw([id]) {
  if (id === "new") return opening.draw();
  if (id) return campaign.draw(id);
  all.begin();
  return html`
    <div class="title"><h2>${t("Campaigns")}</h2>
      ${may("admin") ? html`<a class="button" href="#campaigns/new">${t("Open a campaign")}</a>` : nothing}</div>
    ${all.items.length ? table() : nothing}
    ${all.begun && !all.reads && !all.problem && all.items.length === 0
      ? html`<div class="empty"><p>${t("There is no campaign yet.")}</p><p>${t("Open one here, or with POST /v1/campaigns.")}</p></div>`
      : nothing}
    ${all.foot()}`;
}

function table() {
  return tableOf(
    t("Campaigns"),
    html`<th scope="col">${t("Campaign")}</th><th scope="col">${t("State")}</th>
      <th scope="col" class="number">${t("Contributions")}</th><th scope="col" class="number">${t("Decided")}</th>
      <th scope="col" class="number">${t("Left for new work")}</th>`,
    all.items.map(line),
  );
}

function line(row) {
  const found = figuresOf(row.id);
  return html`<tr>
    <th scope="row"><a href="#campaigns/${row.id}"><bdi>${row.title}</bdi></a></th>
    <td>${state(row.closed, found?.paused)}</td>
    <td class="number">${found ? number(found.contributions) : "…"}</td>
    <td class="number">${found ? number(found.decided) : "…"}</td>
    <td class="number">${found?.money ? html`${units(found.money.left, found.money)} ${spent(found.money)}` : "…"}</td>
  </tr>`;
}

/** Why nothing is left, as a tag: all is spoken for, or no money has come in yet. */
function spent(money) {
  if (money.limit === "0") return html`<span class="tag open">${t("not funded yet")}</span>`;
  return money.used_up ? html`<span class="tag bad">${t("used up")}</span>` : nothing;
}

/** Whether a campaign takes work, as a tag. */
export function state(closed, paused) {
  if (closed) return html`<span class="tag bad">${t("closed")}</span>`;
  if (paused) return html`<span class="tag open">${t("paused")}</span>`;
  return html`<span class="tag good">${t("open")}</span>`;
}

/** Figures of a line, read a few at a time. */
function figuresOf(id) {
  if (!figures.has(id)) {
    figures.set(id, null);
    queue.push(id);
    for (; running < 3 && queue.length; running += 1) run();
  }
  return figures.get(id);
}

const queue = [];
let running = 0;

async function run() {
  while (queue.length) {
    const id = queue.shift();
    try {
      const [own, shown] = await Promise.all([ask("GET", `/v1/campaigns/${id}`), ask("GET", `/v1/campaigns/${id}/figures`)]);
      if (figures.has(id)) figures.set(id, { paused: own.paused, ...shown.acceptance, money: shown.money });
    } catch {
      // the line stays without its figures; opening the campaign says what is wrong
    }
    redraw();
  }
  running -= 1;
}

/** The page that everybody sees. */
export function publicPage(id) {
  return `${base}/campaigns/${id}`;
}

/** Read the list and a campaign's figures anew, as something was done to it. */
export function changed(id) {
  figures.delete(id);
  all.again();
}
