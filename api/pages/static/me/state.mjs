// What the page knows: one state, drawn anew whenever it changes, and what is being done.

import { t } from "../words.mjs";

const root = document.getElementById("me");
const { chain, pool, symbol, decimals, relays, explorer: explorerUrl, log: origin } = root.dataset;

/** The log's name, which a wallet's texts hold. */
export const log = origin;
/** Where the pay is, null where the log pays points only. */
export const place =
  chain === undefined
    ? null
    : { chainId: Number(chain), pool, unit: { symbol, decimals: Number(decimals) }, relays: relays !== undefined };
/** How the address of a transaction's page begins; empty without an explorer. */
export const explorer = explorerUrl;

/** null is what is not known yet. */
export const state = {
  me: null,
  works: null,
  older: null,
  earnings: null,
  payments: null,
  rewards: null,
  records: new Map(),
  appealing: null,
  asked: null,
  sent: new Map(),
  done: null,
  erased: null,
  farewell: null,
  copied: null,
};
const untouched = { ...state };
const busy = new Set();
const problems = new Map();
let show = () => {};
let signedOut = () => {};

/** Call `drawing` whenever something changes, and `leaving` when the session turns out to be over. */
export function attach(drawing, leaving) {
  show = drawing;
  signedOut = leaving;
}

export function draw() {
  show();
}

/** Forget everybody's things; `kept` members stay. */
export function forget(kept = {}) {
  Object.assign(state, untouched, { records: new Map(), sent: new Map() }, kept);
  problems.clear();
}

export function isBusy(name) {
  return busy.has(name);
}

/** What was refused under a name, or undefined. */
export function problemOf(name) {
  return problems.get(name);
}

/** Do what may be refused; until it is done `name` is busy, and a refusal is kept under it. */
export async function act(name, work) {
  if (busy.has(name)) return;
  busy.add(name);
  problems.delete(name);
  draw();
  try {
    await work();
  } catch (error) {
    if (error.isOutdated) return;
    if (error.isOver) signedOut();
    else problems.set(name, told(error));
  } finally {
    busy.delete(name);
    draw();
  }
}

function told(error) {
  switch (error.reason) {
    case "refused":
      return { title: t("You said no in the wallet, so nothing happened.") };
    case "no-account":
      return { title: t("The wallet shows this page no account. Unlock it and try again.") };
    case "no-chain":
      return { title: t("Your wallet does not know the chain {chain}. Add it there, then try again.", { chain: place.chainId }) };
    case "wrong-chain":
      return { title: t("Your wallet stayed on another chain. Switch it to the chain {chain}.", { chain: place.chainId }) };
    case "wrong-account":
      return { title: t("The wallet offers another account. Choose {account} in it.", { account: error.message }) };
    case "failed":
      return { title: t("The wallet could not do it."), detail: error.message };
  }
  if (error.title) return { title: t(error.title), detail: error.detail, remedy: error.remedy };
  return { title: t("That did not work."), detail: error.message };
}
