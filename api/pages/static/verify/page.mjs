// The page /verify, and the same page as one saved file: takes files in, runs the checks, draws what came of them.

import { html, nothing, render } from "../vendor/lit-html.js";
import { base, ready, rich, t } from "../words.mjs";
import { Refused, Unable } from "./bytes.mjs";
import { MAX_CERTIFICATE_BYTES, checkCertificate } from "./certificates.mjs";
import { certified } from "./certified.mjs";
import { checkReceipt } from "./check.mjs";
import { form } from "./form.mjs";
import { MAINS, bytesOf, sorted } from "./intake.mjs";
import { MAX_KEYS_BYTES, keyAt, parseKeys } from "./keychain.mjs";
import { Node } from "./node.mjs";
import { parseKey } from "./notes.mjs";
import { MAX_FILE_BYTES, MAX_OPENING_BYTES } from "./openings.mjs";
import { MAX_PROOF_BYTES, MAX_RECEIPT_BYTES, makeReceipt, parseProof } from "./receipts.mjs";
import { result } from "./result.mjs";
import { shownValues } from "./values.mjs";

const facts = JSON.parse(document.getElementById("facts").textContent);
/** Whether this is the file that somebody saved: then there is no service behind it. */
const isFile = "file" in document.documentElement.dataset;
const RECEIPT_PATH = /^#receipt=(\/v1\/[\w/-]+\/receipt)$/;

const state = {
  files: {},
  trust: "own",
  vkey: "",
  nodeUrl: "",
  node: null,
  problem: null,
  busy: false,
  progress: null,
  found: null,
  certificate: null,
};
let run = 0;

function draw() {
  const shown = { ...state, facts, isFile };
  const parts = html`${form(shown, actions)}
    <div role="status">${state.problem ? problemNotice(state.problem) : nothing}</div>
    ${state.found ? result(shown, actions) : nothing} ${state.certificate ? certified(shown, actions) : nothing}`;
  render(parts, document.getElementById("verify"));
}

function problemNotice({ text, values }) {
  return html`<p class="notice bad">${rich(text, shownValues(values))}</p>`;
}

/** Checks what there is, anew. What came of an earlier run that is still under way is forgotten. */
async function check() {
  const mine = ++run;
  Object.assign(state, { problem: null, progress: null });
  if (!MAINS.some((role) => state.files[role])) {
    Object.assign(state, { found: null, certificate: null, busy: false });
    return draw();
  }
  state.busy = true;
  draw();
  const update = (change) => {
    if (mine !== run) return;
    Object.assign(state, change);
    draw();
  };
  try {
    const onProgress = (progress) => update({ progress });
    if (state.files.certificate) {
      const data = await bytesOf(state.files.certificate, MAX_CERTIFICATE_BYTES);
      update({ found: null, certificate: await checkCertificate(data, { ...(await trustedKeys()), facts, onProgress }) });
    } else {
      const asked = await collected();
      update({ certificate: null, found: await checkReceipt({ ...asked, facts, node: state.node, onProgress }) });
    }
  } catch (error) {
    update({ problem: told(error), found: null, certificate: null });
  } finally {
    update({ busy: false, progress: null });
  }
  return undefined;
}

/** Whatever kept a check from being made, in words: a file that cannot be read any more, or a fault of ours. */
function told(error) {
  if (error instanceof Refused || error instanceof Unable) return error;
  console.error(error);
  return new Unable("This could not be checked to the end");
}

/** What the checks are given, read from the files and fields. */
async function collected() {
  const { files } = state;
  const { keys, trusted } = await trustedKeys();
  const asked = { keys, trusted };
  if (files.opening) asked.opening = await bytesOf(files.opening, MAX_OPENING_BYTES);
  if (files.file) {
    if (files.file.size > MAX_FILE_BYTES) await bytesOf(files.file, MAX_FILE_BYTES);
    asked.file = files.file;
  }
  if (files.proof) {
    const proof = parseProof(await bytesOf(files.proof, MAX_PROOF_BYTES));
    const { checkpoint } = makeReceipt(null, proof);
    return { ...asked, receipt: makeReceipt(keys ? keyAt(keys, checkpoint.size) : trusted, proof) };
  }
  // One byte more than a receipt may have is enough to see that it is none.
  return { ...asked, data: new Uint8Array(await files.receipt.slice(0, MAX_RECEIPT_BYTES + 1).arrayBuffer()) };
}

/** The keys that the visitor trusts: `{keys, trusted}`, null where the receipt's own word is taken. */
async function trustedKeys() {
  let keys = null;
  if (state.files.keys) keys = await parseKeys(await bytesOf(state.files.keys, MAX_KEYS_BYTES), facts.shapes);
  if (state.trust === "mine" && state.vkey.trim()) return { keys, trusted: await parseKey(state.vkey.trim()) };
  if (state.trust === "service" && !isFile) {
    keys ??= await parseKeys(await fetched("/keys.json"), facts.shapes);
    return { keys, trusted: keys[0].key };
  }
  return { keys, trusted: null };
}

async function fetched(path) {
  try {
    const reply = await fetch(base + path, { credentials: "omit" });
    if (reply.ok) return new Uint8Array(await reply.arrayBuffer());
  } catch {
    // told below
  }
  throw new Unable("The service does not answer.");
}

function forgetFound() {
  run += 1;
  Object.assign(state, { found: null, certificate: null });
}

const actions = {
  async add(files) {
    forgetFound(); // what came of the files of before must not stand beside the new ones
    try {
      state.files = await sorted(files, state.files);
    } catch (error) {
      state.problem = told(error);
      return draw();
    }
    return check();
  },
  paste(text) {
    return text.trim() ? actions.add([new File([text.trim()], t("pasted text"))]) : undefined;
  },
  remove(role) {
    forgetFound();
    delete state.files[role];
    return check();
  },
  clear() {
    forgetFound();
    Object.assign(state, { files: {}, node: null });
    document.getElementById("verify").querySelector("input[type=file]").focus();
    return check();
  },
  trust(trust, vkey) {
    Object.assign(state, { trust, vkey });
    return check();
  },
  ask(nodeUrl) {
    try {
      Object.assign(state, { nodeUrl, node: nodeUrl.trim() ? new Node(nodeUrl.trim()) : null });
    } catch (error) {
      Object.assign(state, { node: null, problem: error });
      return draw();
    }
    return check();
  },
};

/** A link of ours may name a receipt of this service. */
async function fromLink() {
  const [, path] = RECEIPT_PATH.exec(location.hash) ?? [];
  if (!path || isFile) return;
  try {
    await actions.add([new File([await fetched(path)], "receipt.json")]);
  } catch (error) {
    state.problem = error;
    draw();
  }
}

function takeDrops() {
  const zone = () => document.querySelector(".drop");
  addEventListener("dragover", (event) => {
    event.preventDefault();
    zone()?.classList.add("over");
  });
  addEventListener("dragleave", (event) => event.relatedTarget ?? zone()?.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    zone()?.classList.remove("over");
    if (event.dataTransfer.files.length) actions.add([...event.dataTransfer.files]);
    else actions.paste(event.dataTransfer.getData("text"));
  });
}

ready.then(() => {
  draw();
  takeDrops();
  addEventListener("hashchange", fromLink);
  return fromLink();
});
