// Bytes, and the refusal that every check here throws. Nothing in this folder but page.mjs touches the document.

/** A check that failed. `text` is a whole English sentence with `{names}` of `values`; `check` names the step. */
export class Refused extends Error {
  constructor(text, values, check) {
    super(text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole)));
    this.text = text;
    this.values = values;
    this.check = check;
  }
}

/** Throws a {@link Refused}. The texts of these calls are what translators see. */
export function refuse(text, values = {}, check = undefined) {
  throw new Refused(text, values, check);
}

/** Marks a text that is translated where it is shown. */
export const later = (text) => text;

/** This browser, or this page's address, lacks something that a check needs; it says nothing of the receipt. */
export class Unable extends Error {
  constructor(text, values = {}) {
    super(text);
    this.text = text;
    this.values = values;
  }
}

/** Lower-case hex digits of bytes. */
export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes of hex digits, whose form the caller has checked. */
export function unhex(text) {
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

/** Bytes one after the other. */
export function joined(...parts) {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Whether bytes are the same. Nothing here is secret, so that time tells nobody anything. */
export function same(one, two) {
  return one.length === two.length && one.every((byte, at) => byte === two[at]);
}

/** UTF-8 of a text. */
export function utf8(text) {
  return new TextEncoder().encode(text);
}

/** SHA-256 by WebCrypto. Throws {@link Unable} where the browser keeps it from this page. */
export async function sha256(bytes) {
  if (!globalThis.crypto?.subtle) {
    throw new Unable(later("This browser computes digests only on pages with https, and in pages saved as files."));
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** Whether a parsed JSON value is an object with exactly these members, whose names are given in order. */
export function hasExactly(value, names) {
  if (!isObject(value)) return false;
  const own = Object.keys(value).sort();
  return own.length === names.length && own.every((name, at) => name === names[at]);
}

/** Whether a parsed JSON value is an object. */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
