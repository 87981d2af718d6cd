// Statements, read as strictly as ledger/statements/kinds.py does: by the published JSON Schemas (which are made from
// that code), and by what schemas cannot say. The schemas come with the page, {@link Shapes}.

import { canonical } from "../commitment.mjs";
import { isObject, later, refuse } from "./bytes.mjs";
import { decodeUtf8 } from "./lines.mjs";

const MAX_STATEMENT_BYTES = 60_000;
const MAX_AMOUNT = 2n ** 120n - 1n;
const PLAIN_SIGNATURE = /^0x[0-9a-f]{128}(?:1b|1c)$/;

/** Reads a statement's canonical bytes; `shapes` are `{kinds: {kind: name}, shapes: {name: schema}}`. */
export function parseStatement(data, shapes) {
  if (data.length > MAX_STATEMENT_BYTES) refuse("The statement has more than 60000 bytes.", {}, "statement");
  const text = decodeUtf8(data, later("statement"));
  let value, written;
  try {
    value = JSON.parse(text);
    written = canonical(value);
  } catch {
    refuse("The entry is no statement: it is not JSON.");
  }
  const kind = isObject(value) && typeof value.kind === "string" ? value.kind : "";
  if (!Object.hasOwn(shapes.kinds, kind)) refuse("The entry is no statement of a kind that is known.");
  const wrong = misfit(value, shapes.shapes[shapes.kinds[kind]], shapes.shapes, kind);
  if (wrong) refuse("The statement is not one of its kind: {where} is wrong.", { where: wrong });
  if (written !== text) refuse("The statement's bytes are not canonical (RFC 8785).");
  checkMeaning(value);
  return value;
}

/** Where a value does not fit its schema, as a path; null where it does. */
function misfit(value, schema, shapes, where) {
  if (schema.$ref) return misfit(value, shapes[schema.$ref], shapes, where);
  if (schema.anyOf) return misfitOfTagged(value, schema, shapes, where);
  if (schema.enum) return schema.enum.includes(value) ? null : where;
  if (value === schema.default) return where; // what is not said is absent
  switch (schema.type) {
    case "string":
      return fitsText(value, schema) ? null : where;
    case "integer":
      return Number.isSafeInteger(value) && value >= schema.minimum && value <= schema.maximum ? null : where;
    case "boolean":
      return typeof value === "boolean" ? null : where;
    case "array":
      return misfitOfList(value, schema, shapes, where);
    default:
      return misfitOfObject(value, schema, shapes, where);
  }
}

function misfitOfTagged(value, { tag, anyOf }, shapes, where) {
  const name = isObject(value) ? value[tag] : undefined;
  const found = anyOf.find((each) => shapes[each.$ref].properties[tag].enum.includes(name));
  return found ? misfit(value, found, shapes, where) : where;
}

function fitsText(value, { pattern, minLength = 0, maxLength = Infinity }) {
  if (typeof value !== "string") return false;
  const length = [...value].length;
  return length >= minLength && length <= maxLength && (!pattern || new RegExp(pattern, "u").test(value));
}

function misfitOfList(value, { items, minItems = 0, maxItems = Infinity }, shapes, where) {
  if (!Array.isArray(value) || value.length < minItems || value.length > maxItems) return where;
  return value.map((each, at) => misfit(each, items, shapes, `${where}[${at}]`)).find((wrong) => wrong) ?? null;
}

function misfitOfObject(value, schema, shapes, where) {
  if (!isObject(value)) return where;
  const { properties = {}, required = [], additionalProperties: others, propertyNames, maxProperties = Infinity } = schema;
  const names = Object.keys(value);
  const missing = required.find((name) => !Object.hasOwn(value, name));
  if (missing || names.length > maxProperties) return missing ? `${where}.${missing}` : where;
  for (const name of names) {
    const inside = `${where}.${name}`;
    const known = Object.hasOwn(properties, name) ? properties[name] : others;
    if (!known || (propertyNames && !fitsText(name, propertyNames))) return inside;
    const wrong = misfit(value[name], known, shapes, inside);
    if (wrong) return wrong;
  }
  return null;
}

/** What patterns cannot say: times that are none, amounts from 2^120, parts that disagree. */
function checkMeaning(said) {
  checkTime(said.at);
  switch (said.kind) {
    case "decision.made":
      return checkAmounts(said.bonus);
    case "campaign.opened":
      return checkCampaign(said);
    case "campaign.amended":
      return checkAmounts(said.budget, said.reviewer_rate, ...amountsOf(said.policy));
    case "campaign.funded":
      return checkAmounts(said.funded, said.returned);
    case "rewards.settled":
      return checkAmounts(said.total, ...said.campaigns.map((line) => line.total));
    case "auditor.mandated":
      return checkTime(said.until);
    case "platform.registered":
    case "key.rotated":
      return said.keys.forEach((key) => key.expires === undefined || checkTime(key.expires));
    case "wallet.linked":
      if (!said.erc1271 && !PLAIN_SIGNATURE.test(said.signature)) {
        refuse("A wallet's signature has 65 bytes and ends in 27 or 28.");
      }
      return undefined;
    default:
      return undefined;
  }
}

/** Milliseconds since 1970 of a time that has the right form already. */
export function checkTime(text) {
  const time = Date.parse(text);
  // A day or an hour that is none is refused by some browsers, and read as the next by others.
  if (Number.isNaN(time) || new Date(time).toISOString() !== text || text.startsWith("0000")) {
    refuse("'{text}' is not a time.", { text });
  }
  return time;
}

function checkAmounts(...amounts) {
  for (const text of amounts) {
    if (text !== undefined && BigInt(text) > MAX_AMOUNT) refuse("The amount {text} is 2^120 or more.", { text });
  }
}

function amountsOf(policy) {
  if (!policy) return [];
  return policy.amounts ?? [policy.amount ?? policy.max_amount ?? policy.total];
}

function checkCampaign(said) {
  const amounts = amountsOf(said.policy);
  checkAmounts(said.budget, said.reviewer_rate, said.bonus_limit, ...amounts);
  const needed = amounts.reduce((sum, text) => sum + BigInt(text), 0n);
  if (["prizes", "pool"].includes(said.policy.name) && needed > BigInt(said.budget)) {
    refuse("The budget is less than the prizes or the pool.");
  }
  checkTime(said.closing_date);
  if (said.sealed && checkTime(said.sealed.deadline) >= checkTime(said.sealed.reveal_until)) {
    refuse("Sealed entries need time after their deadline to be opened.");
  }
  const { judges = 0, agree = 0, criteria = [] } = said.judging ?? {};
  if (agree > judges) refuse("More judges must agree than there are.");
  if (new Set(criteria.map((each) => each.name)).size !== criteria.length) refuse("Two criteria have the same name.");
  if ((said.goal === undefined) !== (said.funding_deadline === undefined)) {
    refuse("A funding goal and its deadline go together.");
  }
  if (said.goal !== undefined) {
    checkAmounts(said.goal);
    checkTime(said.funding_deadline);
    if (!said.onchain) refuse("A funding goal needs a pool on a chain.");
  }
}

/** The commitments of a statement by what they are about. */
export function commitmentsOf(said) {
  switch (said.kind) {
    case "contribution.submitted":
    case "task.added":
      return { commitment: said.commitment };
    case "decision.made":
      return Object.fromEntries(
        [["feedback", said.feedback], ["inputs", said.method.inputs]].filter(([, value]) => value !== undefined),
      );
    default:
      return {};
  }
}
