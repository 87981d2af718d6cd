// One campaign: how far it is, what is left, who judges, what it cost, and what can be done to it.

import { html, nothing } from "../vendor/lit-html.js";
import { duration, mark, number, rich, t } from "../words.mjs";
import { changed, publicPage, state } from "./campaigns.mjs";
import { ask, may, ownId, redraw, token } from "./desk.mjs";
import { costs } from "./costs.mjs";
import { figure, short, sure, table, trouble, units } from "./parts.mjs";

const SIGNS = {
  same_content: mark("the same content from several people"),
  burst: mark("answers far faster than people take"),
  shared_wallet: mark("several people paid to one wallet"),
  collusion: mark("two people repeating each other's errors"),
  random_answers: mark("answers that look like guessing"),
  always_agrees: mark("a reviewer who always agrees"),
};
let seen = {};

export function clear() {
  seen = {};
}

export function draw(id) {
  if (seen.id !== id) load(id);
  if (!seen.own) return html`${seen.problem ? trouble(seen.problem) : html`<p class="quiet" role="status">${t("Loading ...")}</p>`}`;
  const { own, figures } = seen;
  return html`
    <p class="above"><a href="#campaigns">${t("Campaigns")}</a></p>
    <div class="title"><h2><bdi>${own.title}</bdi></h2>${state(own.closed, own.paused)}</div>
    <p lang="en" dir="auto">${own.pay}</p>
    ${figures?.money.used_up ? html`<p class="notice bad">${t("The budget is used up: new work may not be paid, or not whole.")}</p>` : nothing}
    <dl class="figures">
      ${figures ? html`${figure(t("Contributions"), figures.acceptance.contributions)} ${figure(t("Decided"), figures.acceptance.decided)} ${figure(t("Accepted"), figures.acceptance.accepted)} ${figure(t("Left for new work"), units(figures.money.left, figures.money))} ${figure(t("Earned as it stands"), units(figures.money.earned, figures.money))} ${figure(t("Could still be earned"), units(figures.money.open, figures.money))}` : nothing}
    </dl>
    <div class="buttons">
      ${may("review") ? html`<a class="button" href="#review/${id}">${t("Review what waits")}</a>` : nothing}
      <a class="button second" href=${publicPage(id)}>${t("Its public page")}</a>
      ${may("admin") && !own.closed ? acts(own) : nothing}
    </div>
    <div role="status">${seen.done ? html`<p class="notice good">${seen.done}</p>` : nothing}</div>
    ${trouble(seen.problem)} ${figures ? record(figures) : nothing} ${own.onchain ? chain(own) : nothing}
    ${may("review") ? judges() : nothing} ${may("review") ? signs() : nothing}
    ${may("admin") ? announce() : nothing}
    <section class="card"><h3>${t("What it cost on the chain")}</h3>${costs(id)}</section>`;
}

async function load(id) {
  const mine = { id };
  seen = mine;
  try {
    mine.own = await ask("GET", `/v1/campaigns/${id}`);
    redraw();
    mine.figures = await ask("GET", `/v1/campaigns/${id}/figures`);
    redraw();
    if (may("review")) mine.judges = await ask("GET", `/v1/campaigns/${id}/reviewers`);
  } catch (error) {
    mine.problem = error;
  }
  redraw();
}

function acts(own) {
  const again = own.paused
    ? html`<button type="button" class="button second" @click=${() => act("resume", t("The campaign takes work again."))}>${t("Resume")}</button>`
    : html`<button type="button" class="button second" @click=${() => act("pause", t("The campaign is paused."))}>${t("Pause")}</button>`;
  return html`${again}<button type="button" class="button danger" @click=${close}>${t("Close")}</button>`;
}

async function close() {
  const really = await sure({
    title: t("Close this campaign?"),
    words: t("It takes no more contributions, for good. What was sent in is still decided, can be appealed, and is paid."),
    yes: t("Close it"),
    danger: true,
  });
  if (really) await act("close", t("The campaign is closed."));
}

async function act(what, done) {
  const { id } = seen;
  seen.problem = null;
  try {
    await ask("POST", `/v1/campaigns/${id}/${what}`);
    changed(id);
    await load(id);
    seen.done = done;
  } catch (error) {
    seen.problem = error;
  }
  redraw();
}

function record({ appeals, decision_median_seconds: median, decision_deadline: deadline, second_looks: looks }) {
  return html`<section class="card"><h3>${t("How it goes")}</h3><dl class="rows">
    ${median === null ? nothing : figure(t("Time to a decision"), t("{time} in half of the cases or less; {deadline} are promised", { time: median ? duration(median) : t("less than a second"), deadline: duration(deadline) }))}
    ${figure(t("Appeals"), t("{filed} filed, {resolved} resolved, {overturned} of them with another decision", appeals))}
    ${looks.taken ? figure(t("Second looks"), t("{taken} rejections were judged blind once more, {overturned} of them accepted then", looks)) : nothing}
  </dl></section>`;
}

