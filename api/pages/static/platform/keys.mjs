// The platform's keys: which there are, a new one shown once, and revoking one.

import { html, nothing } from "../vendor/lit-html.js";
import { t } from "../words.mjs";
import { ask, copy, redraw, who } from "./desk.mjs";
import { Pages, sure, table, trouble } from "./parts.mjs";
import { SCOPES } from "./scopes.mjs";

const keys = new Pages(() => ask("GET", "/v1/keys"));
let made = null;
let problem = null;
let busy = false;
let copied = false;

export function clear() {
  keys.clear();
  made = problem = null;
}

export function draw() {
  keys.begin();
  return html`
    <h2>${t("Keys")}</h2>
    <p class="quiet">${t("Whoever has a key acts for your platform, within its scopes. Give each program its own, with no more than it needs.")}</p>
    ${table(
      t("Keys"),
      html`<th scope="col">${t("Key")}</th><th scope="col">${t("Scopes")}</th><th scope="col"><span class="only-heard">${t("What can be done")}</span></th>`,
      keys.items.map(line),
    )}
    ${keys.foot()}
    <section class="card">
      <h3>${t("Make a key")}</h3>
      <form class="form" @submit=${make}>
        <fieldset>
          <legend>${t("Scopes")}</legend>
          ${SCOPES.map(({ scope, allows }) => html`<label class="check"><input type="checkbox" name="scope" value=${scope}> <span><code dir="ltr">${scope}</code>: ${t(allows)}</span></label>`)}
        </fieldset>
        <div class="buttons"><button class=${busy ? "button busy" : "button"} ?disabled=${busy}>${t("Make the key")}</button></div>
      </form>
      <div role="status">${made ? shown() : nothing}</div>
      ${trouble(problem)}
    </section>`;
}

function line(key) {
  return html`<tr>
    <th scope="row"><code class="short" dir="ltr">cl_${key.id}_…</code> ${key.id === who.id ? html`<span class="tag open">${t("in use here")}</span>` : nothing}</th>
    <td>${key.scopes.map((scope) => html`<code class="tag" dir="ltr">${scope}</code> `)}</td>
    <td class="number"><button type="button" class="link" aria-label=${t("Revoke {key}", { key: key.id })} @click=${() => revoke(key)}>${t("Revoke")}</button></td>
  </tr>`;
}

function shown() {
  return html`<div class="notice good">
    <p>${t("This is the new key. Copy it now: it is shown this once and stored nowhere.")}</p>
    <pre class="command">${made}</pre>
    <button type="button" class="button second" @click=${async () => { copied = await copy(made); redraw(); }}>${copied ? t("Copied") : t("Copy")}</button>
  </div>`;
}

async function make(event) {
  event.preventDefault();
  const scopes = new FormData(event.target).getAll("scope");
  made = null;
  copied = false;
  problem = scopes.length ? null : { title: t("Choose at least one scope.") };
  if (problem) return redraw();
  busy = true;
  redraw();
  try {
    made = (await ask("POST", "/v1/keys", { scopes })).key;
    event.target.reset();
    await keys.again();
  } catch (error) {
    problem = error;
  }
  busy = false;
  redraw();
}

async function revoke(key) {
  const own = key.id === who.id;
  const really = await sure({
    title: t("Revoke the key {key}?", { key: key.id }),
    words: own
      ? t("It is the one you use here: this console closes at once. What uses a revoked key is refused, and a key cannot be brought back.")
      : t("What uses a revoked key is refused, and a key cannot be brought back."),
    yes: t("Revoke"),
    danger: true,
  });
  if (!really) return;
  problem = null;
  try {
    await ask("DELETE", `/v1/keys/${key.id}`);
    await keys.again();
  } catch (error) {
    problem = error;
  }
  redraw();
}
