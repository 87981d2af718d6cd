import pytest

from tests.unit.book.story import Story


@pytest.fixture
def story():
    return Story()
