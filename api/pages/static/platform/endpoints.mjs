// Webhooks out: where the platform is told what happened here, and how each sending went.

import { html, nothing } from "../vendor/lit-html.js";
import { number, rich, t } from "../words.mjs";
import { ask, redraw } from "./desk.mjs";
import { EVENTS, SENDING_STATES } from "./hook_words.mjs";
import { Once } from "./once.mjs";
import { Pages, figure, paged, sure, table, trouble, when } from "./parts.mjs";

const PAGE = 20;
const endpoints = new Pages(() => ask("GET", "/v1/endpoints"));
const secret = new Once();
let sendings = null;
let problem = null;
let done = null;
let busy = null;

export function clear() {
  endpoints.clear();
  secret.clear();
  sendings = problem = done = busy = null;
}

export function draw([id]) {
  endpoints.begin();
  if (id) return one(id);
  return html`<h2>${t("Webhooks out")}</h2>
    <p class="quiet">${t("We call your server when something happens here. Every call is signed, and tried again for days until it arrives.")}</p>
    ${secret.draw(t("Give this secret to your server now: it is shown this once."))}
    ${endpoints.items.length ? html`<ul class="stack" role="list">${endpoints.items.map((each) => html`<li>${card(each)}</li>`)}</ul>` : nothing}
    ${endpoints.foot()} ${make()}`;
}

function card(each) {
  const enabled = each.state === "enabled";
  return html`<article class="card told" aria-label=${each.url}>
    <div class="title"><h3><bdi dir="ltr">${each.url}</bdi></h3><span class="tag ${enabled ? "good" : "bad"}">${enabled ? t("on") : t("off")}</span></div>
    ${each.description ? html`<p><bdi>${each.description}</bdi></p>` : nothing}
    <p class="quiet">${each.types.length ? each.types.map((type) => html`<span class="tag">${t(EVENTS[type] ?? type)}</span> `) : t("All events")}</p>
    ${facts(each)}
    ${each.detail ? html`<p class="notice bad" lang="en" dir="auto">${each.detail}</p>` : nothing}
    ${each.old_secret_until ? html`<p>${rich("The secret before signs too until {when}.", { when: when(each.old_secret_until) })}</p>` : nothing}
    <div class="buttons">
      <a class="button second" href="#endpoints/${each.id}">${t("What was sent")}</a>
      ${enabled ? action(each, t("Send a test"), () => act(each.id, () => test(each))) : nothing}
      ${action(each, enabled ? t("Turn off") : t("Turn on"), () => act(each.id, () => ask("PATCH", `/v1/endpoints/${each.id}`, { state: enabled ? "disabled" : "enabled" })))}
      ${action(each, t("New secret"), () => rotate(each))}
      ${action(each, t("Remove"), () => remove(each))}
    </div>
    ${outcome(each.id)}
  </article>`;
}

function action(each, words, act) {
  return html`<button type="button" class="button second" ?disabled=${busy !== null} @click=${act}>${words}</button>`;
}

function facts(each) {
  return html`<dl class="facts">${figure(t("Waiting"), each.waiting)} ${figure(t("Given up"), each.dead)} ${figure(t("Last event"), each.cursor)}
    ${each.failing_since ? figure(t("Failing since"), when(each.failing_since)) : nothing}
    ${each.paused_until ? figure(t("Next try"), when(each.paused_until)) : nothing}</dl>`;
}

/** What became of what was asked for here. */
function outcome(at) {
  return html`<div role="status">${done?.at === at ? done.words : nothing}</div>${trouble(problem?.at === at ? problem.error : null)}`;
}

function make() {
  return html`<section class="card"><h3>${t("Tell a server of yours")}</h3>
    <form class="form" @submit=${create}>
      <div class="field"><label for="endpoint-url">${t("Its address")}</label>
        <input id="endpoint-url" name="url" type="url" required autocomplete="off" spellcheck="false" dir="ltr" maxlength="2000" placeholder="https://"></div>
      <div class="field"><label for="endpoint-description">${t("A note for yourself")}</label>
        <input id="endpoint-description" name="description" maxlength="200" autocomplete="off" dir="auto"></div>
      <details><summary>${t("Only of some events")}</summary>
        <fieldset><legend>${t("Events; none chosen: all")}</legend>
          ${Object.entries(EVENTS).map(([type, words]) => html`<label class="check"><input type="checkbox" name="types" value=${type}> <span>${t(words)} <code dir="ltr">${type}</code></span></label>`)}
        </fieldset></details>
      <div class="buttons"><button class=${busy === "new" ? "button busy" : "button"} ?disabled=${busy !== null}>${t("Make the webhook")}</button></div>
    </form>${outcome("new")}</section>`;
}

/** Do something with an endpoint; what went wrong, or what was answered, stands beside it. */
async function act(at, doing, after = () => endpoints.again()) {
  busy = at;
  problem = done = null;
  redraw();
  try {
    const words = await doing();
    await after();
    if (words?.said) done = { at, words: words.said };
  } catch (error) {
    problem = { at, error };
  }
  busy = null;
  redraw();
}

