// The upper part of the page: where files are dropped, and what else may be given.

import { html, nothing } from "../vendor/lit-html.js";
import { base, mark, number, t } from "../words.mjs";
import { MAINS, ROLES } from "./intake.mjs";

const NAMES = {
  receipt: mark("receipt"),
  proof: mark("proof of the log"),
  certificate: mark("certificate"),
  opening: mark("private opening"),
  keys: mark("keys of the log"),
  file: mark("your file"),
};

/** Everything above the result. */
export function form(state, actions) {
  return html`${dropZone(state, actions)} ${chosen(state, actions)} ${more(state, actions)}`;
}

function dropZone({ files, busy }, actions) {
  const take = (event) => {
    const picked = [...event.target.files];
    event.target.value = "";
    return picked.length ? actions.add(picked) : undefined;
  };
  const isFirst = !MAINS.some((role) => files[role]);
  return html`<label class=${`drop ${isFirst ? "" : "small"} ${busy ? "busy" : ""}`}>
    <input type="file" multiple class="only-heard" @change=${take} aria-labelledby="drop-name" aria-describedby="drop-hint">
    <span id="drop-name" class=${isFirst ? "button" : "button second"}>${isFirst ? t("Choose a receipt") : t("Add a file")}</span>
    <span class="hint" id="drop-hint">${isFirst
      ? t("or drop it here. It ends in .json; a .tlog-proof is taken too.")
      : t("or drop it here: your private opening, your work itself, the log's keys, or another receipt.")}</span>
  </label>`;
}

function chosen({ files }, actions) {
  const roles = ROLES.filter((role) => files[role]);
  if (!roles.length) return nothing;
  return html`<ul class="plain chosen" aria-label=${t("Files")}>${roles.map((role) => html`<li>
    <span class="tag">${t(NAMES[role])}</span>
    <bdi>${files[role].name}</bdi> <span class="quiet">${t("{size} bytes", { size: files[role].size })}</span>
    <button type="button" class="link" @click=${() => actions.remove(role)}
      aria-label=${t("Remove {name}", { name: files[role].name })}>${t("Remove")}</button></li>`)}</ul>`;
}

function more(state, actions) {
  return html`<details class="more"><summary>${t("Check more: whose key it is, and the chain")}</summary>
    <div class="form">
      ${paste(actions)} ${keyChoice(state, actions)} ${nodeField(state, actions)}
    </div></details>
    ${state.isFile ? nothing : html`<p class="quiet"><a href="${base}/verify.html" download="crowdledger-verify.html">${t("Keep this page as a file")}</a>:
      ${t("it works without us and without a connection.")}</p>`}`;
}

function paste(actions) {
  const send = (event) => {
    const area = event.target.closest(".field").querySelector("textarea");
    actions.paste(area.value);
    area.value = "";
  };
  return html`<div class="field">
    <label for="pasted">${t("Paste a receipt or an opening as text")}</label>
    <textarea id="pasted" rows="3" spellcheck="false" dir="ltr"></textarea>
    <div><button type="button" class="button second" @click=${send}>${t("Take the text")}</button></div>
  </div>`;
}

function keyChoice({ trust, vkey, isFile, facts }, actions) {
  const choices = [
    ["own", t("I take the receipt's own word for the key")],
    ...(isFile ? [] : [["service", t("The keys that this service publishes for {log}", { log: facts.log })]]),
    ["mine", t("A key that I know from elsewhere")],
  ];
  const choose = (event) => actions.trust(event.target.value, vkey);
  return html`<fieldset>
    <legend>${t("Which key of the log do you trust?")}</legend>
    ${choices.map(([value, words]) => html`<label class="check">
      <input type="radio" name="trust" value=${value} .checked=${trust === value} @change=${choose}> <span>${words}</span></label>`)}
    ${trust === "mine" ? html`<div class="field">
      <label for="vkey">${t("The log's key")}</label>
      <input id="vkey" dir="ltr" spellcheck="false" autocomplete="off" .value=${vkey} placeholder="name+id+base64"
        @change=${(event) => actions.trust("mine", event.target.value)}>
      <p class="hint">${t("If the log's key was rotated, drop its keys.json above too.")}</p></div>` : nothing}
  </fieldset>`;
}

function nodeField({ nodeUrl, progress, busy }, actions) {
  const send = (event) => {
    event.preventDefault();
    return actions.ask(event.target.elements.node.value);
  };
  return html`<form class="field" novalidate @submit=${send}>
    <label for="node">${t("A node of the chain to ask about the anchor")}</label>
    <input id="node" name="node" type="url" inputmode="url" dir="ltr" spellcheck="false" autocomplete="off" .value=${nodeUrl}
      placeholder="https://" aria-describedby="node-hint">
    <p class="hint" id="node-hint">${t("Any Ethereum node that you trust: your own, or a public one. It learns which anchor you look at, and your network address.")}</p>
    <div><button class=${busy && progress !== null ? "button second busy" : "button second"}>${t("Ask this node")}</button>
    ${progress === null ? nothing : html`<span class="quiet" role="status">${t("Searching the chain: {percent} %", { percent: number(Math.floor(100 * progress)) })}</span>`}</div>
  </form>`;
}
