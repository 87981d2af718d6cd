// Opening a campaign: a form with what every campaign must say, or the whole request as JSON.

import { html, nothing } from "../vendor/lit-html.js";
import { amount, mark, rich, t } from "../words.mjs";
import { changed } from "./campaigns.mjs";
import { ask, ownId, redraw, token } from "./desk.mjs";
import { trouble } from "./parts.mjs";
import { baseUnits, score } from "./typed.mjs";

const DAY = 86400;
const TYPES = [
  { value: "processing", words: mark("Processing: label, transcribe, translate") },
  { value: "rating", words: mark("Rating: compare, judge, vote") },
  { value: "creation", words: mark("Creation: texts, pictures, music") },
  { value: "solving", words: mark("Solving: an open problem, a challenge") },
];
const POLICIES = [
  { value: "piece_rate", words: mark("The same amount for every accepted contribution") },
  { value: "score_rate", words: mark("Up to an amount, in proportion to the score") },
  { value: "prizes", words: mark("Prizes for the best") },
  { value: "pool", words: mark("A sum shared by all accepted parts") },
];
const OWNERS = [
  { value: "contributor", words: mark("the contributor") },
  { value: "platform", words: mark("the platform") },
  { value: "public", words: mark("everybody") },
];
const PASSING = [
  { value: "payment", words: mark("when it is paid") },
  { value: "acceptance", words: mark("when it is accepted") },
  { value: "submission", words: mark("when it is sent in") },
];
let state = {};

export function clear() {
  state = { policy: "piece_rate", json: null, errors: {}, problem: null, written: null, busy: false };
}
clear();

export function draw() {
  return html`<p class="above"><a href="#campaigns">${t("Campaigns")}</a></p>
    <h2>${t("Open a campaign")}</h2>
    ${state.written ? written() : state.json === null ? form() : json()}`;
}

function written() {
  const { id, onchain, title } = state.written;
  return html`<div class="notice good" role="status"><p>${rich("The campaign {title} is open.", { title: html`<a href="#campaigns/${id}"><bdi>${title}</bdi></a>` })}</p></div>
    ${onchain
      ? html`<section class="card"><h3>${t("Now fund it")}</h3>
          <p>${t("The opener's wallet calls openCampaign of the pool with these values, then funds the campaign. Nothing is paid before.")}</p>
          <dl class="rows">${Object.entries(onchain).map(([name, value]) => html`<div><dt><code dir="ltr">${name}</code></dt><dd><code dir="ltr">${value}</code></dd></div>`)}</dl></section>`
      : nothing}
    <p><button type="button" class="button second" @click=${() => { clear(); redraw(); }}>${t("Open another one")}</button></p>`;
}

function form() {
  const { errors } = state;
  requestAnimationFrame(tie);
  return html`<form class="form card" novalidate @submit=${send} @change=${choose}>
    ${field("title", t("Title"), errors, html`<input id="title" name="title" maxlength="200" required dir="auto">`)}
    ${field("type", t("Kind of work"), errors, options("type", TYPES))}
    ${field("problem", t("What is asked"), errors, html`<textarea id="problem" name="problem" required dir="auto"></textarea>`)}
    ${field("mode", t("How people work"), errors, options("mode", [{ value: "cooperation", words: mark("together: everybody's work counts") }, { value: "competition", words: mark("a competition: the best entries win") }]))}
    ${field("rules", t("Rules"), errors, html`<textarea id="rules" name="rules" required dir="auto"></textarea>`)}
    ${field("example_accepted", t("An example that would be accepted"), errors, html`<textarea id="example_accepted" name="example_accepted" required dir="auto"></textarea>`, t("Text or JSON, as contributors send it."))}
    ${field("example_rejected", t("An example that would be rejected"), errors, html`<textarea id="example_rejected" name="example_rejected" required dir="auto"></textarea>`)}
    ${field("terms", t("Terms"), errors, html`<textarea id="terms" name="terms" required dir="auto"></textarea>`, t("Every contributor accepts exactly this text; the log has its digest."))}
    ${field("rejected_entries", t("Rejected work belongs to"), errors, options("rejected_entries", OWNERS))}
    ${field("pass_on", t("Rights in accepted work pass on"), errors, options("pass_on", PASSING))}
    ${pay(errors)}
    <details>
      <summary>${t("Time limits and judges")}</summary>
      <div class="form">
        ${field("appeal_days", t("Days in which a decision can be appealed"), errors, html`<input id="appeal_days" name="appeal_days" inputmode="numeric" value="7">`)}
        ${field("decision_days", t("Days until undecided work counts as accepted"), errors, html`<input id="decision_days" name="decision_days" inputmode="numeric" value="30">`)}
        ${field("judges", t("Judges for each contribution"), errors, html`<input id="judges" name="judges" inputmode="numeric">`, t("Left empty: one decision by one person."))}
        ${field("agree", t("Of whom so many must accept"), errors, html`<input id="agree" name="agree" inputmode="numeric">`)}
      </div>
    </details>
    ${trouble(state.problem)}
    <div class="buttons">
      <button class=${state.busy ? "button busy" : "button"} ?disabled=${state.busy}>${t("Open the campaign")}</button>
      <button type="button" class="button second" @click=${asJson}>${t("Everything else: edit it as JSON")}</button>
    </div>
  </form>`;
}

