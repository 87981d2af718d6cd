// What each step is called, what it proves and what it does not, in plain words.

import { mark } from "../words.mjs";

/** Steps by name: `{title, proves, not}`. */
export const EXPLAINED = {
  format: {
    title: mark("The file"),
    proves: mark("The file is complete and has its one right spelling: no two different files can say the same."),
    not: mark("Not yet that anything in it is true."),
  },
  key: {
    title: mark("The log's key"),
    proves: mark("Whose signature counts: a log has one key at a time, and its name is part of the key."),
    not: mark("A key that only the receipt names proves nothing about who is behind it. Trust a key that you know from elsewhere, or the one that was announced on the chain."),
  },
  signature: {
    title: mark("The signed head"),
    proves: mark("The log's operator signed one number for the whole log, its head: it stands for every entry and their order."),
    not: mark("Not that others were shown the same head. The anchor proves that."),
  },
  inclusion: {
    title: mark("The path to the head"),
    proves: mark("Hashing your statement together with its neighbours, level by level, gives exactly the signed head. One letter changed, and it would not."),
    not: mark("Not that what the statement says is right: only that it was recorded so, there, and unchanged since."),
  },
  statement: {
    title: mark("What it says"),
    proves: mark("The recorded bytes are a statement that every program reads in the same way."),
    not: mark("Not whether it took effect by the campaign's rules: an audit replays that."),
  },
  opening: {
    title: mark("Your content"),
    proves: mark("The private opening, and nothing else, is what the statement committed to: this content, by this person, in this campaign."),
    not: mark("Not who else has seen the content."),
  },
  file: {
    title: mark("Your file"),
    proves: mark("The file is, byte for byte, the one that the content names."),
    not: mark("Not when the file was made, only that it was there when the statement was recorded."),
  },
  anchor: {
    title: mark("On to the anchored head"),
    proves: mark("The head in the anchor contains the signed one unchanged: entries were only added behind it."),
    not: mark("Not that the chain really holds this anchor. A node of the chain can say that."),
  },
  chain: {
    title: mark("The chain"),
    proves: mark("A contract that refuses rewritten history took this head, in a block that everybody can look up. Whoever shows another history is lying."),
    not: mark("The node that you named is believed. Ask a second one, or your own, if much depends on it."),
  },
  "key-on-chain": {
    title: mark("The key on the chain"),
    proves: mark("The log's key was announced by this account when the log was opened."),
    not: mark("Not who owns the account: compare it with what the platform publishes."),
  },
  "retired-key": {
    title: mark("A retired key"),
    proves: mark("The key was in force when it signed, by the log's own entries."),
    not: mark("A stolen key could still sign old heads. Only the anchor tells then."),
  },
};

/** The verdicts as words. */
export const VERDICTS = {
  ok: mark("right"),
  failed: mark("wrong"),
  skipped: mark("not checked"),
  unproven: mark("its own word"),
  unable: mark("could not be checked"),
  unreached: mark("not reached"),
};

/** What the states mean. */
export const STATES = {
  recorded: mark("Recorded: the log's key vouches for it."),
  anchored: mark("Anchored: the chain holds the log's head, and soon it will be final."),
  permanent: mark("Permanent: the chain holds it in a block that is final."),
};
