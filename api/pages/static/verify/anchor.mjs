// Whether a receipt's anchor stands on the chain (ledger/chain/anchor_proof.py): by what the contract said in the
// anchor's transaction, after its code and the log's opening were looked at.

import { hex, joined, later, refuse, same, sha256, unhex, utf8 } from "./bytes.mjs";
import { keccak256 } from "./keccak.mjs";
import { has } from "./keychain.mjs";
import { NodeProblem } from "./node.mjs";

const WORD = 32;

/**
 * Checks chain, contract, log id with key, transaction, block, size and root, in that order:
 * `{opener, time, permanent}`, `time` of the block in seconds.
 *
 * `facts` are the contract's: `{code, opened, anchored, fromBlocks}`: SHA-256 of its code, the topics of its two events,
 * and, by "chain contract", blocks before which a log of it cannot have been opened.
 */
export async function verifyAnchor(node, anchor, chain, facts, onProgress) {
  const served = await node.chainId();
  if (served !== BigInt(anchor.chain_id)) {
    const values = { wanted: String(anchor.chain_id), served: String(served) };
    refuse("The receipt names chain {wanted}; this node serves chain {served}. Is it the right node?", values, "chain_id");
  }
  const opener = await checkLog(node, anchor, chain, facts, onProgress);
  const receipt = await checkTransaction(node, anchor);
  checkEvent(receipt, anchor, facts);
  const block = await node.block(BigInt(anchor.block));
  if (block.hash !== receipt.blockHash) {
    refuse("Block {block} is no longer the one that holds the transaction.", anchor, "block");
  }
  const final = await node.block("finalized");
  return { opener, time: Number(block.time), permanent: BigInt(anchor.block) <= final.number };
}

async function checkLog(node, anchor, chain, facts, onProgress) {
  const code = await node.code(anchor.contract);
  if (!code.length) refuse("There is no contract at {contract} on this chain.", anchor, "contract");
  if (hex(await sha256(code)) !== facts.code) {
    refuse("The contract at {contract} is not CrowdLedger's log contract.", anchor, "contract");
  }
  const begin = BigInt(facts.fromBlocks?.[`${anchor.chain_id} ${anchor.contract}`] ?? 0);
  const found = await node.firstLogs(anchor.contract, [facts.opened, anchor.log_id], begin, onProgress);
  if (found.length !== 1) refuse("The contract has opened no log with the receipt's log id.", anchor, "log_id");
  const opened = decodeOpened(node, found[0]);
  if (logId(opened.opener, opened.origin) !== anchor.log_id) {
    refuse("The log id does not follow from who opened the log and its name.", anchor, "log_id");
  }
  if (opened.origin !== chain[0].key.name || !has(chain, opened.vkey)) {
    refuse("On the chain this log was opened with another key: {vkey}. If its key was rotated, give the log's keys too.", opened, "log_id");
  }
  return opened.opener;
}

async function checkTransaction(node, anchor) {
  const receipt = await node.receipt(anchor.transaction);
  if (!receipt?.succeeded) refuse("The chain has no successful transaction {transaction}.", anchor, "transaction");
  if (receipt.block !== BigInt(anchor.block)) {
    refuse("The transaction is in block {found}, not in {block}.", { ...anchor, found: receipt.block }, "block");
  }
  return receipt;
}

function checkEvent(receipt, anchor, facts) {
  const ours = receipt.logs.filter(
    ({ address, topics }) => address === anchor.contract && topics[0] === facts.anchored && topics[1] === anchor.log_id,
  );
  if (!ours.length) refuse("The transaction anchored nothing of this log in this contract.", anchor, "transaction");
  const heads = ours.map(({ data }) => ({ size: number(data, 1), root: data.subarray(2 * WORD, 3 * WORD) }));
  const ofSize = heads.filter((head) => head.size === anchor.size);
  if (!ofSize.length) {
    refuse("The transaction anchored {found} entries, not {size}.", { ...anchor, found: heads[0].size }, "size");
  }
  if (!ofSize.some((head) => same(head.root, anchor.root))) {
    refuse("The transaction anchored another head for {size} entries.", anchor, "root");
  }
}

/** Members of `LogOpened(bytes32 indexed logId, address indexed operator, string origin, string vkey)`. */
function decodeOpened(node, { topics, data }) {
  if (topics.length !== 3 || !topics[2].startsWith(`0x${"0".repeat(24)}`)) node.nonsense();
  return { opener: `0x${topics[2].slice(26)}`, origin: text(node, data, 0), vkey: text(node, data, 1) };
}

function text(node, data, place) {
  const at = Number(number(data, place));
  const length = Number(number(data.subarray(at), 0));
  const bytes = data.subarray(at + WORD, at + WORD + length);
  try {
    if (bytes.length === length) return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // told below
  }
  return node.nonsense();
}

function number(data, place) {
  const word = data.subarray(place * WORD, (place + 1) * WORD);
  if (word.length !== WORD) throw new NodeProblem(later("The node answers nonsense. Try another one."));
  return BigInt(`0x${hex(word)}`);
}

/** `keccak256(abi.encode(address opener, string origin))`. */
export function logId(opener, origin) {
  const name = utf8(origin);
  const padded = new Uint8Array(Math.ceil(name.length / WORD) * WORD);
  padded.set(name);
  const words = [BigInt(opener), 64n, BigInt(name.length)].map((each) => unhex(each.toString(16).padStart(2 * WORD, "0")));
  return `0x${hex(keccak256(joined(...words, padded)))}`;
}