function pay(errors) {
  const amounts = {
    piece_rate: () => field("amount", t("Amount"), errors, html`<input id="amount" name="amount" inputmode="decimal" required>`),
    score_rate: () => field("amount", t("Highest amount"), errors, html`<input id="amount" name="amount" inputmode="decimal" required>`),
    prizes: () => html`${field("amounts", t("Prizes, one on each line, the first prize first"), errors, html`<textarea id="amounts" name="amounts" inputmode="decimal" required dir="ltr"></textarea>`)}
      ${field("min_score", t("Least score that can win"), errors, html`<input id="min_score" name="min_score" inputmode="decimal" value="0">`)}`,
    pool: () => field("amount", t("Sum to share"), errors, html`<input id="amount" name="amount" inputmode="decimal" required>`),
  };
  return html`
    ${token.pool
      ? field("opener", t("Wallet that opens and funds it in the pool"), errors, html`<input id="opener" name="opener" dir="ltr" placeholder="0x…" autocomplete="off">`, t("Left empty: the campaign pays points, no money. With a wallet, amounts are in {unit}.", { unit: token.symbol }))
      : nothing}
    ${field("policy", t("What it pays"), errors, options("policy", POLICIES))} ${amounts[state.policy]()}
    ${field("budget", t("Budget"), errors, html`<input id="budget" name="budget" inputmode="decimal" required>`, t("Never more than this is paid out."))}`;
}

function field(name, label, errors, input, hint) {
  return html`<div class="field"><label for=${name}>${label}</label>${input}
    ${hint ? html`<p class="hint" id="${name}-hint">${hint}</p>` : nothing}<p class="error" id="${name}-error">${errors[name] ?? ""}</p></div>`;
}

/** Tie every input to its hint and to what is wrong with it, once they are drawn. */
function tie() {
  for (const field of document.querySelectorAll("#part .field")) {
    const input = field.querySelector("input, textarea, select");
    const wrong = Boolean(field.querySelector(".error")?.textContent);
    const about = [...field.querySelectorAll(".hint[id], .error[id]")].filter((each) => each.textContent).map(({ id }) => id);
    input.ariaInvalid = wrong ? "true" : null;
    if (about.length) input.setAttribute("aria-describedby", about.join(" "));
    else input.removeAttribute("aria-describedby");
  }
}

function options(name, list) {
  return html`<select id=${name} name=${name}>${list.map(({ value, words }) => html`<option value=${value}>${t(words)}</option>`)}</select>`;
}

function choose(event) {
  if (event.target.name !== "policy") return;
  state.policy = event.target.value;
  redraw();
}

