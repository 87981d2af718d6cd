// Signing in and out. The token is kept for this tab only, and is gone with it.

import { account, signText } from "../wallet/wallets.mjs";
import { ask } from "../service.mjs";
import { base } from "../words.mjs";

const KEY = `crowdledger.session:${base}`;
const LINK = /^#link=(sl_[0-9a-f]{64})$/;

function kept() {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY));
    return Date.parse(found.expires_at) > Date.now() ? found : null;
  } catch {
    return null;
  }
}

/** The session's token, undefined without a session. */
export function token() {
  return kept()?.token;
}

/** When the session ends (Unix ms). */
export function endsAt() {
  return Date.parse(kept()?.expires_at);
}

/** The sign-in link's token of the address, which is taken out of the address at once; null without one. */
export function takeLink() {
  const found = LINK.exec(location.hash);
  if (!location.hash.startsWith("#link=")) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return found?.[1] ?? "";
}

export async function signInByLink(link) {
  keep(await ask("POST", "/v1/sessions", { body: { token: link } }));
}

/** Sign in as whoever a wallet is: it signs a text (EIP-4361) that the service gives. */
export async function signInByWallet(wallet) {
  const address = await account(wallet);
  const { message } = await ask("POST", "/v1/sessions/message", { body: { address } });
  const signature = await signText(wallet, address, message);
  keep(await ask("POST", "/v1/sessions", { body: { message, signature } }));
}

function keep({ token: secret, expires_at }) {
  sessionStorage.setItem(KEY, JSON.stringify({ token: secret, expires_at }));
}

/** End the session here; there too, if the service can be reached. */
export function signOut() {
  const secret = token();
  sessionStorage.removeItem(KEY);
  if (secret) ask("DELETE", "/v1/sessions/current", { token: secret }).catch(() => {});
}

/** An answer to somebody who has signed out meanwhile, or is somebody else now: nobody may see it. */
class Outdated extends Error {
  isOutdated = true;
}

/** What `asked` gives, as long as the same person is signed in. Throws Outdated, and what `asked` throws: `isOver` where
    the service knows the session no more. */
export async function ofNow(asked) {
  const secret = token();
  try {
    return await asked;
  } catch (error) {
    throw Object.assign(error, { isOver: error.status === 401 });
  } finally {
    if (token() !== secret) throw new Outdated();
  }
}

/** Ask the service in the name of whoever is signed in. */
export async function mine(method, path, body) {
  return ofNow(ask(method, path, { body, token: token() }));
}