function create(event) {
  event.preventDefault();
  const form = event.target;
  const given = new FormData(form);
  const wanted = { url: given.get("url").trim(), description: given.get("description").trim(), types: given.getAll("types") };
  secret.clear();
  act("new", async () => {
    show(await ask("POST", "/v1/endpoints", wanted));
    form.reset();
  });
}

function show(written) {
  secret.show([{ name: t("Secret"), text: written.secret }]);
}

async function test({ id }) {
  const found = await ask("POST", `/v1/endpoints/${id}/test`);
  const values = { status: found.status ?? "–", time: found.took_ms };
  const words = found.arrived ? t("The test arrived: {status}, after {time} ms.", values) : t("The test did not arrive.");
  return { said: html`<div class="notice ${found.arrived ? "good" : "bad"}"><p>${words}</p>${found.arrived ? nothing : html`<p lang="en" dir="auto">${found.words}</p>`}</div>` };
}

async function rotate(each) {
  const really = await sure({
    title: t("A new secret?"),
    words: t("It is shown once. For a day both secrets sign, so that your server can change over."),
    yes: t("Make it"),
  });
  if (!really) return;
  secret.clear();
  act(each.id, async () => show(await ask("POST", `/v1/endpoints/${each.id}/rotate`, {})));
}

async function remove(each) {
  const really = await sure({
    title: t("Remove the webhook?"),
    words: t("Nothing is sent to {url} any more; what is not sent yet never will be.", { url: each.url }),
    yes: t("Remove it"),
    danger: true,
  });
  if (really) act(each.id, () => ask("DELETE", `/v1/endpoints/${each.id}`));
}

function one(id) {
  secret.clear(); // it was shown
  if (sendings?.endpoint !== id) {
    sendings = new Pages((cursor) => ask("GET", paged(`/v1/endpoints/${id}/sendings`, cursor, PAGE)));
    sendings.endpoint = id;
    problem = done = null;
  }
  sendings.begin();
  const endpoint = endpoints.items.find((each) => each.id === id);
  return html`<p class="above"><a href="#endpoints">${t("All webhooks out")}</a></p>
    <div class="title"><h2>${t("What was sent")}</h2>
      <button type="button" class="button second" @click=${() => Promise.all([sendings.again(), endpoints.again()])}>${t("Look again")}</button></div>
    ${endpoint ? html`<div class="told"><p><bdi dir="ltr">${endpoint.url}</bdi></p>${facts(endpoint)}</div>` : nothing}
    ${sendings.items.length
      ? table(
          t("What was sent"),
          html`<th scope="col">${t("Number")}</th><th scope="col">${t("Event")}</th><th scope="col">${t("State")}</th><th scope="col" class="number">${t("Tries")}</th><th scope="col">${t("Last try")}</th><th scope="col">${t("What your server said")}</th><th scope="col"><span class="only-heard">${t("What can be done")}</span></th>`,
          sendings.items.map((each) => sending(id, each)),
        )
      : sendings.reads || sendings.problem ? nothing : html`<div class="empty"><p>${t("Nothing was sent yet.")}</p></div>`}
    ${sendings.foot()} ${replay(id)}`;
}

function sending(endpoint, each) {
  const state = SENDING_STATES[each.state];
  const again = () => ask("POST", `/v1/endpoints/${endpoint}/sendings/${each.event}/retry`);
  return html`<tr>
    <th scope="row">${number(each.event)}</th>
    <td>${each.type ? html`${t(EVENTS[each.type] ?? each.type)}` : t("too old, not kept")}</td>
    <td><span class="tag ${state.tone}">${t(state.words)}</span>${each.next_try ? html`<br><span class="quiet">${rich("next try {when}", { when: when(each.next_try) })}</span>` : nothing}</td>
    <td class="number">${number(each.tries)}</td>
    <td>${when(each.tried)}</td>
    <td dir="auto" lang="en">${each.status ?? ""} ${each.words ?? ""}</td>
    <td>${each.state !== "sent" && each.type ? html`<button type="button" class="link" aria-label=${t("Send again: {event}", { event: each.event })} ?disabled=${busy !== null} @click=${() => act("log", again, look)}>${t("Send again")}</button>` : nothing}</td>
  </tr>`;
}

function look() {
  return Promise.all([sendings.again(), endpoints.again()]);
}

function replay(id) {
  return html`<section class="card"><h3>${t("Send from a point on")}</h3>
    <form class="form" @submit=${(event) => again(event, id)}>
      <div class="field"><label for="after">${t("All events behind number")}</label>
        <input id="after" name="after" type="number" min="0" step="1" required dir="ltr" aria-describedby="after-hint">
        <p class="hint" id="after-hint">${t("They keep their ids, so that your server knows what it has.")}</p></div>
      <div class="buttons"><button class=${busy === "log" ? "button second busy" : "button second"} ?disabled=${busy !== null}>${t("Send them again")}</button></div>
    </form>${outcome("log")}</section>`;
}

function again(event, id) {
  event.preventDefault();
  const after = Number(new FormData(event.target).get("after"));
  act("log", async () => {
    await ask("POST", `/v1/endpoints/${id}/replay`, { after });
    return { said: html`<p class="notice good">${t("They are sent again, one after the other.")}</p>` };
  }, look);
}
