// What all parts of the console share: the key or a member's session, the platform, drawing, and questions with the key.

import { base } from "../format.mjs";
import { Problem, ask as askService } from "../service.mjs";

const KEPT = `crowdledger-key${base}`;
const root = document.getElementById("console");

/** What the log pays in: `symbol`, `decimals` of its token, and the pool, empty without a chain. */
export const token = {
  symbol: root.dataset.symbol,
  decimals: Number(root.dataset.decimals),
  pool: root.dataset.pool,
  chain: root.dataset.chain,
};
export const POINTS = root.dataset.points;

/** The key and whose it is, with the `member` where it is a session's token; null while nobody is in. */
export let who = null;

let draw = () => {};
let leave = () => {};

/** Let `drawing` draw the console from now on, and `leaving` clean up when the key is forgotten. */
export function drawWith(drawing, leaving) {
  draw = drawing;
  leave = leaving;
}

let waits = false;

/** Draw the console anew, once for all that changes at the same time. */
export function redraw() {
  if (waits) return;
  waits = true;
  queueMicrotask(() => {
    waits = false;
    draw();
  });
}

/** Take a key, or a session's token, for this tab. Throws Problem where it is not good. */
export async function enter(key) {
  const found = await askService("GET", "/v1/keys/current", { token: key });
  sessionStorage.setItem(KEPT, key);
  who = { key, ...found };
  redraw();
}

/** Take the key that this tab has, if any. Throws Problem where it is not good any more; `isOver`: a session. */
export async function enterAgain() {
  const key = sessionStorage.getItem(KEPT);
  if (!key) return;
  try {
    await enter(key);
  } catch (error) {
    if (error.status === 401) {
      sessionStorage.removeItem(KEPT);
      error.isOver = key.startsWith("ms_");
    }
    throw error;
  }
}

/** Forget the key and everything that was read with it; whether it `isOver` is told to who left. */
export function forget(isOver = false) {
  sessionStorage.removeItem(KEPT);
  const left = who;
  who = null;
  leave(left, isOver);
  redraw();
}

/** Sign out: a member's session is ended at the service too, if that can be reached. */
export function signOut() {
  const { key, member } = who;
  forget();
  if (member) askService("DELETE", "/v1/sessions/current", { token: key }).catch(() => {});
}

/** Whether the key has a scope. */
export function may(scope) {
  return who !== null && who.scopes.includes(scope);
}

/** Ask the service with the key. Throws Problem; a key that is not good any more is forgotten. */
export async function ask(method, path, body) {
  const key = who?.key;
  try {
    return await askService(method, path, { body, token: key });
  } catch (error) {
    if (error.status === 401 && who?.key === key) forget(true);
    throw error;
  }
}

/** A new id of ours for something that is sent: the same request again, under the same id, is harmless. */
export function ownId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Copy a text; whether that was possible (browsers allow it on secure pages only). */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** The file of a digest as a Blob, read with the key. Throws Problem. */
export async function file(sha256) {
  const reply = await fetch(`${base}/v1/files/${sha256}`, {
    headers: { Authorization: `Bearer ${who?.key}` },
    credentials: "omit",
    cache: "no-store",
  }).catch(() => null);
  if (!reply?.ok) throw new Problem({ title: String(reply?.status ?? ""), ...(await reply?.json().catch(() => null)) });
  return reply.blob();
}
