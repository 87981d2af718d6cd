// Ethereum JSON-RPC by fetch, as little of it as is needed, every answer checked (ledger/chain/rpc.py and answers.py).

import { Unable, later, unhex } from "./bytes.mjs";

const TIMEOUT_MS = 10_000;
const MOST_BLOCKS = 100_000;
const MOST_QUESTIONS = 500;
const FIRST_BLOCKS = 64;
const QUANTITY = /^0x(?:0|[1-9a-fA-F][0-9a-fA-F]{0,63})$/;
const DATA = /^0x(?:[0-9a-fA-F]{2})*$/;
const HASH = /^0x[0-9a-fA-F]{64}$/;
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

/** A node that cannot be asked, or answers nonsense: that says nothing of what it was asked about. */
export class NodeProblem extends Unable {}

/** The node refused a question, in its own `words`. */
class Refusal extends NodeProblem {}

/** One RPC node, which the visitor named. */
export class Node {
  #number = 0;

  constructor(url) {
    const parts = URL.canParse(url) ? new URL(url) : { protocol: "" };
    if (!["https:", "http:"].includes(parts.protocol)) {
      throw new NodeProblem(later("The address of a node begins with https:// (or http:// on your own computer)."));
    }
    this.url = url;
    this.host = parts.host;
  }

  /** The result of one call, unchecked. */
  async request(method, ...params) {
    this.#number += 1;
    const body = JSON.stringify({ jsonrpc: "2.0", id: this.#number, method, params });
    let answer;
    try {
      const reply = await fetch(this.url, {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
        credentials: "omit",
        referrerPolicy: "no-referrer",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      answer = await reply.json();
    } catch {
      throw new NodeProblem(later("The node at {host} does not answer this page. Check its address, or try another node."), this);
    }
    if (answer?.error) {
      const words = String(answer.error.message ?? "").slice(0, 200);
      throw new Refusal(later("The node at {host} refuses {method}: {words}"), { host: this.host, method, words });
    }
    if (answer?.id !== this.#number || !("result" in answer)) {
      throw new NodeProblem(later("What answers at {host} is not an Ethereum node."), this);
    }
    return answer.result;
  }

  async chainId() {
    return this.quantity(await this.request("eth_chainId"));
  }

  async code(address) {
    return this.data(await this.request("eth_getCode", address, "latest"));
  }

  /** `{number, hash, time}` of a block by its number (a BigInt) or tag; `time` in seconds. */
  async block(tag) {
    const found = await this.request("eth_getBlockByNumber", typeof tag === "bigint" ? quantityText(tag) : tag, false);
    if (found === null) throw new NodeProblem(later("The node at {host} does not have the block yet. Try again, or another node."), this);
    return { number: this.quantity(found.number), hash: this.hash(found.hash), time: this.quantity(found.timestamp) };
  }

  /** `{block, blockHash, succeeded, logs}` of a transaction, or null where the chain has none. */
  async receipt(transaction) {
    const found = await this.request("eth_getTransactionReceipt", transaction);
    if (found === null) return null;
    if (this.hash(found.transactionHash) !== transaction) this.nonsense();
    return {
      block: this.quantity(found.blockNumber),
      blockHash: this.hash(found.blockHash),
      succeeded: this.quantity(found.status) === 1n,
      logs: this.logEntries(found.logs),
    };
  }

  /**
   * The first logs of a contract with these topics from block `begin` on. The node is asked for all blocks at once, which
   * many do where few logs are found; else for some, and fewer where it refuses them. `onProgress` is told how far the
   * search is, in [0, 1].
   */
  async firstLogs(address, topics, begin, onProgress = () => {}) {
    const { number: latest } = await this.block("latest");
    let [some, most] = [Number(latest - begin) + 1, MOST_BLOCKS];
    for (let asked = 0; begin <= latest; asked++) {
      if (asked === MOST_QUESTIONS) {
        throw new NodeProblem(later("The node at {host} lets this page search too few blocks at once. Try another node."), this);
      }
      const end = begin + BigInt(some) - 1n < latest ? begin + BigInt(some) - 1n : latest;
      try {
        const found = await this.logs(address, topics, begin, end);
        if (found.length) return found;
        begin = end + 1n;
        some = Math.min(4 * some, most);
        onProgress(Number((begin * 1000n) / (latest + 1n)) / 1000);
      } catch (error) {
        if (!(error instanceof Refusal) || some === 1) throw error;
        if (asked > 0) most = Math.floor(some / 2);
        some = asked > 0 ? most : FIRST_BLOCKS;
      }
    }
    return [];
  }

  async logs(address, topics, begin, end) {
    const [fromBlock, toBlock] = [quantityText(begin), quantityText(end)];
    const found = this.logEntries(await this.request("eth_getLogs", { address, topics, fromBlock, toBlock }));
    const asked = found.every((entry) => entry.address === address && topics.every((topic, at) => entry.topics[at] === topic));
    return asked ? found : this.nonsense();
  }

  logEntries(value) {
    if (!Array.isArray(value)) this.nonsense();
    return value.map((entry) => {
      if (!Array.isArray(entry?.topics) || entry.topics.length > 4 || entry.removed) this.nonsense();
      const topics = entry.topics.map((each) => this.hash(each));
      return { address: this.address(entry.address), topics, data: this.data(entry.data) };
    });
  }

  quantity(value) {
    return typeof value === "string" && QUANTITY.test(value) ? BigInt(value) : this.nonsense();
  }

  data(value) {
    return typeof value === "string" && DATA.test(value) ? unhex(value.slice(2)) : this.nonsense();
  }

  hash(value) {
    return typeof value === "string" && HASH.test(value) ? value.toLowerCase() : this.nonsense();
  }

  address(value) {
    return typeof value === "string" && ADDRESS.test(value) ? value.toLowerCase() : this.nonsense();
  }

  nonsense() {
    throw new NodeProblem(later("The node at {host} answers nonsense. Try another node."), this);
  }
}

function quantityText(number) {
  return `0x${number.toString(16)}`;
}
