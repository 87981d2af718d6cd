// What came of the checks: the verdict, then every step with its picture and what it proves.

import { html, nothing } from "../vendor/lit-html.js";
import { base, rich, t } from "../words.mjs";
import { STEPS } from "./check.mjs";
import { chainPicture, consistencyPicture, inclusionPicture } from "./drawing.mjs";
import { EXPLAINED, STATES, VERDICTS } from "./explain.mjs";
import { shownValues } from "./values.mjs";

const MAX_SHOWN = 20_000;
const LOOKS = { ok: "good", failed: "bad", skipped: "", unproven: "open", unable: "open", unreached: "" };
const MARKS = { ok: "done", failed: "bad", skipped: "later", unproven: "unsure", unable: "unsure", unreached: "never" };

/** Verdict and steps. */
export function result(state, actions) {
  const { found } = state;
  return html`<section class="result" aria-labelledby="verdict">
    <div role="status">${verdict(state)}</div>
    <ol class="steps checks">${stepsOf(state).map((step) => stepItem(step, state))}</ol>
    <p class="buttons">
      <button type="button" class="button second" @click=${() => actions.clear()}>${t("Check another one")}</button>
      ${!state.isFile && found.verdict === "pass" && found.origin === state.facts.log
        ? html`<a class="button second" href="${base}/e/${found.index}">${t("See the entry in the log")}</a>` : nothing}
    </p>
  </section>`;
}

/** The steps that were made, and those that were not reached. A check inside a step goes by the step's name. */
function stepsOf({ found, files }) {
  const made = found.steps.map((step) => ({ ...step, group: EXPLAINED[step.name] ? step.name : "chain" }));
  const last = made.at(-1);
  const isOver = ["failed", "unable"].includes(last?.verdict) || found.verdict === "fail";
  if (!isOver) return made;
  const at = STEPS.indexOf(last.group);
  const asked = { opening: Boolean(files.opening), file: Boolean(files.file) };
  const missed = STEPS.slice(at + 1).filter((name) => asked[name] ?? true);
  return [...made, ...missed.map((name) => ({ name, group: name, verdict: "unreached", text: "", values: {} }))];
}

function verdict({ found }) {
  const wrong = found.steps.find((step) => step.verdict === "failed");
  const unable = found.steps.find((step) => step.verdict === "unable");
  if (wrong) {
    return notice("bad", t("This receipt is broken"), html`
      <p>${said(wrong)}</p>
      <p>${t("Keep the file, and fetch the receipt anew from the service. If that one is broken too, show both to somebody who audits the log.")}</p>`);
  }
  if (!found.signed) {
    const open = unable ?? found.steps.find((step) => step.name === "signature");
    return notice("open", t("This could not be checked to the end"), html`<p>${said(open)}</p>`);
  }
  const words = rich("Entry {index} of the log {origin}.", { ...found, origin: html`<bdi>${found.origin}</bdi>` });
  const onChain = found.steps.find((step) => step.name === "key-on-chain");
  const isNotKnown = found.steps.some((step) => step.name === "key" && step.verdict !== "ok");
  const isOwnWord = !onChain && isNotKnown;
  return notice(isOwnWord ? "open" : "good", isOwnWord ? t("This receipt is right, if its key is the log's") : t("This receipt is right"), html`
    <p><strong>${words}</strong> ${t(STATES[found.state])}</p>
    ${unable ? html`<p>${said(unable)}</p>` : nothing}
    ${onChain && isNotKnown ? html`<p>${said(onChain)}</p>` : nothing}
    ${isOwnWord ? html`<p>${t("Everything in it fits together. To know whose key it is, compare it with one that you know, or ask a node of the chain.")}</p>` : nothing}`);
}

function notice(look, title, content) {
  return html`<div class=${`notice ${look}`}><h2 id="verdict">${title}</h2>${content}</div>`;
}

function stepItem(step, state) {
  const { title, proves, not } = EXPLAINED[step.group];
  const isMade = step.verdict !== "unreached";
  return html`<li class=${MARKS[step.verdict]} data-step=${step.name} data-verdict=${step.verdict}>
    <h3>${t(title)} <span class=${`tag ${LOOKS[step.verdict]}`}>${t(VERDICTS[step.verdict])}</span></h3>
    ${isMade ? html`<p>${said(step)}</p>` : nothing}
    ${isMade ? picture(step, state) : nothing}
    ${step.verdict === "ok" ? shown(step, state) : nothing}
    ${isMade ? html`<details><summary>${t("What this proves")}</summary>
      <p>${t(proves)}</p><p class="quiet">${t("What it does not prove:")} ${t(not)}</p></details>` : nothing}
  </li>`;
}

const said = ({ text, values }) => rich(text, shownValues(values));

function picture({ name, drawing, verdict: how, values }, { found }) {
  if (name === "inclusion" && drawing?.path?.length) {
    return html`<div class="drawn">${inclusionPicture(drawing, kindOf(found), how === "ok")}</div>`;
  }
  if (name === "anchor" && drawing?.walk) return html`<div class="drawn">${consistencyPicture(drawing, how === "ok")}</div>`;
  if (name === "chain" && how === "ok") {
    return html`<div class="drawn">${chainPicture({ ...values, permanent: found.state === "permanent" })}</div>`;
  }
  return nothing;
}

/** What the entry calls itself, for the picture: it is read strictly only after the path was followed. */
function kindOf(found) {
  const text = new TextDecoder().decode(found.receipt.statement);
  return /"kind":"([a-z_.]{1,40})"/.exec(text)?.[1] ?? t("the entry");
}

function shown({ name }, { found }) {
  if (name === "statement") {
    return html`<details><summary>${t("Read the statement")}</summary><pre>${pretty(found.statement)}</pre></details>`;
  }
  if (name === "opening") {
    return html`<details open><summary>${t("Read the content")}</summary><pre>${pretty(found.opened.content)}</pre>
      <p class="quiet">${t("It is bound to:")}</p><pre>${pretty(found.opened.place)}</pre></details>`;
  }
  if (name === "signature") return html`<details><summary>${t("Read what was signed")}</summary><pre>${found.receipt.proof.checkpoint}</pre></details>`;
  return nothing;
}

function pretty(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
