"""A campaign's file to begin with: every member with a word on it, those that a type seldom needs commented out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class _Type:
    """What differs between the types of campaigns."""

    title: str
    problem: str
    mode: str
    rules: str
    accepted: str
    rejected: str
    policy: str
    conditions: str
    criteria: str = ""


_TYPES: Final = {
    "rating": _Type(
        "How easy is our form?",
        "Fill in the form once, then say how easy that was.",
        "cooperation",
        "One answer a person. Every honest answer is paid, whatever it says.",
        '{ easy = 4, why = "All on one page." }',
        '{ easy = 0, why = "" }',
        'name = "piece_rate"            # the same for every accepted contribution\namount = "100"',
        "[limits]\nper_person = 1                 # also: participants, per_task",
    ),
    "processing": _Type(
        "What is on the photo?",
        "Name the animal on each photo.",
        "cooperation",
        "One label a photo. Some photos have known answers; answers in doubt are judged by a person.",
        '{ label = "cat" }',
        '{ label = "something with fur" }',
        'name = "piece_rate"            # or score_rate with max_amount: in proportion to the score\namount = "100"',
        "[limits]\nper_task = 10                  # also: participants, per_person",
    ),
    "solving": _Type(
        "A sign for our park",
        "Draw a sign that shows the way to the lake without a word.",
        "competition",
        "Three judges score every entry and do not know whose it is; two must accept it.",
        '{ drawing = "A fish above an arrow." }',
        '{ drawing = "The word lake." }',
        "\n".join(
            (
                'name = "prizes"                # the places in order; equal scores share their places\' prizes',
                'amounts = ["50000", "20000"]',
                'min_score = "0.5"              # entries below it win nothing',
            )
        ),
        "\n".join(
            (
                "[judging]                      # judges send reviews; decisions follow from them",
                "judges = 3",
                "agree = 2",
                'criteria = [{ name = "clear", weight = 3 }, { name = "beautiful", weight = 1 }]',
                "",
                "# [sealed]                     # nobody can read an entry before the deadline",
                "# deadline = 2031-03-01T12:00:00Z",
                "# reveal_until = 2031-03-08T12:00:00Z",
            )
        ),
        "\n".join(
            (
                "criteria = [",
                '  { name = "clear", text = "A child finds the lake." },',
                '  { name = "beautiful", text = "We like to look at it." },',
                "]",
            )
        ),
    ),
    "creation": _Type(
        "A guide to our town's trees",
        "Write about one tree of the town: what it is, where it stands, what is special.",
        "cooperation",
        "Each part is scored by how much of it goes into the guide. Parts may be edited.",
        '{ tree = "The lime at the well", text = "Planted in 1848, it ..." }',
        '{ tree = "A tree", text = "It is green." }',
        'name = "pool"                  # shared by all accepted parts in proportion to their scores\ntotal = "100000"',
        "# [limits]\n# per_person = 20              # also: participants, per_task",
    ),
}

TYPES: Final = tuple(_TYPES)
_TEXT: Final = """\
# A campaign for 'crowdledger campaign open FILE'. Amounts are base units of the token (or points) as text, durations
# are seconds. Once opened a campaign only changes by amendments, which never lower the pay of what was submitted.

title = "{title}"
type = "{type}"
budget = "100000"              # the most that it pays in all
terms = "Accepted work is published under CC BY 4.0."   # contributors accept the digest of this, any JSON
# opener = "0x..."             # the account that opens and funds it on the chain; without it the campaign pays points
# goal = "50000"               # with funding_deadline: all or nothing, from many backers
# funding_deadline = 2031-01-01T00:00:00Z
# closing_date = 2031-06-01T00:00:00Z   # a year from now where it is left out
appeal_window = 604800         # how long a contributor can appeal against a decision
appeal_deadline = 1209600      # the time to resolve an appeal; past it this default holds:
appeal_default = "accepted"    # accepted, or stands
decision_deadline = 2592000    # the time to judge a contribution; past it this default holds:
decision_default = "accepted"  # accepted, or rejected
# reviewer_rate = "10"         # for each review and decision of a person
# bonus_limit = "500"          # the most that one decision may add; without it there are no bonuses
# pilot = 50                   # pause after so many contributions, until 'crowdledger campaign resume'
# second_looks = "0.1"         # this share of rejections is judged once more, blind
# direct = true                # signed work without your key; needs limits.participants and per_person
# external_id = "my-campaign"  # your own id: the same file sent again then gives the same campaign

[policy]
{policy}

{conditions}

# [requires]                   # what contributors must have done before
# accepted = 10
# acceptance = "0.8"

# [revisions]                  # 'needs_work' asks for a new version; by default within 7 days, 3 times
# window = 604800
# rounds = 3

[brief]                        # what everybody reads before working; published as it stands here
problem = "{problem}"
mode = "{mode}"
rules = "{rules}"
example_accepted = {accepted}
example_rejected = {rejected}
{criteria}
[brief.rights]
rejected_entries = "contributor"   # who owns what is not accepted: contributor, platform or public
pass_on = "payment"                # rights in what is accepted pass on with submission, acceptance or payment
"""


def template(type: str) -> str:
    """The commented TOML file of a campaign type (a key of ``TYPES``)."""
    of = _TYPES[type]
    return _TEXT.format(
        type=type,
        title=of.title,
        problem=of.problem,
        mode=of.mode,
        rules=of.rules,
        accepted=of.accepted,
        rejected=of.rejected,
        policy=of.policy,
        conditions=of.conditions,
        criteria=f"{of.criteria}\n" if of.criteria else "",
    )
