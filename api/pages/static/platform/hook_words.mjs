// What states of webhooks are called.

import { mark } from "../words.mjs";

/** Of what came. */
export const DELIVERY_STATES = {
  waiting: { tone: "open", words: mark("waiting") },
  done: { tone: "good", words: mark("recorded") },
  refused: { tone: "bad", words: mark("not recorded") },
  dead: { tone: "bad", words: mark("given up") },
};
/** Requests that were not taken at all. */
export const REFUSALS = {
  forged: mark("Not genuine"),
  stale: mark("Too old"),
  unknown: mark("Not understood"),
  full: mark("Came while there was no room"),
};
/** Of what we sent. */
export const SENDING_STATES = {
  waiting: { tone: "open", words: mark("tried again") },
  sent: { tone: "good", words: mark("arrived") },
  dead: { tone: "bad", words: mark("given up") },
};
/** What a platform can be told of. */
export const EVENTS = {
  "contribution.recorded": mark("Contribution recorded"),
  "decision.made": mark("Decision made"),
  "decision.final": mark("Decision final"),
  "appeal.filed": mark("Appeal filed"),
  "appeal.resolved": mark("Appeal resolved"),
  "entry.anchored": mark("Entries anchored"),
  "rewards.settled": mark("Rewards settled"),
  "rewards.claimable": mark("Rewards can be claimed"),
  "claim.paid": mark("Claim paid"),
};
