// Webhooks in: which platforms send us what happens there, what came, and what became of it.

import { html, nothing } from "../vendor/lit-html.js";
import { number, rich, t } from "../words.mjs";
import { base } from "../format.mjs";
import * as campaigns from "./campaigns.mjs";
import { ask, redraw } from "./desk.mjs";
import { DELIVERY_STATES, REFUSALS } from "./hook_words.mjs";
import { Once } from "./once.mjs";
import { Pages, figure, paged, short, sure, table, trouble, when } from "./parts.mjs";

const CONNECTORS = JSON.parse(document.getElementById("console").dataset.connectors);
const PAGE = 20;
const hooks = new Pages((cursor) => ask("GET", paged("/v1/hooks", cursor, PAGE)));
const secret = new Once();
let deliveries = null;
let problem = null;
let busy = null;

export function clear() {
  hooks.clear();
  secret.clear();
  deliveries = problem = busy = null;
}

export function draw([id]) {
  hooks.begin();
  campaigns.all.begin();
  if (id) return one(id);
  return html`<h2>${t("Webhooks in")}</h2>
    <p class="quiet">${t("Another platform calls us when something happens there. What it sends is checked, kept and recorded within seconds.")}</p>
    ${secret.draw(t("Enter these at the platform now: the secret is shown this once."))}
    ${hooks.items.length ? html`<ul class="stack" role="list">${hooks.items.map((each) => html`<li>${card(each)}</li>`)}</ul>` : nothing}
    ${hooks.foot()} ${make()}`;
}

function titleOf(connector) {
  return CONNECTORS.find((each) => each.name === connector)?.title ?? connector;
}

function campaign(id) {
  const found = campaigns.all.items.find((each) => each.id === id);
  return html`<a href="#campaigns/${id}">${found ? html`<bdi>${found.title}</bdi>` : short(id)}</a>`;
}

function card(each) {
  return html`<article class="card told" aria-label=${titleOf(each.connector)}>
    <div class="title"><h3>${rich("{platform} into {campaign}", { platform: html`<bdi>${titleOf(each.connector)}</bdi>`, campaign: campaign(each.campaign) })}</h3></div>
    <pre class="command">${each.url}</pre>
    ${facts(each)}
    ${each.old_secret_until ? html`<p>${rich("The secret before is good until {when}.", { when: when(each.old_secret_until) })}</p>` : nothing}
    <p class="quiet">${rich("Since {began}", { began: when(each.made) })}${each.base_url ? html` · <bdi dir="ltr">${each.base_url}</bdi>` : nothing}</p>
    <div class="buttons">
      <a class="button second" href="#hooks/${each.id}">${t("What came")}</a>
      <button type="button" class="button second" ?disabled=${busy !== null} @click=${() => remove(each)}>${t("Remove")}</button>
    </div>
    <details><summary>${t("New secret")}</summary>
      <form class="form" @submit=${(event) => rotate(event, each)}>
        ${secretField(each.id)} <p class="quiet">${t("The one of now stays good for a day.")}</p>
        <div class="buttons"><button class=${busy === each.id ? "button busy" : "button"} ?disabled=${busy !== null}>${t("Put it in force")}</button></div>
      </form></details>
    ${trouble(problem?.at === each.id ? problem.error : null)}
  </article>`;
}

function facts(each) {
  const refused = Object.entries(each.refused).filter(([, count]) => count);
  return html`<dl class="facts">
    ${figure(t("Waiting"), each.waiting)} ${figure(t("Not recorded"), each.not_used)} ${figure(t("Given up"), each.dead)}
    ${refused.map(([reason, count]) => figure(t(REFUSALS[reason] ?? reason), count))}
  </dl>`;
}

function make() {
  const open = campaigns.all.items.filter((each) => !each.closed);
  return html`<section class="card"><h3>${t("Take what a platform sends")}</h3>
    <form class="form" @submit=${create}>
      <div class="field"><label for="hook-connector">${t("Platform")}</label>
        <select id="hook-connector" name="connector" required>${CONNECTORS.map((each) => html`<option value=${each.name} dir="auto">${each.title}</option>`)}</select></div>
      <div class="field"><label for="hook-campaign">${t("Into the campaign")}</label>
        <select id="hook-campaign" name="campaign" required>${open.map((each) => html`<option value=${each.id} dir="auto">${each.title}</option>`)}</select></div>
      ${secretField("new")}
      <details><summary>${t("Where we must ask the platform back")}</summary>
        <div class="field"><label for="hook-base">${t("Its address")}</label>
          <input id="hook-base" name="base_url" type="url" autocomplete="off" spellcheck="false" dir="ltr" maxlength="1000" placeholder="https://"></div>
        <div class="field"><label for="hook-token">${t("A token of its API")}</label>
          <input id="hook-token" name="token" type="password" autocomplete="off" spellcheck="false" dir="ltr" maxlength="4096"></div>
        <div class="field"><label for="hook-rate">${t("Base units for one unit of its money, for bonuses")}</label>
          <input id="hook-rate" name="rate" inputmode="decimal" autocomplete="off" dir="ltr" maxlength="60"></div>
      </details>
      ${trouble(problem?.at === "new" ? problem.error : null)}
      <div class="buttons"><button class=${busy === "new" ? "button busy" : "button"} ?disabled=${busy !== null}>${t("Make the webhook")}</button></div>
    </form></section>`;
}