/** The request that the form's fields say, and what is wrong with them by field. */
function read(form) {
  const given = Object.fromEntries(new FormData(form));
  const errors = {};
  const words = (name) => {
    if (!given[name]?.trim()) errors[name] = t("This is needed.");
    return given[name]?.trim() ?? "";
  };
  const unit = given.opener?.trim() ? token : { symbol: t("points"), decimals: 0 };
  const units = (name, typed = words(name)) => {
    const found = baseUnits(typed, unit.decimals);
    if (found === null) errors[name] ??= t("Write an amount such as {example}.", { example: amount(10n ** BigInt(unit.decimals), { name: unit.symbol, decimals: unit.decimals }) });
    return found ?? "";
  };
  const whole = (name) => {
    const found = baseUnits(given[name] ?? "", 0);
    if (found === null || found.length > 6) errors[name] = t("Write a whole number.");
    return Number(found);
  };
  const body = {
    title: words("title"),
    type: given.type,
    brief: {
      problem: words("problem"),
      mode: given.mode,
      rules: words("rules"),
      example_accepted: example(words("example_accepted")),
      example_rejected: example(words("example_rejected")),
      rights: { rejected_entries: given.rejected_entries, pass_on: given.pass_on },
    },
    terms: words("terms"),
    policy: policy(given, units, errors),
    budget: units("budget"),
    appeal_window: whole("appeal_days") * DAY,
    decision_deadline: whole("decision_days") * DAY,
    external_id: (state.own ??= ownId()),
  };
  if (given.opener?.trim()) body.opener = given.opener.trim();
  if (given.judges.trim()) body.judging = { judges: whole("judges"), agree: whole("agree") };
  return { body, errors };
}

function policy(given, units, errors) {
  if (given.policy === "piece_rate") return { name: "piece_rate", amount: units("amount") };
  if (given.policy === "score_rate") return { name: "score_rate", max_amount: units("amount") };
  if (given.policy === "pool") return { name: "pool", total: units("amount") };
  const least = score(given.min_score ?? "");
  if (least === null) errors.min_score = t("A score is a number from 0 to 1, such as 0.8.");
  const lines = (given.amounts ?? "").split("\n").filter((line) => line.trim());
  if (!lines.length) errors.amounts = t("This is needed.");
  return { name: "prizes", amounts: lines.map((line) => units("amounts", line)), min_score: least };
}

/** What contributors would send: JSON where it is an object or a list, text otherwise. */
function example(typed) {
  try {
    const found = JSON.parse(typed);
    return typeof found === "object" && found !== null ? found : typed;
  } catch {
    return typed;
  }
}

async function send(event) {
  event.preventDefault();
  const { body, errors } = read(event.target);
  state.errors = errors;
  redraw();
  const [first] = Object.keys(errors);
  if (first) return requestAnimationFrame(() => show(first));
  await post(body);
}

function show(name) {
  const input = document.getElementById(name);
  input.closest("details")?.setAttribute("open", "");
  input.focus();
}

function asJson(event) {
  const { body } = read(event.target.closest("form"));
  state.json = JSON.stringify(body, null, 2);
  state.problem = null;
  redraw();
}

function json() {
  return html`<form class="form card" @submit=${sendJson}>
    <div class="field"><label for="json">${t("The request, as POST /v1/campaigns takes it")}</label>
      <textarea id="json" class="mono tall" spellcheck="false" dir="ltr" .value=${state.json} @input=${(event) => { state.json = event.target.value; }} aria-describedby="json-hint"></textarea>
      <p class="hint" id="json-hint">${t("Amounts are base units as text, times are seconds. All fields are described under For developers.")}</p></div>
    <p class="error" role="alert">${state.errors.json ?? ""}</p>
    ${trouble(state.problem)}
    <div class="buttons"><button class=${state.busy ? "button busy" : "button"} ?disabled=${state.busy}>${t("Open the campaign")}</button>
      <button type="button" class="button second" @click=${() => { state.json = null; redraw(); }}>${t("Back to the form")}</button></div></form>`;
}

async function sendJson(event) {
  event.preventDefault();
  state.errors = {};
  let body;
  try {
    body = JSON.parse(state.json);
  } catch {
    state.errors = { json: t("This is not JSON: look for a missing comma, bracket or quotation mark.") };
    return redraw();
  }
  await post(body);
}

async function post(body) {
  state.busy = true;
  state.problem = null;
  redraw();
  try {
    state.written = { ...(await ask("POST", "/v1/campaigns", body)), title: body.title };
    changed(state.written.id);
  } catch (problem) {
    state.problem = problem;
  }
  state.busy = false;
  redraw();
}
