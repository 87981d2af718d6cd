from ledger.statements.contents import ContentErased
from ledger.worker.retention import is_kept_long_enough
from tests.unit.book.story import Story


def due(story: Story, name: str, seconds: float, purpose: str = "contribution") -> bool:
    return is_kept_long_enough(story.book, purpose, name, story.now_ms - int(seconds * 1000))


def test_only_what_is_final_goes_and_only_after_its_time() -> None:
    story = Story()
    campaign = story.campaign(appeal=100, decision=1000, resolution=500, appeal_default="stands")
    decided, appealed, undecided = (story.submit(campaign, who) for who in range(3))
    decision = story.decide(decided, "rejected")
    contested = story.decide(appealed, "rejected")
    appeal = story.appeal(appealed, contested)
    story.tick(100)
    assert not due(story, decided, 0)
    story.tick(1)
    assert due(story, decided, 1)
    assert due(story, decision, 1, "feedback")
    assert not due(story, decided, 2)
    assert not any(due(story, name, 0, what) for name, what in ((appealed, "contribution"), (appeal, "appeal")))
    story.resolve(appeal, contested, 9)
    assert not due(story, appealed, 0)  # final, and counted from the last moment at which it could have become so
    story.tick(500)
    assert due(story, appealed, 1)
    assert due(story, appeal, 1, "appeal")
    assert not due(story, undecided, 0)
    story.tick(1000)
    assert due(story, undecided, 1)


def test_an_old_version_stays_as_long_as_the_newest() -> None:
    story = Story()
    campaign = story.campaign(appeal=100, decision=1000)
    first = story.submit(campaign, 1)
    story.tick(900)
    second = story.submit(campaign, 1, replaces=first)
    story.tick(200)
    assert not due(story, first, 0)
    story.tick(801)
    assert due(story, first, 1)
    assert due(story, second, 1)


def test_what_is_not_of_a_contribution_stays() -> None:
    story = Story()
    campaign = story.campaign()
    task = story.task(campaign)
    assert not due(story, task, 0, "feedback")
    assert not due(story, "no such thing", 0)


def test_what_is_due_may_be_erased_by_the_rules() -> None:
    story = Story()
    campaign = story.campaign(appeal=100)
    contribution = story.submit(campaign, 1)
    story.decide(contribution)
    story.tick(101)
    assert due(story, contribution, 0)
    story.erase("contribution", contribution, "retention")
    assert isinstance(story.entries[-1], ContentErased)
    assert story.rules() == []
