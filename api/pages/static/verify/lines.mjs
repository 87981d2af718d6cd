// What all C2SP text formats share: canonical base64, plain decimals, lines of clean UTF-8 (ledger/tree/lines.py).

import { refuse, same, utf8 } from "./bytes.mjs";

export const HASH_SIZE = 32;
export const MAX_SIZE = 2n ** 63n - 1n;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const DECIMAL = /^(?:0|[1-9][0-9]{0,18})$/;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x09\x0b-\x1f]/;
const HALF = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const CHUNK = 8192;

/** Standard base64 with padding (RFC 4648 section 4). */
export function encodeBase64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}

/** Padded base64 in its one canonical spelling; stray bits behind the last byte are refused. */
export function decodeBase64(text, what) {
  if (text.length % 4 || !BASE64.test(text)) refuse("The {what} is not base64.", { what });
  const raw = atob(text);
  if (btoa(raw) !== text) refuse("The {what} is not canonical base64.", { what });
  return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
}

/** One hash: 32 bytes as base64. */
export function decodeHash(text, what) {
  const bytes = decodeBase64(text, what);
  if (bytes.length !== HASH_SIZE) refuse("The {what} does not have 32 bytes.", { what });
  return bytes;
}

/** A decimal from 0 to 2^63 - 1 without leading zeros, as a BigInt. */
export function decodeSize(text, what) {
  if (!DECIMAL.test(text) || BigInt(text) > MAX_SIZE) refuse("The {what} is not a plain decimal number below 2^63.", { what });
  return BigInt(text);
}

/** Refuses control characters other than the newline, and what UTF-8 cannot carry. */
export function checkClean(text, what) {
  if (CONTROL.test(text)) refuse("The {what} contains a control character other than the newline.", { what });
  if (HALF.test(text)) refuse("The {what} is not valid UTF-8.", { what });
}

/** Strict UTF-8; a byte order mark stays a character. */
export function decodeUtf8(bytes, what) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse("The {what} is not valid UTF-8.", { what });
  }
}

/** A file's text: at most `limit` bytes of clean UTF-8. */
export function readText(text, what, limit) {
  const length = typeof text === "string" ? utf8(text).length : text.length;
  if (length > limit) refuse("The {what} is longer than {limit} bytes.", { what, limit });
  const read = typeof text === "string" ? text : decodeUtf8(text, what);
  checkClean(read, what);
  return read;
}

/** Whether a text's UTF-8 is exactly these bytes. */
export function isSpelled(text, bytes) {
  return same(utf8(text), bytes);
}
