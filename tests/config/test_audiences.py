"""Audience files load, and mean what they say."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from remote_segments.config.audience import Inputs
from remote_segments.config.condition import Condition
from remote_segments.config.loader import load_project
from remote_segments.errors import ProjectError
from remote_segments.membership.expressions import (
    AtLeast,
    Attribute,
    Every,
    Expression,
    No,
    Past,
    Share,
    Some,
    Within,
    delicate_inputs,
    inputs,
    is_bounded,
)

FULL = Path(__file__).parents[1] / "configs" / "good" / "full"


def test_an_audience_file_is_read_as_an_expression() -> None:
    """Lists, bare names, columns, the past and a split become one tree; everything in one mapping must hold."""
    loyal = load_project(FULL, "production").audiences["loyal_a"]
    week, month = timedelta(days=7), timedelta(days=30)
    vip = Within("vip_openers")
    addresses = Attribute("contacts", "email", "in", ("a@example.com", "b@example.com"))
    assert loyal.expression == Every(
        (
            Every(
                (
                    vip,
                    Every(
                        (
                            Attribute("contacts", "first_name", "is", ("not null",)),
                            Attribute("contacts", "phone", "contains", ("33",)),
                        )
                    ),
                    Some((vip, Past("was_in", "vip_openers", month), addresses)),
                )
            ),
            No((Past("left", "vip_openers", week),)),
            AtLeast(1, (vip, Past("joined", "vip_openers", timedelta(days=90)))),
            Share("010", 1000, 5450),
        )
    )


def test_a_split_is_one_audience_per_part_and_the_holdout_is_left_out() -> None:
    """Who is held out is in no other part, nor in the audience of the file's name."""
    audiences = load_project(FULL, "production").audiences
    shares = {name: one.expression.parts[-1] for name, one in audiences.items() if name.startswith("loyal")}  # type: ignore[union-attr]
    assert shares == {
        "loyal": Share("010", 1000, 10000),
        "loyal_holdout": Share("010", 0, 1000),
        "loyal_a": Share("010", 1000, 5450),
        "loyal_b": Share("010", 5450, 10000),
    }


def test_a_list_of_priorities_keeps_a_person_in_the_first_part_only() -> None:
    """Each part leaves out those before it; the audience has everybody."""
    audiences = load_project(FULL, "production").audiences
    first, second = (
        Within("loyal_a"),
        Every((Within("vip_openers"), Attribute("contacts", "first_name", "=", ("Ada",)))),
    )
    rest = Within("vip_openers")
    assert audiences["offers"].expression == Some((first, second, rest))
    assert audiences["offers_first"].expression == first
    assert audiences["offers_second"].expression == Every((second, No((first,))))
    assert audiences["offers_rest"].expression == Every((rest, No((first, second))))
    assert all(one.refusing == {"loyal_a", "vip_openers"} for name, one in audiences.items() if name == "offers_rest")


def test_an_audience_has_the_settings_of_its_file() -> None:
    """Parts share everything but their name; without a frequency the slowest input says how old is old."""
    project = load_project(FULL, "production")
    loyal, offers = project.audiences["loyal_b"], project.audiences["offers_rest"]
    assert (loyal.name, loyal.part, loyal.file_name) == ("loyal_b", "b", "loyal")
    assert project.file_of(loyal) == FULL / "audiences" / "loyal.yaml"
    assert project.place(loyal, ("none", 0)) == "audiences/loyal.yaml:13"
    assert project.timezone_of(loyal) == "America/New_York"
    assert (loyal.inputs.policy, loyal.inputs.max_age) == ("last_good", timedelta(days=3))
    assert (loyal.period, offers.refresh_frequency, offers.period) == (timedelta(days=2), None, timedelta(days=2))


def test_segments_and_audiences_are_found_by_one_name() -> None:
    """Whoever is asked for a name need not know which of the two it is."""
    project = load_project(FULL, "production")
    assert project.named("loyal").name == "loyal"
    assert project.named("vip_openers") is project.segments["vip_openers"]
    assert set(project.only(["loyal_a"]).published) == {"loyal_a"}
    with pytest.raises(ProjectError, match="loyal_holdout"):
        project.named("loyal_holdut")


A, B, REST = Within("a"), Within("b"), No((Within("c"),))


@pytest.mark.parametrize(
    ("expression", "bounded"),
    [
        (A, True),
        (REST, False),
        (Every((A, REST)), True),
        (Some((A, REST)), False),
        (No((REST,)), False),
        (Every((Some((A, REST)), B)), True),
        (AtLeast(1, (A, REST)), False),
        (AtLeast(2, (A, B, REST)), True),
        (AtLeast(2, (A, REST, REST)), False),
        (Share("x", 0, 10), False),
        (Every((Share("x", 0, 10), Attribute("m", "c", "!=", ("FR",)))), True),
    ],
)
def test_an_expression_is_bounded_by_something_that_is_named(expression: Expression, bounded: bool) -> None:
    """`none` alone, in whatever disguise, is everybody else."""
    assert is_bounded(expression) is bounded


def test_inputs_are_told_once_and_the_delicate_ones_apart() -> None:
    """What stands under `none` or `at_least`, at any depth, is delicate."""
    expression = Every((A, Some((B, No((Every((A, Within("d"))),)))), AtLeast(1, (Within("e"), B))))
    assert inputs(expression) == ("a", "b", "d", "e")
    assert delicate_inputs(expression) == {"a", "b", "d", "e"}
    assert delicate_inputs(Every((A, Some((B, REST))))) == {"c"}


def test_so_many_of_some_names_may_be_written_in_words() -> None:
    """As one says it; conditions other than names need the long form."""
    long = Condition.model_validate({"at_least": {"count": 2, "of": ["vip", "win_back", "payers"]}})
    assert Condition.model_validate({"at_least": "2 of [vip, win_back, payers]"}) == long
    with pytest.raises(ValidationError, match="no such list"):
        Condition.model_validate({"at_least": "two of them"})
    with pytest.raises(ValidationError, match="nobody can be in"):
        Condition.model_validate({"at_least": "3 of [vip, win_back]"})


@pytest.mark.parametrize("values", [["30", "9"], ["1.5", "-2"], ["2026-02-01", "2026-01-31"]])
def test_the_greater_value_of_two_does_not_come_first(values: list[object]) -> None:
    """Nobody would be between them, without a word."""
    with pytest.raises(ValidationError, match="greater value first"):
        Condition.model_validate({"where": {"age": {"between": values}}})
    assert Condition.model_validate({"where": {"age": {"between": values[::-1]}}})


def test_an_age_that_nothing_looks_at_is_refused() -> None:
    """Under `refuse`, nothing old is used."""
    assert Inputs.model_validate({"policy": "last_good", "max_age": "3 days"})
    assert Inputs.model_validate({"max_age": "3 days"})  # the default is last_good of what is not delicate
    with pytest.raises(ValidationError, match="says nothing"):
        Inputs.model_validate({"policy": "refuse", "max_age": "3 days"})
