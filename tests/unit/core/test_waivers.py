from __future__ import annotations

import datetime

import pytest

from pytest_eksconform.errors import ExpectationsError
from pytest_eksconform.waivers import Waiver, review_waivers, waiver_for, waiver_from_table

TODAY = datetime.date(2026, 11, 21)
TABLE = {"control": "c", "resource": "node a*", "reason": "r", "expires": TODAY}


def waiver(**values):
    return Waiver(**{**TABLE, **values})


def test_waiver_counts_on_its_last_day_and_not_after():
    assert not waiver(expires=TODAY).expired(TODAY)
    assert waiver(expires=TODAY - datetime.timedelta(days=1)).expired(TODAY)


def test_waiver_covers_by_resource_or_owner_of_its_own_control(finding):
    assert waiver().covers(finding(control="c", resource="node a1"))
    assert waiver().covers(finding(control="c", resource="pod x", owner="node a2"))
    assert not waiver().covers(finding(control="c", resource="node b", owner="node b"))
    assert not waiver().covers(finding(control="other", resource="node a1"))
    assert not waiver().covers(finding(control="c", resource="NODE a1"))


def test_control_is_waived_only_if_every_finding_is(finding):
    first, second = waiver(), waiver(resource="node b")
    a, b = (finding(control="c", resource=f"node {x}") for x in "ab")
    assert waiver_for([a, b], [first], TODAY) == []
    assert waiver_for([a, b], [first, second], TODAY) == [first, second]
    assert waiver_for([a, a], [first, second], TODAY) == [first]


def test_expired_waiver_waives_nothing(finding):
    over = waiver(expires=datetime.date(2020, 1, 1))
    assert waiver_for([finding(control="c", resource="node a")], [over], TODAY) == []


def test_review_sorts_out_what_had_no_effect(finding):
    used, over = waiver(), waiver(expires=datetime.date(2020, 1, 1))
    unmatched, elsewhere = waiver(resource="node z"), waiver(control="did-not-run")
    found = [finding(control="c", resource="node a")]
    review = review_waivers([used, over, unmatched, elsewhere], found, ["c"], TODAY)
    assert (review.expired, review.unmatched) == ((over,), (unmatched,))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"until": TODAY}, "unknown key until"),
        ({"expires": None}, "expires is missing"),
        ({"reason": None}, "reason is missing"),
        ({"control": None}, "control is missing"),
        ({"expires": "2027-01-31"}, "a date without quotes"),
        ({"expires": datetime.datetime(2027, 1, 31, tzinfo=datetime.UTC)}, "a date without"),
        ({"reason": " "}, "reason must be a text that is not empty"),
        ({"resource": 5}, "resource must be a text"),
    ],
)
def test_waiver_without_an_end_or_a_reason_is_refused(change, said):
    table = {key: value for key, value in {**TABLE, **change}.items() if value is not None}
    with pytest.raises(ExpectationsError, match=f"here: .*{said}"):
        waiver_from_table(table, "here")
