// What one earned: what can be claimed, what is pending until when and why, where it goes, and what was paid.

import { html, nothing } from "../vendor/lit-html.js";
import { amount, base, mark, rich, t } from "../words.mjs";
import { claimable, claims } from "./claims.mjs";
import { code, isOver, problem, transaction, unitOf, waiting, when } from "./parts.mjs";
import { act, isBusy, place, state } from "./state.mjs";
import { save } from "./saving.mjs";

const WHY = {
  "an appeal is open": mark("An appeal is open."),
  "the appeal window is open": mark("The decision can still be appealed."),
  "nobody has decided yet; the declared default accepts it at its deadline": mark(
    "Nobody has decided yet; at its deadline it counts as accepted.",
  ),
  "prizes and shares are paid once the campaign is over": mark("Prizes and shares are worked out once the campaign is over."),
};

export function pay() {
  if (!state.earnings || !state.rewards) return waiting();
  const { items, paid_to: destinations } = state.earnings;
  return html`
    ${claims()} ${hasNothingNow() ? nothingNow(items) : nothing}
    ${state.me.people.length && place ? destinations.map(destination) : nothing}
    <section aria-labelledby="earned">
      <h3 id="earned" class="over">${t("By campaign")}</h3>
      ${items.length ? items.map(earning) : html`<p class="empty">${t("Nothing is earned yet. What is accepted appears here, with the date from which it counts.")}</p>`}
    </section>
    ${place ? payments() : nothing}
  `;
}

/** Whether somebody whose pay goes to a wallet has nothing to claim at the moment. */
function hasNothingNow() {
  const { items, paid_to: destinations } = state.earnings;
  const isPaid = place && items.length > 0 && destinations.some((each) => each.wallet || each.pending);
  return isPaid && claimable().length === 0 && state.sent.size === 0;
}

function nothingNow(items) {
  const waits = items.some((each) => BigInt(each.pending) > 0n || each.shared_at_end);
  const told = waits
    ? t("Nothing can be claimed right now. What is pending below follows once it is final and a settlement has paid it out.")
    : t("Nothing can be claimed right now. What is final is paid out with the next settlement.");
  return html`<p class="notice">${told}</p>`;
}

/** Where the pay of one of the public ids goes, and until when that can be changed. */
function destination({ contributor, wallet, change_until: until, pending }) {
  const told = [];
  if (!wallet && !pending) told.push(t("Your pay waits for you until you link a wallet; it does not expire."));
  if (!wallet && pending) {
    told.push(rich("Your pay goes to {wallet}, from {date} on.", { wallet: code(pending.address), date: when(pending.in_force_from) }));
  }
  if (wallet && pending) {
    told.push(
      rich("What is published before {date} goes to {wallet}, and what comes later to {next}.", {
        wallet: code(wallet),
        next: code(pending.address),
        date: when(pending.in_force_from),
      }),
    );
  }
  if (wallet && !pending) {
    told.push(
      until && !isOver(until)
        ? rich("What is pending will be paid to {wallet}; change it until {date}.", { wallet: code(wallet), date: when(until) })
        : rich("Your pay goes to {wallet}. Another wallet counts for what is published after its link is in force.", { wallet: code(wallet) }),
    );
  }
  return html`<section class="card destination" aria-label=${t("Where your pay goes")}>
    ${state.me.people.length > 1 ? html`<p class="quiet">${platformOf(contributor)}</p>` : nothing}
    <p>${told}</p>
    <p><a href="#wallet">${wallet || pending ? t("Change the wallet") : t("Link a wallet")}</a></p>
  </section>`;
}

function platformOf(contributor) {
  return state.me.people.find(({ id }) => id === contributor)?.platform_name ?? "";
}

function earning(line) {
  const unit = unitOf(line);
  const pending = BigInt(line.pending) > 0n;
  const name = `certificate-${line.campaign}-${line.contributor}`;
  const path = `/v1/contributors/me/certificate?campaign=${line.campaign}&contributor=${line.contributor}`;
  const keep = () => act(name, () => save(path, `certificate-${line.campaign}.json`));
  return html`<article class="card">
    <h4><a href="${base}/campaigns/${line.campaign}"><bdi>${line.title}</bdi></a></h4>
    <dl class="figures">
      <div><dt>${t("Earned for good")}</dt><dd>${amount(line.final, unit)}</dd></div>
      ${pending ? html`<div><dt>${t("Pending")}</dt><dd>${amount(line.pending, unit)}</dd></div>` : nothing}
    </dl>
    ${BigInt(line.reviewing) > 0n ? html`<p class="quiet">${rich("Of it for judging the work of others: {amount}.", { amount: amount(line.reviewing, unit) })}</p>` : nothing}
    ${pending && line.pending_until ? html`<p>${rich("Pending until {date} if nothing more happens.", { date: when(line.pending_until) })}</p>` : nothing}
    ${line.why.length ? html`<ul class="why">${line.why.map((each) => html`<li>${WHY[each] ? t(WHY[each]) : each}</li>`)}</ul>` : nothing}
    ${problem(name)}
    <p><button type="button" class="link ${isBusy(name) ? "busy" : ""}" @click=${keep}>${t("Certificate of this work")}</button></p>
  </article>`;
}

function payments() {
  const { items, unlisted } = state.payments;
  if (items.length === 0 && unlisted === "0") return nothing;
  return html`<section aria-labelledby="paid">
    <h3 id="paid" class="over">${t("What was paid")}</h3>
    <ul class="plain payments">
      ${items.map(
        (each) => html`<li>
          <p><strong>${amount(each.amount, place.unit)}</strong> <span class="quiet">${rich("to {account}", { account: code(each.account) })}</span></p>
          <p class="quiet">${when(each.at)} · ${t("Transaction")} ${transaction(each.transaction)}</p>
        </li>`,
      )}
    </ul>
    ${unlisted === "0" ? nothing : html`<p class="quiet">${rich("{amount} more was paid: long ago, or the chain does not answer just now.", { amount: amount(unlisted, place.unit) })}</p>`}
  </section>`;
}
