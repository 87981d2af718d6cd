// What the service says of whoever is signed in.

import { ask } from "../service.mjs";
import { mine, ofNow } from "./session.mjs";
import { draw, place, state } from "./state.mjs";

const SOME = 20;
const MOST = 1000;

/** Everything that the page shows. Throws Problem. */
export async function loadAll() {
  state.me = await mine("GET", "/v1/contributors/me");
  draw();
  await Promise.all([reloadWorks(), reloadPay()]);
}

export async function reloadMe() {
  state.me = await mine("GET", "/v1/contributors/me");
}

/** The newest contributions, as many as are shown. */
export async function reloadWorks() {
  const limit = Math.min(Math.max(SOME, state.works?.length ?? 0), MOST);
  const page = await mine("GET", `/v1/contributors/me/contributions?order=newest&limit=${limit}`);
  state.works = page.items;
  state.older = page.next;
  draw();
}

export async function moreWorks() {
  const cursor = encodeURIComponent(state.older);
  const page = await mine("GET", `/v1/contributors/me/contributions?order=newest&limit=${SOME}&cursor=${cursor}`);
  state.works = [...state.works, ...page.items];
  state.older = page.next;
}

export async function reloadPay() {
  const [earnings, payments] = await Promise.all([
    mine("GET", "/v1/contributors/me/earnings"),
    mine("GET", "/v1/contributors/me/payments"),
  ]);
  const rewards = await Promise.all(payments.accounts.map((account) => ofNow(ask("GET", `/v1/rewards/${account}`))));
  Object.assign(state, { earnings, payments, rewards: rewards.flatMap(ofOurPool) });
  draw();
}

/** What an account has in the log's pool, with the account. */
function ofOurPool({ address, rewards }) {
  const ours = rewards.filter((each) => place && each.chain_id === place.chainId && each.pool === place.pool);
  return ours.map((each) => ({ account: address, ...each }));
}

/** The public figures of a public id. */
export async function loadRecord(id) {
  state.records.set(id, await ask("GET", `/v1/people/${id}/reputation`));
}
