"""Schedules are data, and the same seed takes the same course."""

from __future__ import annotations

from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localloop.testing.faults import SCHEDULES, Fault, Rule, Schedule
from localloop.testing.faults.messages import Asked
from localloop.testing.faults.schedule import Dice


def asked(method="GET", path="/a", body=None, **headers):
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return Asked(method, path, message, body)


def course(schedule, seed, requests):
    dice = Dice(schedule, seed)
    return [decided and decided[1] for decided in map(dice.decide, requests)]


COIN = Schedule((Rule(Fault.FORBIDDEN, probability=0.5),))


def test_the_same_requests_meet_the_same_faults_with_the_same_seed():
    requests = [asked(path=f"/{n % 7}") for n in range(100)]
    assert course(COIN, 1, requests) == course(COIN, 1, requests)
    assert course(COIN, 1, requests) != course(COIN, 2, requests)


def test_ids_that_a_server_makes_up_do_not_change_the_course():
    one = [asked(path=f"/items/{n:024x}/stream") for n in range(50)]
    other = [asked(path=f"/items/{n + 999:024x}/stream") for n in range(50)]
    assert course(COIN, 1, one) == course(COIN, 1, other)
    projects = [
        [asked(path=f"/p/{n:08x}-0000-4000-8000-{n:012x}") for n in range(k, k + 50)] for k in (0, 99)
    ]
    assert course(COIN, 1, projects[0]) == course(COIN, 1, projects[1])


def test_requests_that_come_between_do_not_change_the_course():
    mine = [asked(path="/mine")] * 30
    between = [one for request in mine for one in (asked(path="/other"), request)]
    assert course(COIN, 1, between)[1::2] == course(COIN, 1, mine)


def test_a_probability_is_about_what_it_says():
    fired = [one for one in course(COIN, 3, [asked(path=f"/{n}") for n in range(2000)]) if one]
    assert 900 < len(fired) < 1100


def test_a_rule_counts_and_spares():
    schedule = Schedule((Rule(Fault.FORBIDDEN, method="POST", path="/a*", after=1, times=2),))
    requests = [asked("POST", "/ab"), asked("GET", "/ab"), *[asked("POST", "/ab")] * 4, asked("POST", "/b")]
    assert course(schedule, 0, requests) == [None, None, Fault.FORBIDDEN, Fault.FORBIDDEN, None, None, None]


def test_the_first_rule_that_fires_decides():
    schedule = Schedule((Rule(Fault.FORBIDDEN, times=1), Rule(Fault.NOT_FOUND)))
    assert course(schedule, 0, [asked()] * 2) == [Fault.FORBIDDEN, Fault.NOT_FOUND]


def test_a_fault_that_was_taken_back_is_still_to_come():
    dice = Dice(Schedule((Rule(Fault.FORBIDDEN, times=1, stick=True),)), 0)
    assert dice.decide(asked()) is not None
    dice.take_back(0, asked())
    assert dice.decide(asked(path="/b")) is not None
    assert dice.decide(asked()) is None


@pytest.mark.parametrize(
    ("fault", "fits", "not_"),
    [
        (Fault.CHANGED_CONTENT, asked(Range="bytes=5-"), asked(Range="bytes=0-")),
        (Fault.WHOLE_FOR_RANGE, asked(Range="bytes=0-"), asked()),
        (Fault.RANGE_REFUSED, asked(Range="bytes=0-"), asked()),
        (Fault.UNAUTHORIZED_MID_UPLOAD, asked(Content_Type="multipart/form-data; boundary=b"), asked()),
        (
            Fault.REFRESH_REVOKED,
            asked("POST", "/token?default", b'{"type": "refresh_token"}'),
            asked("POST", "/token?default", b'{"type": "user_credentials"}'),
        ),
    ],
)
def test_a_fault_befalls_only_requests_for_which_it_makes_sense(fault, fits, not_):
    assert Rule(fault).fits(fits)
    assert not Rule(fault).fits(not_)


RULES = st.builds(
    Rule,
    st.sampled_from(Fault),
    method=st.sampled_from(["*", "GET", "POST"]),
    path=st.text(),
    probability=st.floats(0, 1),
    times=st.none() | st.integers(0, 9),
    after=st.integers(0, 9),
    stick=st.booleans(),
)


@given(st.lists(RULES))
def test_a_schedule_survives_being_written_down(rules):
    assert Schedule.of(Schedule(tuple(rules)).text()).rules == tuple(rules)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[", "The rules are not JSON"),
        ("{}", "must be a list"),
        ("[1]", "must be an object with a fault"),
        ('[{"fault": "boredom"}]', "There is no fault 'boredom'"),
        ('[{"fault": "forbidden", "often": 1}]', "no field 'often'"),
        ('[{"fault": "forbidden", "times": true}]', "times cannot be True"),
        ('[{"fault": "forbidden", "times": -1}]', "numbers from 0 on"),
        ('[{"fault": "forbidden", "probability": 2}]', "between 0 and 1"),
        ('[{"fault": 7}]', "fault cannot be 7"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused_with_the_reason(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        Schedule.of(text)


def test_the_shipped_schedules_use_every_fault():
    assert {rule.fault for one in SCHEDULES.values() for rule in one.rules} == set(Fault)
    assert all(one.sentence for one in SCHEDULES.values())
    with pytest.raises(ValueError, match="There are: calm, "):
        Schedule.named("sunny")
