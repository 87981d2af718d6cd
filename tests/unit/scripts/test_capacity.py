"""The page about capacity is what the kept figures give, and its arithmetic is right."""

from __future__ import annotations

import pytest

from scripts.bench.capacity import PAGE, Figures, Need, Processors, page

FIGURES = Figures(
    singles=1000,
    batched=5000,
    single_time=Processors(api=700, postgres=140, worker=70),
    batched_time=Processors(api=70, postgres=35, worker=70),
    audit_seconds=7.2,
    anchor=50_000,
    settlement=200_000,
    claim=20_000,
)


def test_the_page_is_what_the_figures_give() -> None:
    assert PAGE.read_text() == page(Figures.read()), "run python -m scripts.bench.capacity"


def test_the_arithmetic_by_hand() -> None:
    need = Need.of(10**8, FIGURES)
    assert need.entries == 2 * 10**8
    assert need.peak == pytest.approx(2 * 10**8 / 2_592_000 * 4)
    assert (need.logs_singly, need.logs_batched) == (1, 1)
    assert need.api_cores == pytest.approx(need.peak / 1000)
    assert need.api_cores_batched == pytest.approx(need.peak / 10_000)
    assert need.postgres_cores == pytest.approx(need.peak / 5000)
    assert need.postgres_cores_batched == pytest.approx(need.peak / 20_000)
    assert need.worker_cores == pytest.approx(need.peak / 10_000)
    assert need.audit_core_hours == pytest.approx(0.4)
    assert need.people == 200_000
    assert need.gas == 4320 * 50_000 + 30 * 200_000 + 200_000 * 20_000


def test_more_than_a_log_takes_is_more_logs() -> None:
    need = Need.of(10**10, FIGURES)
    assert (need.logs_singly, need.logs_batched) == (45, 9)
    assert need.gas_anchors == 45 * 4320 * 50_000