function chain({ onchain, funded, settled }) {
  return html`<section class="card"><h3>${t("On the chain")}</h3><dl class="rows">
    ${figure(t("Funded"), units(funded ?? "0", { unit: token.symbol, decimals: token.decimals }))}
    ${figure(t("Settled for payment"), units(settled ?? "0", { unit: token.symbol, decimals: token.decimals }))}
    ${figure(t("Its id there"), html`<code dir="ltr">${onchain.id}</code>`)} ${figure(t("Pool"), html`<code dir="ltr">${onchain.pool}</code>`)}
  </dl></section>`;
}

function judges() {
  const found = seen.judges;
  if (!found?.reviewers.length) return nothing;
  const alpha = found.agreement.alpha_verdicts;
  return html`<section class="card"><h3>${t("Who judges")}</h3>
    <p>${alpha === null ? t("Agreement is not known: so far nothing was judged by several people.") : t("Krippendorff's alpha is {alpha} (1 is full agreement, 0 is chance).", { alpha })}</p>
    ${table(
      t("Who judges"),
      html`<th scope="col">${t("Reviewer")}</th><th scope="col" class="number">${t("Reviews")}</th><th scope="col" class="number">${t("Decisions")}</th><th scope="col" class="number">${t("Overturned")}</th><th scope="col" class="number">${t("Agreement")}</th><th scope="col" class="number">${t("Rating")}</th>`,
      found.reviewers.map(
        (each) => html`<tr><th scope="row"><bdi>${each.reviewer}</bdi></th><td class="number">${number(each.reviews)}</td><td class="number">${number(each.decisions)}</td><td class="number">${number(each.overturned)}</td><td class="number">${each.agreement ?? "–"}</td><td class="number">${each.rating ?? "–"}</td></tr>`,
      ),
    )}</section>`;
}

function signs() {
  const found = seen.signs;
  return html`<section class="card"><h3>${t("Signs of fraud")}</h3>
    <p class="quiet">${t("Patterns to look at, with their evidence. Most have an innocent explanation; a sign decides nothing, you do.")}</p>
    ${found
      ? html`<p role="status">${found.signals.length ? nothing : t("None in the newest {count} contributions.", { count: found.looked_at })}</p>
          <ul class="plain">${found.signals.map(sign)}</ul>`
      : html`<button type="button" class=${seen.looks ? "button second busy" : "button second"} ?disabled=${seen.looks} @click=${look}>${t("Look for signs")}</button>`}
  </section>`;
}

function sign(each) {
  const people = each.people.map((person) => html`<bdi>${person.contributor}</bdi> `);
  return html`<li><strong>${t(SIGNS[each.kind] ?? each.kind)}</strong>
    <p lang="en" dir="ltr">${each.evidence}</p>
    <p class="quiet">${rich("About {people}", { people })}</p>
    <details><summary>${t("The contributions")}</summary>${each.contributions.slice(0, 50).map((id) => html`<a href=${publicPage("").replace("/campaigns/", `/c/${id}`)}>${short(id)}</a> `)}</details></li>`;
}

async function look() {
  const mine = seen;
  mine.looks = true;
  redraw();
  try {
    mine.signs = await ask("GET", `/v1/campaigns/${mine.id}/signals?limit=50`);
  } catch (error) {
    mine.problem = error;
  }
  mine.looks = false;
  redraw();
}

function announce() {
  return html`<section class="card"><h3>${t("Tell everybody something")}</h3>
    <form class="form" @submit=${publish}>
      <div class="field"><label for="notice">${t("News, or the answer to a question")}</label>
        <textarea id="notice" name="text" required maxlength="5000" dir="auto" aria-describedby="notice-hint"></textarea>
        <p class="hint" id="notice-hint">${t("It stands on the campaign's public page and in the log for good.")}</p></div>
      <label class="check"><input type="checkbox" name="answer"> ${t("This answers somebody's question")}</label>
      <div class="buttons"><button class="button second">${t("Publish")}</button></div>
    </form></section>`;
}

async function publish(event) {
  event.preventDefault();
  const form = event.target;
  const given = new FormData(form);
  seen.problem = seen.done = null;
  try {
    const body = { text: given.get("text"), type: given.has("answer") ? "answer" : "notice", external_id: ownId() };
    await ask("POST", `/v1/campaigns/${seen.id}/notices`, body);
    form.reset();
    seen.done = t("It is published.");
  } catch (error) {
    seen.problem = error;
  }
  redraw();
}
