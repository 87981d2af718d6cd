// What waits for a judge in a campaign: contributions, appeals and second looks, without authors or other opinions.

import { html, nothing } from "../vendor/lit-html.js";
import { t } from "../words.mjs";
import * as campaigns from "./campaigns.mjs";
import { ask, redraw, who } from "./desk.mjs";
import { Desk } from "./judging.mjs";
import { trouble } from "./parts.mjs";
import { reviewer, reviewerForm } from "./reviewer.mjs";
import { score } from "./typed.mjs";

const MOST = 50;
let campaign = null;
let problem = null;
let desk = null;
let of = null;

export function clear() {
  campaign = problem = desk = of = null;
}

export function draw([id]) {
  if (!id) return chooser();
  if (!reviewer()) return html`<h2>${t("Review")}</h2>${reviewerForm()}`;
  if (of !== `${id} ${reviewer()}`) open(id);
  if (problem) return html`<h2>${t("Review")}</h2>${trouble(problem)}`;
  if (!campaign) return html`<p class="quiet" role="status">${t("Loading ...")}</p>`;
  return desk.draw(html`<div><p class="above"><a href="#review">${t("Review")}</a> · ${reviewerForm()}</p>
    <h2><bdi>${campaign.title}</bdi></h2></div>`);
}

function chooser() {
  campaigns.all.begin();
  const open = campaigns.all.items;
  return html`<h2>${t("Review")}</h2>
    <p>${t("Choose a campaign. You see what waits there for you, what is urgent first, without its author and without what others said.")}</p>
    <ul class="plain">${open.map((row) => html`<li><a href="#review/${row.id}"><bdi>${row.title}</bdi></a> ${row.closed ? campaigns.state(true) : nothing}</li>`)}</ul>
    ${campaigns.all.foot()}
    ${who?.member ? html`<p><button type="button" class="link" @click=${toMyWork}>${t("What you earn by judging")}</button></p> ${trouble(problem)}` : nothing}`;
}

/** To /me, as the person who judges: signed in by a link of their own. */
async function toMyWork() {
  problem = null;
  try {
    const { url } = await ask("POST", "/v1/sign-in-links", { contributor: who.id });
    location.assign(url);
  } catch (error) {
    problem = error.status === 404 ? { title: t("You have not judged anything yet.") } : error;
    redraw();
  }
}

async function open(id) {
  const mine = `${id} ${reviewer()}`;
  of = mine;
  campaign = problem = null;
  try {
    const found = await ask("GET", `/v1/campaigns/${id}`);
    if (of !== mine) return;
    campaign = found;
    desk = new Desk({ read: () => waiting(found), path, body: (item, draft) => said(item, draft, found) });
    desk.load();
  } catch (error) {
    problem = error;
  }
  redraw();
}

async function waiting(found) {
  const mine = encodeURIComponent(reviewer());
  const queue = await ask("GET", `/v1/campaigns/${found.id}/queue?reviewer=${mine}&limit=${MOST}`);
  const again = found.second_looks
    ? (await ask("GET", `/v1/campaigns/${found.id}/second-looks?reviewer=${mine}&limit=${MOST}`)).items
    : [];
  const more = (found.revisions?.rounds ?? 0) > 0;
  return [...queue.items, ...again].map((item) => ({
    ...item,
    id: `${item.kind} ${item.appeal ?? item.contribution}`,
    name: `${item.contribution.slice(0, 8)}…${item.contribution.slice(-6)}`,
    reviews: found.judging ? item.reviews_given : 0,
    verdicts: item.kind === "review" && more ? ["accepted", "rejected", "needs_work"] : ["accepted", "rejected"],
    standing: null,
  }));
}

function path(item) {
  if (item.kind === "appeal") return `/v1/appeals/${item.appeal}/resolve`;
  return item.kind === "review" && !campaign.judging ? "/v1/decisions" : "/v1/reviews";
}

/** The body of a decision, a review or a resolution; its own id makes sending it twice harmless. */
function said(item, draft, found) {
  if (item.kind === "appeal") return resolution(draft);
  const { contribution } = item;
  const words = draft.words.trim();
  const body = { contribution, reviewer: reviewer(), verdict: draft.verdict, external_id: draft.own };
  if (item.criteria.length) body.scores = draft.scores.map(score);
  else if (draft.score.trim()) body.score = score(draft.score);
  if (item.kind === "review" && !found.judging) return words ? { ...body, feedback: words } : body;
  if (words) body.words = words;
  return item.kind === "second_look" ? { ...body, second_look: true } : body;
}

/** What resolves an appeal: without a verdict the decision stands. */
export function resolution(draft) {
  const body = { reviewer: reviewer(), reason: draft.words.trim() };
  if (draft.verdict === "stands") return body;
  body.verdict = draft.verdict;
  if (draft.score.trim()) body.score = score(draft.score);
  return body;
}
