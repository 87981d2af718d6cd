// The calls of a pool that a wallet sends, as the contract ABI encodes them: words of 32 bytes, in hex.

const CLAIM = "0x3d13f874"; // claim(address,uint256,bytes32[])
const CLAIM_MANY = "0x0eb9d1ad"; // claimMany(address[],uint256[],bytes32[],uint256[])
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;
const HASH = /^0x[0-9a-fA-F]{64}$/;
const AMOUNT = /^(?:0|[1-9][0-9]{0,77})$/;
const WORD_DIGITS = 64;
const WORD_BYTES = 32;
const TOO_LARGE = 2n ** 256n;

/** `claim(account, cumulative, proof)` pays an account what it earned up to `cumulative`, decimal text of base units. */
export function claimCall(account, cumulative, proof) {
  return CLAIM + parameters([address(account), amount(cumulative), proof.map(hash)]);
}

/** `claimMany(accounts, cumulatives, proof, flags)` pays many with one proof; `flags` are words as decimal texts. */
export function claimManyCall(accounts, cumulatives, proof, flags) {
  if (accounts.length !== cumulatives.length) throw new RangeError("Every account needs its amount.");
  return CLAIM_MANY + parameters([accounts.map(address), cumulatives.map(amount), proof.map(hash), flags.map(amount)]);
}

/** A word each in its place; an array's place holds where it begins, counted in bytes, and the arrays follow. */
function parameters(values) {
  let begin = values.length * WORD_BYTES;
  let head = "";
  let tail = "";
  for (const value of values) {
    if (!Array.isArray(value)) {
      head += value;
      continue;
    }
    head += word(BigInt(begin));
    tail += word(BigInt(value.length)) + value.join("");
    begin += (1 + value.length) * WORD_BYTES;
  }
  return head + tail;
}

function word(number) {
  return number.toString(16).padStart(WORD_DIGITS, "0");
}

function address(text) {
  if (!ADDRESS.test(text)) throw new RangeError(`This is not an address: ${text}`);
  return text.slice(2).toLowerCase().padStart(WORD_DIGITS, "0");
}

function hash(text) {
  if (!HASH.test(text)) throw new RangeError(`This is not a hash: ${text}`);
  return text.slice(2).toLowerCase();
}

function amount(text) {
  if (!AMOUNT.test(text) || BigInt(text) >= TOO_LARGE) throw new RangeError(`This is not an amount: ${text}`);
  return word(BigInt(text));
}
