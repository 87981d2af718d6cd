// Commitments as docs/formats fixes them: SHA-256(0x43 || salt || JCS(place and content)). Nothing here touches the network.

const MAX_DEPTH = 64;

/**
 * Canonical JSON (RFC 8785) of a parsed JSON value. Throws RangeError or TypeError for what it cannot carry exactly.
 *
 * `large`: integers beyond 2^53 may stand there; whoever reads canonical text holds the result against it.
 */
export function canonical(value, { large = false } = {}) {
  return write(value, 0, large);
}

function write(value, depth, large) {
  if (depth > MAX_DEPTH) throw new RangeError(`This is nested deeper than ${MAX_DEPTH}.`);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return text(value);
  if (typeof value === "number") return number(value, large);
  if (Array.isArray(value)) return `[${value.map((item) => write(item, depth + 1, large)).join(",")}]`;
  if (typeof value !== "object") throw new TypeError("Only JSON can be sealed.");
  // Array.prototype.sort compares UTF-16 units, which is the order that RFC 8785 asks for.
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${text(name)}:${write(value[name], depth + 1, large)}`).join(",")}}`;
}

/** Reads canonical JSON. Throws an error of JavaScript's where it is none, or not in its one spelling. */
export function readCanonical(written) {
  const value = JSON.parse(written);
  if (canonical(value, { large: true }) !== written) throw new RangeError("This JSON is not canonical (RFC 8785).");
  return value;
}

function text(value) {
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value)) {
    throw new RangeError("A text holds half a character (a lone surrogate).");
  }
  return JSON.stringify(value);
}

function number(value, large) {
  // Beyond 2^53 the number that was typed is not the number that was read.
  if (!Number.isFinite(value) || (!large && Math.abs(value) > Number.MAX_SAFE_INTEGER)) {
    throw new RangeError("A number is too large to be exact: write it as text, in quotes.");
  }
  return JSON.stringify(value);
}

/** The commitment to a canonical preimage under a salt: SHA-256 of 0x43, the salt, the preimage; 64 hex digits. */
export async function commitmentOf(salt, preimage) {
  const bytes = new TextEncoder().encode(preimage);
  const hashed = new Uint8Array(1 + salt.length + bytes.length);
  hashed[0] = 0x43;
  hashed.set(salt, 1);
  hashed.set(bytes, 1 + salt.length);
  return hex(await crypto.subtle.digest("SHA-256", hashed));
}

/** 64 lower-case hex digits of 32 bytes, or of as many as there are. */
export function hex(bytes) {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A random UUID of version 4. */
export function publicId() {
  return crypto.randomUUID();
}

/** The commitment and the opening's file of content at its place; members of the place that do not apply are absent. */
export async function seal({ log, campaign, task, contributor }, content, salt = crypto.getRandomValues(new Uint8Array(32))) {
  const preimage = { v: 1, purpose: "contribution", log, campaign, contributor, content };
  if (task) preimage.task = task;
  const written = canonical(preimage);
  const commitment = await commitmentOf(salt, written);
  return { commitment, opening: canonical({ v: 1, salt: hex(salt), preimage: written }) };
}

/** What names a file in a contribution. The whole file is read into memory. */
export async function fileContent(file) {
  const bytes = await file.arrayBuffer();
  const sha256 = hex(await crypto.subtle.digest("SHA-256", bytes));
  return { sha256, bytes: bytes.byteLength, type: file.type || "application/octet-stream" };
}
