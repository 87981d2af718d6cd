// The platform's keys: which there are, a new one shown once, and revoking one.

import { html, nothing } from "../vendor/lit-html.js";
import { duration, t } from "../words.mjs";
import { ask, redraw, who } from "./desk.mjs";
import { Once } from "./once.mjs";
import { Pages, sure, table, trouble, when } from "./parts.mjs";
import { SCOPES } from "./scopes.mjs";

const keys = new Pages(() => ask("GET", "/v1/keys"));
const made = new Once();
const DAY_SECONDS = 86400;
const LIVES = [30, 90, 365];
let problem = null;
let busy = false;

export function clear() {
  keys.clear();
  made.clear();
  problem = null;
}

export function draw() {
  keys.begin();
  return html`
    <h2>${t("Keys")}</h2>
    <p class="quiet">${t("Whoever has a key acts for your platform, within its scopes. Give each program its own, with no more than it needs.")}</p>
    ${table(
      t("Keys"),
      html`<th scope="col">${t("Key")}</th><th scope="col">${t("Scopes")}</th><th scope="col">${t("Good until")}</th><th scope="col">${t("Last used")}</th><th scope="col"><span class="only-heard">${t("What can be done")}</span></th>`,
      keys.items.map(line),
    )}
    ${keys.foot()} ${made.draw(t("This is the new key. Copy it now: it is shown this once and stored nowhere."))} ${trouble(problem)}
    <section class="card">
      <h3>${t("Make a key")}</h3>
      <form class="form" @submit=${make}>
        <fieldset>
          <legend>${t("Scopes")}</legend>
          ${SCOPES.map(({ scope, allows }) => html`<label class="check"><input type="checkbox" name="scope" value=${scope}> <span><code dir="ltr">${scope}</code>: ${t(allows)}</span></label>`)}
        </fieldset>
        <div class="field"><label for="key-life">${t("Good for")}</label>
          <select id="key-life" name="days"><option value="">${t("as long as it is not revoked")}</option>${LIVES.map((days) => html`<option value=${days}>${duration(days * DAY_SECONDS)}</option>`)}</select></div>
        <div class="buttons"><button class=${busy ? "button busy" : "button"} ?disabled=${busy}>${t("Make the key")}</button></div>
      </form>
    </section>`;
}

function line(key) {
  return html`<tr>
    <th scope="row"><code class="short" dir="ltr">cl_${key.id}_…</code> ${key.id === who.id ? html`<span class="tag open">${t("in use here")}</span>` : nothing}</th>
    <td>${key.scopes.map((scope) => html`<code class="tag" dir="ltr">${scope}</code> `)}</td>
    <td>${key.expires ? when(key.expires) : "–"} ${over(key) ? html`<span class="tag bad">${t("over")}</span>` : nothing}</td>
    <td>${key.last_used ? when(key.last_used) : "–"}</td>
    <td class="number">
      ${over(key) ? nothing : html`<button type="button" class="link" aria-label=${t("Rotate {key}", { key: key.id })} @click=${() => rotate(key)}>${t("Rotate")}</button>`}
      <button type="button" class="link" aria-label=${t("Revoke {key}", { key: key.id })} @click=${() => revoke(key)}>${t("Revoke")}</button></td>
  </tr>`;
}

function over(key) {
  return key.expires !== null && Date.parse(key.expires) <= Date.now();
}

/** Make a key by `asking`, and show it. */
async function show(asking) {
  busy = true;
  problem = null;
  made.clear();
  redraw();
  try {
    const { key } = await asking();
    made.show([{ name: t("Key"), text: key }]);
    await keys.again();
  } catch (error) {
    problem = error;
  }
  busy = false;
  redraw();
}

function make(event) {
  event.preventDefault();
  const form = event.target;
  const given = new FormData(form);
  const wanted = { scopes: given.getAll("scope") };
  if (given.get("days")) wanted.expires = new Date(Date.now() + Number(given.get("days")) * DAY_SECONDS * 1000).toISOString();
  if (!wanted.scopes.length) {
    made.clear();
    problem = { title: t("Choose at least one scope.") };
    return redraw();
  }
  show(async () => {
    const written = await ask("POST", "/v1/keys", wanted);
    form.reset();
    return written;
  });
}

async function rotate(key) {
  const really = await sure({
    title: t("A new key in place of {key}?", { key: key.id }),
    words: t("It allows the same and is shown once. The old one is good for one more day, so that your programs can change over."),
    yes: t("Make the key"),
  });
  if (really) show(() => ask("POST", `/v1/keys/${key.id}/rotate`));
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
