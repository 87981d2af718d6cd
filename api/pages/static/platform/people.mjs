// A sign-in link for a contributor of the platform, with a code to scan.

import { base } from "../format.mjs";
import { Problem } from "../service.mjs";
import { html, nothing } from "../vendor/lit-html.js";
import { rich, t } from "../words.mjs";
import { ask, copy as copyText, redraw, who } from "./desk.mjs";
import { trouble, when } from "./parts.mjs";

let made = null;
let problem = null;
let busy = false;
let copied = false;

export function clear() {
  if (made?.code) URL.revokeObjectURL(made.code);
  made = problem = null;
  copied = false;
}

export function draw() {
  return html`<h2>${t("Contributors")}</h2>
    <section class="card"><h3>${t("Let somebody sign in")}</h3>
      <p>${t("With a sign-in link a contributor sees their work, decisions and pay, can appeal, and can say where they are paid. It opens once, within a quarter of an hour: give it to this person only.")}</p>
      <form class="form" @submit=${make}>
        <div class="field"><label for="contributor">${t("Your own id of the contributor")}</label>
          <input id="contributor" name="contributor" required maxlength="200" autocomplete="off" spellcheck="false" dir="auto" aria-describedby="contributor-hint">
          <p class="hint" id="contributor-hint">${t("As your platform sent it with their work.")}</p></div>
        ${trouble(problem)}
        <div class="buttons"><button class=${busy ? "button busy" : "button"} ?disabled=${busy}>${t("Make the link")}</button></div>
      </form>
      <div role="status">${made ? shown() : nothing}</div>
    </section>`;
}

function shown() {
  return html`<div class="link-made">
    <p>${t("The link for {contributor}:", { contributor: made.contributor })}</p>
    <pre class="command">${made.url}</pre>
    <div class="buttons"><button type="button" class="button second" @click=${copy}>${copied ? t("Copied") : t("Copy the link")}</button></div>
    ${made.code ? html`<figure class="code"><img src=${made.code} alt=${t("The link as a code to scan with a phone")} width="240" height="240"><figcaption class="quiet">${t("Or let them scan this with their phone.")}</figcaption></figure>` : nothing}
    <p class="quiet">${rich("Good until {when}", { when: when(made.expires_at) })}</p>
  </div>`;
}

async function copy() {
  copied = await copyText(made.url);
  redraw();
}

async function make(event) {
  event.preventDefault();
  const contributor = new FormData(event.target).get("contributor").trim();
  clear();
  busy = true;
  redraw();
  try {
    const reply = await ask("POST", "/v1/sign-in-links", { contributor });
    made = { contributor, ...reply };
    made.code = await codeOf(reply.url);
  } catch (error) {
    problem = error;
  }
  busy = false;
  redraw();
}

/** The address of a picture of the link's code. */
async function codeOf(url) {
  const reply = await fetch(`${base}/platform/code`, {
    method: "POST",
    headers: { Authorization: `Bearer ${who.key}`, "Content-Type": "application/json" },
    body: JSON.stringify({ url }),
    credentials: "omit",
    cache: "no-store",
  });
  if (!reply.ok) throw new Problem(await reply.json());
  return URL.createObjectURL(await reply.blob());
}
