// One's contributions: what was sent, what was decided and why, until when one can appeal, and the receipts to keep.

import { html, nothing } from "../vendor/lit-html.js";
import { base, mark, number, rich, t } from "../words.mjs";
import { appealForm, appealed } from "./appeals.mjs";
import { moreWorks, reloadWorks } from "./loading.mjs";
import { method, said, score, written } from "./documents.mjs";
import { button, isOver, problem, waiting, when } from "./parts.mjs";
import { save } from "./saving.mjs";
import { revealForm } from "./sealed.mjs";
import { act, draw, state } from "./state.mjs";
import { withdrawal } from "./withdrawing.mjs";

const VERDICTS = {
  accepted: { words: mark("Accepted"), tone: "good" },
  rejected: { words: mark("Not accepted"), tone: "bad" },
  needs_work: { words: mark("Needs more work"), tone: "open" },
};
const STATES = {
  submitted: mark("Waits for a decision"),
  in_review: mark("Is being judged"),
  sealed: mark("Sealed"),
  withdrawn: mark("Withdrawn"),
  replaced: mark("Replaced by a newer version"),
};
const LONG = 400;

export function works() {
  if (!state.works) return waiting();
  if (state.works.length === 0) {
    return html`<p class="empty">${t("Nothing of yours is recorded yet. What you send on your platform appears here at once.")}</p>`;
  }
  return html`
    <ul class="plain works">
      ${state.works.map((each) => html`<li>${card(each)}</li>`)}
    </ul>
    ${state.older ? html`<p class="buttons">${button("older", t("Show older work"), moreWorks, "second")}</p>` : nothing} ${problem("older")}
  `;
}

function card(work) {
  const id = `work-${work.id}`;
  return html`<article class="card" aria-labelledby=${id}>
    <p class="above">
      <a href="${base}/campaigns/${work.campaign}"><bdi>${work.campaign_title}</bdi></a> · ${when(work.at)}
    </p>
    <h3 id=${id} class="outcome" tabindex="-1">${headline(work)}</h3>
    ${work.decision ? decision(work) : nothing} ${content(work)}
    <p>${next(work)}</p>
    ${appealed(work)} ${actions(work)} ${papers(work)}
  </article>`;
}

/** The verdict, or how far it is. */
function headline(work) {
  const verdict = work.decision && VERDICTS[work.decision.verdict];
  if (STATES[work.state]) return t(STATES[work.state]);
  const tags = [];
  if (work.state === "appealed") tags.push(html`<span class="tag open">${t("Appealed")}</span>`);
  if (work.state === "final") tags.push(html`<span class="tag">${t("Final")}</span>`);
  if (!verdict) return html`${t("Nobody decided in time")} ${tags}`;
  return html`<span class="verdict ${verdict.tone}">${t(verdict.words)}</span> ${tags}`;
}

function decision({ decision: made }) {
  const points = made.verdict === "needs_work" ? nothing : rich("Score {score}.", { score: score(made.score) });
  return html`
    <p class="quiet">${method(made.method)} ${points} · ${when(made.at)}</p>
    ${made.feedback === null ? nothing : html`<blockquote class="said"><p class="only-heard">${t("What the reviewer says")}</p>${said(made.feedback)}</blockquote>`}
  `;
}

function content(work) {
  if (work.state === "sealed") return html`<p class="quiet">${t("Its content is sealed: only your opening's file shows it.")}</p>`;
  if (work.erased) return html`<p class="quiet">${t("Its content was erased here.")}</p>`;
  const text = typeof work.content === "string" ? work.content : JSON.stringify(work.content, null, 2);
  return html`<details ?open=${text.length <= LONG}>
    <summary>${t("What you sent")}</summary>
    ${file(work.content)} ${written(work.content)}
  </details>`;
}