function secretField(of) {
  return html`<div class="field"><label for="secret-${of}">${t("Secret of the platform, if it made one")}</label>
    <textarea id="secret-${of}" class="mono" name="secret" rows="1" autocomplete="off" spellcheck="false" dir="ltr" maxlength="8192" aria-describedby="secret-${of}-hint"></textarea>
    <p class="hint" id="secret-${of}-hint">${t("Left empty, we make one where the platform lets you enter it.")}</p></div>`;
}

/** Do something that changes webhooks or what came by them; what went wrong stands where it was asked for. */
async function act(at, doing, after = () => hooks.again()) {
  busy = at;
  problem = null;
  redraw();
  try {
    await doing();
    await after();
  } catch (error) {
    problem = { at, error };
  }
  busy = null;
  redraw();
}

/** What was typed into a form, without what was left empty. */
function typed(form) {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value));
}

function show(written) {
  secret.show([
    { name: t("Address"), text: written.enter_url },
    { name: t("Secret"), text: written.secret },
  ]);
}

function create(event) {
  event.preventDefault();
  const form = event.target;
  secret.clear();
  act("new", async () => {
    show(await ask("POST", "/v1/hooks", typed(form)));
    form.reset();
  });
}

function rotate(event, each) {
  event.preventDefault();
  const form = event.target;
  secret.clear();
  act(each.id, async () => {
    show(await ask("POST", `/v1/hooks/${each.id}/rotate`, typed(form)));
    form.reset();
    form.closest("details").open = false;
  });
}

async function remove(each) {
  const really = await sure({
    title: t("Remove the webhook of {platform}?", { platform: titleOf(each.connector) }),
    words: t("What the platform sends from now on is refused. What is recorded stays."),
    yes: t("Remove it"),
    danger: true,
  });
  if (really) act(each.id, () => ask("DELETE", `/v1/hooks/${each.id}`));
}

function one(id) {
  secret.clear(); // it was shown
  if (deliveries?.hook !== id) {
    deliveries = new Pages((cursor) => ask("GET", paged(`/v1/hooks/${id}/deliveries`, cursor, PAGE)));
    deliveries.hook = id;
    problem = null;
  }
  deliveries.begin();
  const hook = hooks.items.find((each) => each.id === id);
  return html`<p class="above"><a href="#hooks">${t("All webhooks in")}</a></p>
    <div class="title"><h2>${hook ? rich("What came from {platform}", { platform: html`<bdi>${titleOf(hook.connector)}</bdi>` }) : t("What came")}</h2>
      <button type="button" class="button second" @click=${() => deliveries.again()}>${t("Look again")}</button></div>
    ${hook ? html`<div class="told">${facts(hook)}</div>` : nothing} ${trouble(problem?.error)}
    ${deliveries.items.length
      ? table(
          t("What came"),
          html`<th scope="col">${t("Received")}</th><th scope="col">${t("State")}</th><th scope="col" class="number">${t("Bytes")}</th><th scope="col">${t("Recorded")}</th><th scope="col">${t("What the service says")}</th><th scope="col"><span class="only-heard">${t("What can be done")}</span></th>`,
          deliveries.items.map(delivery),
        )
      : deliveries.reads || deliveries.problem ? nothing : html`<div class="empty"><p>${t("Nothing came yet.")}</p></div>`}
    ${deliveries.foot()}`;
}

function delivery(each) {
  const state = DELIVERY_STATES[each.state];
  const again = each.has_body && (each.state === "refused" || each.state === "dead");
  return html`<tr>
    <th scope="row">${when(each.received)}</th>
    <td><span class="tag ${state.tone}">${t(state.words)}</span>${each.state === "waiting" && each.next_try ? html`<br><span class="quiet">${rich("next try {when}", { when: when(each.next_try) })}</span>` : nothing}</td>
    <td class="number">${number(each.bytes)}</td>
    <td>${recorded(each)}</td>
    <td lang="en" dir="auto">${each.words ?? ""}</td>
    <td>${again ? html`<button type="button" class="link" aria-label=${t("Try again: {event}", { event: each.event })} ?disabled=${busy !== null} @click=${() => act(each.id, () => retry(each), () => Promise.all([deliveries.again(), hooks.again()]))}>${t("Try again")}</button>` : nothing}</td>
  </tr>`;
}

function recorded({ recorded: things, recorded_count: count }) {
  if (!count) return "–";
  const shown = things.slice(0, 3).map(({ index }) => html`<a href="${base}/e/${index}">${number(index)}</a> `);
  return html`${shown}${count > 3 ? t("and {count} more", { count: count - 3 }) : nothing}`;
}

function retry(each) {
  return ask("POST", `/v1/hooks/${each.hook}/deliveries/${each.id}/retry`);
}
