// Certificates: a contributor's decided work in one campaign, every receipt of it checked (ledger/audit/certificates.py).

import { canonical, readCanonical } from "../commitment.mjs";
import { hasExactly, isObject, later, refuse, utf8 } from "./bytes.mjs";
import { has, keyAt } from "./keychain.mjs";
import { decodeUtf8 } from "./lines.mjs";
import { leafHash, verifyConsistency, verifyInclusion } from "./merkle.mjs";
import { openCheckpoint } from "./notes.mjs";
import { parseReceipt } from "./receipts.mjs";
import { parseStatement } from "./statements.mjs";

export const MAX_CERTIFICATE_BYTES = 64 * 1024 * 1024;
const MAX_WORK = 5000;
const MEMBERS = ["campaign", "certificate", "contributor", "figures", "log", "v", "work"];
const ONE = 1_000_000;

/**
 * Checks a certificate without a network: `{origin, key, contributor, campaign, name, anchored, figures}`; `anchored`:
 * every receipt in it leads to an anchor, whether or not a chain holds it. Throws a refusal.
 */
export async function checkCertificate(data, { trusted, keys, facts, onProgress = () => {} }) {
  const document = read(data);
  const receipts = new Receipts(trusted, keys, facts);
  const opened = await receipts.read(document.campaign);
  if (opened.said.kind !== "campaign.opened") refuse("The certificate's campaign is not proved: that receipt is of something else.");
  const judged = [];
  for (const [at, piece] of document.work.entries()) {
    judged.push(await readPiece(receipts, piece, opened.said.id, document.contributor));
    onProgress((at + 1) / document.work.length);
  }
  if (new Set(judged.map((each) => each.entry)).size !== judged.length) refuse("A contribution is listed twice.");
  if (receipts.origin !== document.log) refuse("The receipts are of the log '{origin}', the certificate names another one.", receipts);
  const figures = figuresOf(judged);
  if (canonical(document.figures, { large: true }) !== canonical(figures)) {
    refuse("The certificate's figures do not follow from the decisions in it.");
  }
  const { origin, key, anchored } = receipts;
  return { origin, key: key.vkey, anchored, figures, judged, contributor: document.contributor, campaign: opened.said.id, name: document.name };
}

function read(data) {
  let document;
  const text = decodeUtf8(data, later("certificate"));
  try {
    document = readCanonical(text);
  } catch {
    refuse("The certificate is not canonical JSON (RFC 8785).");
  }
  const { name = null, ...others } = isObject(document) ? document : {};
  if (!hasExactly(others, MEMBERS)) refuse("This is not a certificate: its members are not those of one.");
  if (others.v !== 1 || others.certificate !== "crowdledger") refuse("This is not a certificate of version 1.");
  const { work } = others;
  if (!Array.isArray(work) || !work.length || work.length > MAX_WORK || (name !== null && typeof name !== "string")) {
    refuse("A certificate lists 1 to 5000 pieces of work, and its name is a text.");
  }
  return { ...others, name };
}

async function readPiece(receipts, piece, campaign, contributor) {
  if (!hasExactly(piece, ["contribution", "decision"])) refuse("A piece of work has exactly a contribution and a decision.");
  const { index, said: submitted } = await receipts.read(piece.contribution);
  const { index: decided, said: made } = await receipts.read(piece.decision);
  if (submitted.kind !== "contribution.submitted" || made.kind !== "decision.made") {
    refuse("A piece of work is proved by the receipts of a contribution and of a decision.");
  }
  if (submitted.campaign !== campaign || submitted.contributor !== contributor) {
    refuse("Entry {index} is the work of somebody else, or of another campaign.", { index });
  }
  if (made.contribution !== submitted.id || decided <= index) {
    refuse("Entry {decided} does not decide on the contribution in entry {index}.", { decided, index });
  }
  if (made.verdict === "needs_work") refuse("Entry {decided} asks for a new version; that is no verdict.", { decided });
  return {
    entry: index,
    accepted: made.verdict === "accepted",
    score: millionths(made.score),
    judges: made.reviews?.length || 1,
    compared: ["consensus", "gold"].includes(made.method.type),
  };
}

/** Reads receipts of one log, signed with one key, or with those that the log has had. */
class Receipts {
  constructor(trusted, keys, facts) {
    Object.assign(this, { key: trusted, keys, facts, origin: "", anchored: true });
  }

  /** Index and statement of a receipt whose log part verifies. */
  async read(members) {
    const receipt = await parseReceipt(utf8(canonical(members, { large: true })));
    this.#checkKey(receipt);
    const { proof, anchor, statement } = receipt;
    const checkpoint = await openCheckpoint(proof.checkpoint, receipt.key);
    await verifyInclusion(await leafHash(statement), proof.index, checkpoint.size, proof.hashes, checkpoint.root);
    this.key ??= receipt.key;
    this.origin = checkpoint.origin;
    if (anchor) await verifyConsistency(checkpoint.size, anchor.size, checkpoint.root, anchor.root, anchor.consistency);
    else this.anchored = false;
    return { index: proof.index, said: parseStatement(statement, this.facts.shapes) };
  }

  #checkKey({ key, checkpoint }) {
    const isRight = this.keys
      ? (!this.key || has(this.keys, this.key.vkey)) && keyAt(this.keys, checkpoint.size).vkey === key.vkey
      : !this.key || this.key.vkey === key.vkey;
    if (!isRight) refuse("A receipt in the certificate is not signed by the log's key: {vkey}.", key);
  }
}

/** The figures of decided work, rounded down (ledger/book/reputation.py). */
function figuresOf(judged) {
  const sum = (value) => judged.reduce((total, each) => total + Number(value(each)), 0);
  const [accepted, judges, compared] = [sum((each) => each.accepted), sum((each) => each.judges), sum((each) => each.compared)];
  const agreed = sum((each) => each.compared && each.accepted);
  return {
    decided: judged.length,
    accepted,
    acceptance: share(accepted * ONE, judged.length),
    weighted_score: share(sum((each) => each.score * each.judges), judges),
    compared,
    agreed,
    reliability: compared ? share((agreed + 1) * ONE, compared + 2) : null,
  };
}

/** A score's text as millionths. */
const millionths = (text) => (text.startsWith("0.") ? Number(text.slice(2).padEnd(6, "0")) : Number(text) * ONE);

function share(part, whole) {
  const value = Math.floor(part / whole);
  if (value === 0 || value === ONE) return String(value / ONE);
  return `0.${String(value).padStart(6, "0")}`.replace(/0+$/, "");
}
