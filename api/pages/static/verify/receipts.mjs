// The receipt and the tlog-proof in it, read as strictly as ledger/tree/receipts.py and proofs.py do: a file has one
// spelling, and whatever would not be written again byte for byte is refused.

import { hasExactly, hex, later, refuse, unhex } from "./bytes.mjs";
import { decodeBase64, decodeHash, decodeSize, decodeUtf8, encodeBase64, isSpelled, readText } from "./lines.mjs";
import { MAX_NOTE_BYTES, formatKey, parseCheckpoint, parseKey, parseNote } from "./notes.mjs";

export const MAX_RECEIPT_BYTES = 128 * 1024;
export const FIRST_LINE = "c2sp.org/tlog-proof@v1";
export const MAX_PROOF_BYTES = MAX_NOTE_BYTES + 128 * 1024;
const MAX_HASHES = 63;
const MAX_CONSISTENCY = 64;
const MEMBERS = ["key", "proof", "v"];
const ANCHOR = ["block", "chain_id", "consistency", "contract", "log_id", "root", "size", "transaction"];
const DIGEST = /^[0-9a-f]{64}$/;
const BYTES32 = /^0x[0-9a-f]{64}$/;
const ADDRESS = /^0x[0-9a-f]{40}$/;

/**
 * Reads a receipt's bytes: `{key, proof, anchor, statement, checkpoint}`, well formed but not verified; `anchor` is
 * null where there is none.
 */
export async function parseReceipt(data) {
  if (data.length > MAX_RECEIPT_BYTES) refuse("A receipt has at most 131072 bytes.");
  const members = parseJson(decodeUtf8(data, later("receipt")));
  if (!hasExactly(members, MEMBERS) && !hasExactly(members, ["anchor", ...MEMBERS])) {
    refuse("A receipt is a JSON object of v, key, proof and, once anchored, anchor.");
  }
  if (members.v !== 1) refuse("The receipt's version is not 1.");
  if (typeof members.key !== "string" || typeof members.proof !== "string") refuse("The receipt's key and proof are texts.");
  const anchor = "anchor" in members ? readAnchor(members.anchor) : null;
  const receipt = makeReceipt(await parseKey(members.key), parseProof(members.proof), anchor);
  if (!isSpelled(writeReceipt(receipt), data)) refuse("The receipt's bytes are not canonical JSON (RFC 8785).");
  return receipt;
}

/** A receipt made of its parts; the proof must bring the statement. */
export function makeReceipt(key, proof, anchor = null) {
  if (proof.extra === null) refuse("The proof lacks its extra line, which holds the statement.");
  const checkpoint = parseCheckpoint(parseNote(proof.checkpoint).text);
  return { key, proof, anchor, statement: proof.extra, checkpoint };
}

/** A JSON value; of members that come twice the last one counts, as everywhere. */
export function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return refuse("The file is not JSON.");
  }
}

function writeReceipt({ key, proof, anchor }) {
  const members = { key: formatKey(key), proof: formatProof(proof), v: 1 };
  return JSON.stringify(anchor === null ? members : { anchor: writeAnchor(anchor), ...members });
}

function readAnchor(members) {
  if (!hasExactly(members, ANCHOR)) refuse("The receipt's anchor does not have exactly the members that it must have.");
  for (const [name, least] of [["chain_id", 1], ["size", 1], ["block", 0]]) {
    if (!Number.isSafeInteger(members[name]) || members[name] < least) {
      refuse("The anchor's {name} must be a whole number from {least} to 2^53 - 1.", { name, least });
    }
  }
  for (const [name, form] of [["contract", ADDRESS], ["log_id", BYTES32], ["transaction", BYTES32], ["root", DIGEST]]) {
    if (typeof members[name] !== "string" || !form.test(members[name])) {
      refuse("The anchor's {name} must be lower-case hex digits of the right number.", { name });
    }
  }
  const { consistency } = members;
  if (!Array.isArray(consistency) || consistency.length > MAX_CONSISTENCY) {
    refuse("The anchor's consistency proof is a list of at most 64 digests.");
  }
  if (!consistency.every((value) => typeof value === "string" && DIGEST.test(value))) {
    refuse("The anchor's consistency proof is made of digests of 64 lower-case hex digits.");
  }
  return { ...members, size: BigInt(members.size), root: unhex(members.root), consistency: consistency.map(unhex) };
}

function writeAnchor(anchor) {
  const plain = { ...anchor, size: Number(anchor.size), root: hex(anchor.root), consistency: anchor.consistency.map(hex) };
  return Object.fromEntries(ANCHOR.map((name) => [name, plain[name]]));
}

/** Reads a tlog-proof: `{index, hashes, checkpoint, extra}`, index a BigInt, `extra` null where there is none. */
export function parseProof(source) {
  const text = readText(source, later("proof"), MAX_PROOF_BYTES);
  const at = text.indexOf("\n\n");
  const [first, ...lines] = text.slice(0, Math.max(at, 0)).split("\n");
  if (at < 0 || first !== FIRST_LINE) {
    refuse("A proof begins with the line '{line}' and has a blank line before its checkpoint.", { line: FIRST_LINE });
  }
  let extra = null;
  if (lines[0]?.startsWith("extra ")) extra = decodeBase64(lines.shift().slice(6), later("statement in the proof"));
  if (extra?.length === 0) refuse("The proof's extra line is left out where there is no extra data.");
  if (!lines[0]?.startsWith("index ")) refuse("The line 'index' of the proof is missing.");
  const index = decodeSize(lines.shift().slice(6), later("index of the proof"));
  const checkpoint = text.slice(at + 2);
  parseCheckpoint(parseNote(checkpoint).text);
  if (lines.length > MAX_HASHES) refuse("The proof has {count} hashes; no tree needs more than 63.", { count: lines.length });
  return { index, hashes: lines.map((line) => decodeHash(line, later("hash of the proof"))), checkpoint, extra };
}

function formatProof({ index, hashes, checkpoint, extra }) {
  const head = [FIRST_LINE, `extra ${encodeBase64(extra)}`, `index ${index}`, ...hashes.map(encodeBase64)];
  return `${head.join("\n")}\n\n${checkpoint}`;
}
