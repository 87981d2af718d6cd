// Imports: what the platform's programs tell of them while they go on, looked at again and again.

import { html, nothing } from "../vendor/lit-html.js";
import { mark, number, rich, several, t } from "../words.mjs";
import * as campaigns from "./campaigns.mjs";
import { ask, redraw } from "./desk.mjs";
import { Pages, figure, paged, short, when } from "./parts.mjs";

const PAGE = 10;
const OFTEN_MS = 2000;
const SELDOM_MS = 5000;
const STATES = {
  running: { tone: "open", words: mark("running") },
  done: { tone: "good", words: mark("done") },
  stopped: { tone: "open", words: mark("stopped") },
  failed: { tone: "bad", words: mark("broke off") },
};
const imports = new Pages((cursor) => ask("GET", paged("/v1/imports", cursor, PAGE)));
let timer = null;
let seenMs = 0;
let news = "";

export function clear() {
  imports.clear();
  clearTimeout(timer);
  timer = null;
  news = "";
}

export function draw() {
  if (!imports.begun) seenMs = Date.now();
  imports.begin();
  campaigns.all.begin();
  watch();
  return html`<h2>${t("Imports")}</h2>
    <p class="quiet" id="imports">${t("What your programs bring in from other platforms. They tell it here while they are at it.")}</p>
    <p class="only-heard" role="status">${news}</p>
    ${imports.items.length ? html`<ul class="stack" role="list">${imports.items.map((each) => html`<li>${card(each)}</li>`)}</ul>` : nothing}
    ${imports.begun && !imports.reads && !imports.problem && !imports.items.length ? empty() : nothing}
    ${imports.foot()}`;
}

function empty() {
  return html`<div class="empty"><p>${t("Nothing was imported yet.")}</p>
    <p>${t("On your computer, with what the platform exported:")}</p>
    <pre class="command">crowdledger import FILE --campaign ID --api-key-file platform.key</pre></div>`;
}

function card(each) {
  const state = STATES[each.state];
  return html`<article class="card told" aria-label=${each.file}>
    <div class="title"><h3><bdi>${each.file}</bdi></h3><span class="tag ${state.tone}">${t(state.words)}</span></div>
    <p class="quiet">${rich("From {connector} into {campaign}", { connector: html`<bdi dir="ltr">${each.connector}</bdi>`, campaign: html`<a href="#campaigns/${each.campaign}">${campaign(each.campaign)}</a>` })}</p>
    ${each.state === "done" ? nothing : far(each)}
    <dl class="facts">
      ${figure(t("Rows used"), each.used)} ${each.refused ? figure(t("Refused"), each.refused) : nothing}
      ${each.skipped ? figure(t("Left out"), each.skipped) : nothing}
      ${things(t("Tasks"), each, "task")} ${things(t("Contributions"), each, "contribution")} ${things(t("Decisions"), each, "decision")}
    </dl>
    ${each.detail ? html`<p class="notice bad" lang="en" dir="auto">${each.detail}</p>` : nothing}
    ${each.state === "stopped" || each.state === "failed" ? html`<p>${t("The same command goes on from there; nothing is recorded twice.")}</p>` : nothing}
    ${each.refused ? html`<p>${t("The file of refused rows says why of each, and what to do.")}</p>` : nothing}
    <p class="quiet">${each.ended ? rich("From {began} to {ended}", { began: when(each.began), ended: when(each.ended) }) : rich("Since {began}", { began: when(each.began) })}</p>
  </article>`;
}

/** How far it is, as a bar where it is known how much there is. */
function far({ rows, expected, state, file }) {
  const most = Math.max(rows, expected ?? 0);
  if (!expected) return html`<p>${several("{count} row so far", "{count} rows so far", rows)}</p>`;
  return html`<p class="far">${t("{rows} of about {expected} rows", { rows, expected: most })}</p>
    ${state === "running" ? html`<progress max=${most} value=${rows} aria-label=${file}></progress>` : nothing}`;
}

/** How many of a kind are new in the log, and how many were there. */
function things(name, { written, known }, kind) {
  if (!written[kind] && !known[kind]) return nothing;
  return figure(name, known[kind] ? t("{new} new, {known} known", { new: written[kind], known: known[kind] }) : number(written[kind]));
}

function campaign(id) {
  const found = campaigns.all.items.find((each) => each.id === id);
  return found ? html`<bdi>${found.title}</bdi>` : short(id);
}

/** Look again while this part is shown: often while something runs. */
function watch() {
  if (timer !== null || !imports.begun) return;
  const everyMs = imports.items.some((each) => each.state === "running") ? OFTEN_MS : SELDOM_MS;
  timer = setTimeout(look, Math.max(0, seenMs + everyMs - Date.now()));
}

async function look() {
  const turn = imports.turn;
  seenMs = Date.now();
  const isShown = () => document.getElementById("imports") && turn === imports.turn;
  if (isShown() && !document.hidden && !imports.reads) {
    const page = await ask("GET", paged("/v1/imports", null, PAGE)).catch(() => null);
    if (page && isShown()) take(page.items);
  }
  if (turn !== imports.turn) return;
  timer = null;
  if (document.getElementById("imports")) redraw();
}

function take(newest) {
  const before = new Map(imports.items.map((each) => [each.id, each]));
  for (const each of newest) {
    const was = before.get(each.id);
    if (was?.state === "running" && each.state !== "running") news = `${each.file}: ${t(STATES[each.state].words)}`;
    before.delete(each.id);
  }
  imports.items = [...newest, ...before.values()];
}