/** Where the content is a file's digest, the file itself. */
function file(named) {
  if (!/^[0-9a-f]{64}$/.test(named?.sha256 ?? "")) return nothing;
  const fetchIt = () => save(`/v1/files/${named.sha256}`, `file-${named.sha256.slice(0, 8)}`);
  return html`<p>${button(`file-${named.sha256}`, t("Download the file"), fetchIt, "second")}</p>${problem(`file-${named.sha256}`)}`;
}

/** What happens next, and until when. */
function next(work) {
  const told = [];
  if (work.appeal_until) told.push(rich("You can appeal until {date}.", { date: when(work.appeal_until) }));
  if (work.state === "needs_work") told.push(t("Send a new version on your platform; without one nothing is paid."));
  if (work.final_from && !isOver(work.final_from) && work.state !== "appealed") {
    told.push(rich(finality(work), { date: when(work.final_from) }));
  }
  if (work.state === "final") told.push(t(work.payable_from ? mark("It counts for your pay.") : mark("Nothing changes any more.")));
  return told.map((each) => html`${each} `);
}

function finality(work) {
  if (!work.decision) {
    return work.payable_from
      ? mark("If nobody decides before {date}, it counts as accepted.")
      : mark("If nobody decides before {date}, the rule that the campaign declared holds.");
  }
  return work.payable_from ? mark("It counts for your pay from {date} on.") : mark("It is final from {date} on.");
}

function actions(work) {
  const can = { appeal: work.appeal_until !== null && !isOver(work.appeal_until) };
  if (state.appealing === work.id) return appealForm(work, reloadWorks);
  return html`
    ${can.appeal
      ? html`<p class="buttons">
          <button type="button" class="button second" @click=${() => open(work.id)}>${t("Appeal")}</button>
        </p>`
      : nothing}
    ${revealForm(work, reloadWorks)} ${withdrawal(work, reloadWorks)}
  `;
}

function open(id) {
  state.appealing = id;
  draw();
  document.getElementById(`grounds-${id}`)?.focus();
}

function papers(work) {
  const receipt = `/v1/contributions/${work.id}/receipt`;
  return html`<details class="papers">
    <summary>${t("Receipt and proof")}</summary>
    <div class="receipt">
      <ul class="plain">
        <li><a href="${base}${receipt}" download="receipt-${work.index}.json">${t("Download the receipt")}</a></li>
        ${work.decision
          ? html`<li>
              <a href="${base}/v1/decisions/${work.decision.id}/receipt" download="receipt-${work.decision.index}.json">${t("Receipt of the decision")}</a>
            </li>`
          : nothing}
        <li><a href="${base}/verify#receipt=${receipt}">${t("Check the receipt in this browser")}</a></li>
        ${work.content === null
          ? nothing
          : html`<li>
              <button type="button" class="link" @click=${() => act(`opening-${work.id}`, () => opening(work))}>${t("Save what you sent, with its key")}</button>
              ${problem(`opening-${work.id}`)}
            </li>`}
        <li><a href="${base}/c/${work.id}">${t("Its public page")}</a> · ${rich("entry {index}", { index: html`<a href="${base}/e/${work.index}">${number(work.index)}</a>` })}</li>
      </ul>
      <figure class="code">
        <img src="${base}/c/${work.id}/qr.svg" alt=${t("QR code of its page")} width="148" height="148" loading="lazy">
        <figcaption>${t("Its page, for a phone or for paper")}</figcaption>
      </figure>
    </div>
    <p class="quiet">${STATUSES[work.status]()}</p>
  </details>`;
}

const STATUSES = {
  recorded: () => t("Recorded: the log has signed it. It is anchored on the chain soon."),
  anchored: () => t("Anchored: its place in the log is on the chain, where nobody can change it unnoticed."),
  permanent: () => t("Permanent: it is anchored in a block that the chain calls final."),
};

function opening(work) {
  return save(`/v1/contributions/${work.id}/opening`, `opening-${work.index}.json`);
}
