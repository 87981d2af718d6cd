"""The world that the pages are shown is the one that its description promises."""

from __future__ import annotations

from scripts.pages.world import TOKEN, World


def test_everybody_is_where_the_stories_say(scene: World) -> None:
    assert scene.claimable("ana") == 6 * TOKEN
    assert scene.people["ben"].balance(scene.stage.node, scene.stage.deployment.token) == 6 * TOKEN
    waiting = {appeal.contribution for appeal in scene.platform.client.appeals()}
    filed = {appeal.contribution for appeal in scene.platform.client.appeals("all")}
    dan, eli = (scene.contributions[name, "slow"][0] for name in ("dan", "eli"))
    assert dan in waiting
    assert eli in filed - waiting
