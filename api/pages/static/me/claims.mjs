// Getting what was earned: by a transaction of one's own wallet, or relayed by the service, which then pays the fee.

import { html, nothing } from "../vendor/lit-html.js";
import { claimCall, claimManyCall } from "../wallet/calldata.mjs";
import { account, receiptOf, send, useChain, wallets } from "../wallet/wallets.mjs";
import { ask, Problem } from "../service.mjs";
import { amount, base, rich, t } from "../words.mjs";
import { nameOf, walletButton } from "./door.mjs";
import { reloadPay } from "./loading.mjs";
import { button, code, problem, transaction } from "./parts.mjs";
import { draw, place, state } from "./state.mjs";

const PAUSE_MS = 1_500;
const MOST_PAUSES = 400;
const SETTLING_PAUSES = 40;

/** What can be claimed now, by account. */
export function claimable() {
  return (state.rewards ?? []).filter((each) => BigInt(each.claimable) > 0n);
}

export function claims() {
  const ready = claimable();
  const untouched = ready.filter((each) => !state.sent.has(each.account));
  if (ready.length === 0) return [...state.sent.values()].map(progress);
  return html`<section class="card ready" aria-labelledby="ready">
    <h3 id="ready">${t("Ready for you")}</h3>
    <p class="sum">${amount(sumOf(ready), place.unit)}</p>
    ${ready.map((each) => one(each, ready.length === 1))} ${untouched.length ? ways(untouched) : nothing} ${problem("claim")}
  </section>`;
}

function sumOf(rewards) {
  return rewards.reduce((units, each) => units + BigInt(each.claimable), 0n);
}

function one(reward, isAlone) {
  const under = state.sent.get(reward.account);
  const units = html`<strong>${amount(reward.claimable, place.unit)}</strong>`;
  return html`
    <p>
      ${isAlone ? rich("for {account}", { account: code(reward.account) }) : rich("{amount} for {account}", { amount: units, account: code(reward.account) })}
      <a href="${base}/s/${reward.chain_id}/${reward.pool}/${reward.settlement}/${reward.account}">${t("How it was worked out")}</a>
    </p>
    ${under ? progress(under) : nothing}
  `;
}

/** The ways to get it: through a wallet of one's own, or without any. */
function ways(rewards) {
  const found = wallets();
  const relay = () => byRelay(rewards.map((each) => each.account));
  return html`
    <div class="buttons">
      ${found.map((wallet) => walletButton("claim", wallet, t("Get it with {wallet}", { wallet: nameOf(wallet) }), () => byWallet(wallet, rewards)))}
      ${place.relays ? button("claim", t("Have it sent to me, free of charge"), relay, found.length ? "second" : "") : nothing}
    </div>
    <p class="quiet">
      ${place.relays
        ? t("With your wallet you pay the network's fee; else the service pays it. Either way it goes to the account that earned it, and to nobody else.")
        : t("You pay the network's fee. It goes to the account that earned it, and to nobody else.")}
    </p>
  `;
}

function progress({ words, hash, isDone }) {
  return html`<div class="notice ${isDone ? "good" : "open"}" role="status">
    <p>${words()}</p>
    ${hash ? html`<p class="quiet">${t("Transaction")} ${transaction(hash)}</p>` : nothing}
  </div>`;
}

function note(account, words, hash, isDone = false) {
  state.sent.set(account, { words, hash, isDone });
  draw();
}

/** One transaction, sent by whichever account the person chooses in the wallet: it pays those that earned. */
async function byWallet(wallet, rewards) {
  const from = await account(wallet);
  await useChain(wallet, place.chainId);
  const hash = await send(wallet, from, place.pool, await callFor(rewards));
  for (const each of rewards) note(each.account, sentWords, hash);
  const receipt = await untilMined(wallet, hash);
  if (!receipt || !state.rewards) return;
  if (receipt.status !== "0x1") {
    for (const each of rewards) state.sent.delete(each.account);
    throw new Problem({
      title: t("The chain refused the payment, so nothing was paid."),
      remedy: t("A newer settlement may have come in between: load the page again and try once more."),
    });
  }
  for (const each of rewards) await mined(each, hash);
}

function sentWords() {
  return t("Sent. The chain takes it up within a minute or so; you may leave this page.");
}

/** `claim` of the pool for one account, `claimMany` for several. */
async function callFor(rewards) {
  const [only] = rewards;
  if (rewards.length === 1) return claimCall(only.account, only.earned, only.proof);
  const query = rewards.map((each) => `address=${each.account}`).join("&");
  const { items } = await ask("GET", `/v1/rewards/together?${query}`);
  const { accounts, cumulatives, proof, flags } = items.find((each) => each.chain_id === place.chainId && each.pool === place.pool);
  return claimManyCall(accounts, cumulatives, proof, flags);
}

async function untilMined(wallet, hash) {
  for (let tries = 0; tries < MOST_PAUSES; tries += 1) {
    const receipt = await receiptOf(wallet, hash).catch(() => null); // it is sent: that a wallet cannot look says nothing
    if (receipt) return receipt;
    await pause();
  }
  return null;
}

/** Ask the service to send it, and follow what becomes of it. */
async function byRelay(accounts) {
  const { items } = await ask("POST", "/v1/claims", { body: { addresses: accounts } });
  for (const each of items) note(each.account, () => t("Asked for. The service sends it with the next batch."));
  const waiting = new Map(items.map((each) => [each.id, each]));
  for (let tries = 0; tries < MOST_PAUSES && waiting.size > 0; tries += 1) {
    await pause();
    for (const id of waiting.keys()) {
      const now = await ask("GET", `/v1/claims/${id}`);
      if (!state.rewards) return; // signed out meanwhile
      if (now.state === "sent") note(now.account, sentWords, now.transaction);
      if (now.state !== "paid" && now.state !== "failed") continue;
      waiting.delete(id);
      await ended(now);
    }
  }
}

async function ended({ account: whose, transaction: hash, state: what, detail }) {
  if (what === "failed") {
    state.sent.delete(whose);
    throw new Problem({ title: t("It could not be sent."), detail: detail ?? "" });
  }
  const reward = state.rewards.find((each) => each.account === whose);
  if (reward) await mined(reward, hash);
}

/** The chain has it: read anew what is left until the service has seen that too. */
async function mined(reward, hash) {
  note(reward.account, () => t("The chain has it. What it paid shows here in a moment."), hash);
  for (let tries = 0; tries < SETTLING_PAUSES && state.rewards; tries += 1) {
    await reloadPay();
    const now = state.rewards.find((each) => each.account === reward.account);
    const units = BigInt(now?.claimed ?? reward.claimed) - BigInt(reward.claimed);
    if (units > 0n) {
      note(reward.account, () => rich("Paid: {amount} to {account}.", { amount: amount(units, place.unit), account: code(reward.account) }), hash, true);
      // The payments were read a moment before the rewards: the list may not have it yet.
      if (state.payments.items.some((each) => each.transaction === hash)) return;
    }
    await pause();
  }
}

function pause() {
  return new Promise((done) => setTimeout(done, PAUSE_MS));
}
