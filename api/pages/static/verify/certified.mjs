// A certificate that was checked, as its reader sees it.

import { html, nothing } from "../vendor/lit-html.js";
import { number, rich, several, t } from "../words.mjs";

/** What a certificate proves, what it only says, and what it cannot show. */
export function certified({ certificate: found, trust }, actions) {
  const { figures } = found;
  const count = found.judged.length;
  return html`<section class="result" aria-labelledby="verdict">
    <div role="status" class=${trust === "own" ? "notice open" : "notice good"}>
      <h2 id="verdict">${trust === "own" ? t("This certificate is right, if the key is the log's") : t("This certificate is right")}</h2>
      <p>${rich("Each piece of work in it stands in the log {origin}, with its decision.", { origin: html`<bdi>${found.origin}</bdi>` })}</p>
    </div>
    <dl class="figures">
      <div><dt>${t("Decided")}</dt><dd>${number(figures.decided)}</dd></div>
      <div><dt>${t("Accepted")}</dt><dd>${number(figures.accepted)}</dd></div>
      <div><dt>${t("Mean score")}</dt><dd>${percent(figures.weighted_score)}</dd></div>
      ${figures.reliability === null ? nothing : html`<div><dt>${t("Reliability")}</dt><dd>${percent(figures.reliability)}</dd></div>`}
    </dl>
    <dl class="rows">
      ${found.name ? html`<div><dt>${t("Name, by their own word")}</dt><dd><bdi>${found.name}</bdi></dd></div>` : nothing}
      <div><dt>${t("Public id")}</dt><dd><code>${found.contributor}</code></dd></div>
      <div><dt>${t("Campaign")}</dt><dd><code>${found.campaign}</code></dd></div>
      <div><dt>${t("Log's key")}</dt><dd><code>${found.key}</code></dd></div>
      <div><dt>${t("Receipts")}</dt><dd>${several("{count} pair checked", "{count} pairs checked", count)};
        ${found.anchored ? t("each leads to an anchor.") : t("some are not anchored yet.")}</dd></div>
    </dl>
    <p class="quiet">${t("It cannot show what it leaves out, nor a decision that came later: those stand in the log only.")}</p>
    <p class="buttons"><button type="button" class="button second" @click=${() => actions.clear()}>${t("Check another one")}</button></p>
  </section>`;
}

/** A share in [0, 1], given as decimal digits, in percent. */
function percent(text) {
  return new Intl.NumberFormat(document.documentElement.lang, { style: "percent", maximumFractionDigits: 1 }).format(Number(text));
}
