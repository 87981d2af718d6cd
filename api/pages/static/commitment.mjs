// Commitments as docs/formats fixes them: SHA-256(0x43 || salt || JCS(place and content)). Nothing here touches the network.

const MAX_DEPTH = 64;

/** Canonical JSON (RFC 8785) of a parsed JSON value. Throws RangeError or TypeError for what it cannot carry exactly. */
export function canonical(value, depth = 0) {
  if (depth > MAX_DEPTH) throw new RangeError(`This is nested deeper than ${MAX_DEPTH}.`);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return text(value);
  if (typeof value === "number") return number(value);
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(",")}]`;
  if (typeof value !== "object") throw new TypeError("Only JSON can be sealed.");
  // Array.prototype.sort compares UTF-16 units, which is the order that RFC 8785 asks for.
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${text(name)}:${canonical(value[name], depth + 1)}`).join(",")}}`;
}

function text(value) {
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value)) {
    throw new RangeError("A text holds half a character (a lone surrogate).");
  }
  return JSON.stringify(value);
}

function number(value) {
  // Beyond 2^53 the number that was typed is not the number that was read.
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    throw new RangeError("A number is too large to be exact: write it as text, in quotes.");
  }
  return JSON.stringify(value);
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
  const bytes = new TextEncoder().encode(written);
  const hashed = new Uint8Array(1 + salt.length + bytes.length);
  hashed[0] = 0x43;
  hashed.set(salt, 1);
  hashed.set(bytes, 1 + salt.length);
  const commitment = hex(await crypto.subtle.digest("SHA-256", hashed));
  return { commitment, opening: canonical({ v: 1, salt: hex(salt), preimage: written }) };
}

/** What names a file in a contribution. The whole file is read into memory. */
export async function fileContent(file) {
  const bytes = await file.arrayBuffer();
  const sha256 = hex(await crypto.subtle.digest("SHA-256", bytes));
  return { sha256, bytes: bytes.byteLength, type: file.type || "application/octet-stream" };
}
