// Keccak-256, the hash of Ethereum (the Keccak submission's padding, not that of FIPS 202).

const RATE_BYTES = 136;
const LANE = 2n ** 64n - 1n;
const ROUNDS = roundConstants();
const TURNS = turns();

/** The 32 bytes of Keccak-256. Meant for a few short texts: it is not quick. */
export function keccak256(bytes) {
  const padded = new Uint8Array((Math.floor(bytes.length / RATE_BYTES) + 1) * RATE_BYTES);
  padded.set(bytes);
  padded[bytes.length] ^= 0x01;
  padded[padded.length - 1] ^= 0x80;
  const state = new Array(25).fill(0n);
  const view = new DataView(padded.buffer);
  for (let block = 0; block < padded.length; block += RATE_BYTES) {
    for (let lane = 0; lane < RATE_BYTES / 8; lane++) state[lane] ^= view.getBigUint64(block + 8 * lane, true);
    permute(state);
  }
  const out = new DataView(new ArrayBuffer(32));
  for (let lane = 0; lane < 4; lane++) out.setBigUint64(8 * lane, state[lane], true);
  return new Uint8Array(out.buffer);
}

function permute(state) {
  for (const constant of ROUNDS) {
    // theta
    const columns = [0, 1, 2, 3, 4].map((x) => state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20]);
    for (let at = 0; at < 25; at++) state[at] ^= columns[(at + 4) % 5] ^ turn(columns[(at + 1) % 5], 1n);
    // rho and pi
    const moved = new Array(25);
    for (let x = 0; x < 5; x++) {
      for (let y = 0; y < 5; y++) moved[y + 5 * ((2 * x + 3 * y) % 5)] = turn(state[x + 5 * y], TURNS[x + 5 * y]);
    }
    // chi and iota
    for (let at = 0; at < 25; at++) {
      const row = at - (at % 5);
      state[at] = moved[at] ^ (~moved[row + ((at + 1) % 5)] & LANE & moved[row + ((at + 2) % 5)]);
    }
    state[0] ^= constant;
  }
}

function turn(lane, by) {
  return ((lane << by) | (lane >> (64n - by))) & LANE;
}

/** By how many bits each lane is turned: the triangular numbers along the walk (x, y) to (y, 2x + 3y). */
function turns() {
  const found = new Array(25).fill(0n);
  let [x, y] = [1, 0];
  for (let step = 1n; step <= 24n; step++) {
    found[x + 5 * y] = ((step * (step + 1n)) / 2n) % 64n;
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  return found;
}

/** The constants of the 24 rounds, from the linear feedback shift register x^8 + x^6 + x^5 + x^4 + 1. */
function roundConstants() {
  let register = 1;
  return Array.from({ length: 24 }, () => {
    let constant = 0n;
    for (let power = 0; power < 7; power++) {
      if (register & 1) constant |= 1n << (2n ** BigInt(power) - 1n);
      register = (register << 1) ^ (register & 0x80 ? 0x171 : 0);
    }
    return constant;
  });
}
