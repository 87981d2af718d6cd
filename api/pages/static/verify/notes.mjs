// Signed tree heads and the keys that sign them: C2SP signed-note and tlog-checkpoint with Ed25519
// (ledger/tree/checkpoints.py and keys.py).

import { Unable, hex, joined, later, refuse, same, sha256, utf8 } from "./bytes.mjs";
import { checkClean, decodeBase64, decodeHash, decodeSize, encodeBase64, readText } from "./lines.mjs";

export const MAX_NOTE_BYTES = 256 * 1024;
const MAX_SIGNATURES = 16;
const MAX_NAME_BYTES = 255;
const PREFIX = "— ";
const ED25519 = 1;
const KEY_ID = /^[0-9a-f]{8}$/;
/** Whatever Unicode calls white space, and the separators among the control characters. */
const SPACE = /[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** Whether a name can be a key's: not empty, no Unicode space, no plus. */
function isKeyName(name) {
  return name !== "" && !name.includes("+") && !SPACE.test(name);
}

/** Reads a verifier key, `name+id+base64(0x01, key)`: `{vkey, name, id, publicKey}`. */
export async function parseKey(vkey) {
  const [name, id, ...rest] = vkey.split("+");
  if (!rest.length || !KEY_ID.test(id)) refuse("A log's key is name+id+base64, the id eight lower-case hex digits.");
  const encoded = decodeBase64(rest.join("+"), later("log's key"));
  if (encoded[0] !== ED25519) refuse("The log's key is not an Ed25519 key (type 1).");
  checkClean(name, later("name of the key"));
  if (!isKeyName(name) || utf8(name).length > MAX_NAME_BYTES) {
    refuse("The name of a key must be 1 to 255 bytes without spaces and plus signs.");
  }
  if (encoded.length !== 33) refuse("An Ed25519 public key is 32 bytes.");
  const digest = await sha256(joined(utf8(`${name}\n`), encoded));
  if (hex(digest.subarray(0, 4)) !== id) refuse("The id of the log's key does not match its name and key.");
  return { vkey, name, id: digest.subarray(0, 4), publicKey: encoded.subarray(1) };
}

/**
 * Whether an Ed25519 signature (RFC 8032) of a message verifies. Throws {@link Unable} where the browser lacks Ed25519.
 */
export async function verifySignature(publicKey, signature, message) {
  let key;
  try {
    key = await crypto.subtle.importKey("raw", publicKey, { name: "Ed25519" }, false, ["verify"]);
  } catch (error) {
    if (error.name === "DataError") return false;
    throw new Unable(later("This browser cannot check Ed25519 signatures. Use a newer one, or: crowdledger verify receipt.json"));
  }
  return crypto.subtle.verify({ name: "Ed25519" }, key, signature, message);
}

/** Reads a signed note: `{text, signatures: [{name, id, signature}]}`; its signatures are not verified. */
export function parseNote(text) {
  const note = readText(text, later("signed note"), MAX_NOTE_BYTES);
  const at = note.lastIndexOf("\n\n");
  if (at < 0 || !note.endsWith("\n") || at + 2 === note.length) {
    refuse("A signed note is a text, a blank line, and signature lines ended by a newline.");
  }
  const lines = note.slice(at + 2, -1).split("\n");
  if (lines.length > MAX_SIGNATURES) refuse("The note carries {count} signatures; at most 16 are read.", { count: lines.length });
  return { text: note.slice(0, at + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line) {
  const rest = line.startsWith(PREFIX) ? line.slice(PREFIX.length) : "";
  const space = rest.indexOf(" ");
  const name = rest.slice(0, Math.max(space, 0));
  if (!isKeyName(name)) refuse("A signature line is an em dash, a space, the key's name, a space and base64.");
  const bytes = decodeBase64(rest.slice(space + 1), later("signature"));
  if (bytes.length < 5) refuse("A signature in the note is too short.");
  return { name, id: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}

/** Reads a checkpoint's text: `{origin, size, root, extensions}`, size a BigInt. */
export function parseCheckpoint(text) {
  const lines = text.split("\n");
  if (lines.length < 4 || lines.at(-1) !== "") refuse("A checkpoint has at least three lines, each ended by a newline.");
  const [origin, size, root, ...extensions] = lines.slice(0, -1);
  const read = {
    origin,
    size: decodeSize(size, later("size of the checkpoint")),
    root: decodeHash(root, later("root of the checkpoint")),
    extensions,
  };
  if ([origin, ...extensions].includes("")) {
    refuse("The origin and the extension lines of a checkpoint must be non-empty single lines.");
  }
  return read;
}

/** Verifies that a note carries exactly one signature, the log's, by `key`, and returns its checkpoint. */
export async function openCheckpoint(text, key) {
  const note = parseNote(text);
  if (note.signatures.length !== 1) {
    const count = note.signatures.length;
    refuse("The note must carry exactly one signature, the log's; it carries {count}.", { count });
  }
  const [line] = note.signatures;
  if (line.name !== key.name || !same(line.id, key.id)) refuse("The signature is not by the log's key.");
  if (!(await verifySignature(key.publicKey, line.signature, utf8(note.text)))) {
    refuse("The signature under the log's head does not verify.");
  }
  const checkpoint = parseCheckpoint(note.text);
  if (checkpoint.origin !== key.name) refuse("The checkpoint of '{origin}' is not signed by a key of that log.", checkpoint);
  return checkpoint;
}

/** The text of a verifier key made of its parts. */
export function formatKey({ name, id, publicKey }) {
  return `${name}+${hex(id)}+${encodeBase64(joined(Uint8Array.of(ED25519), publicKey))}`;
}
