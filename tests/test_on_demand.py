"""Values that are made when they are first asked for."""

import pytest

from remote_segments.on_demand import OnDemand


def test_a_value_is_made_once_and_only_when_it_is_asked_for() -> None:
    """Names, their number and whether there is one make nothing."""
    made: list[str] = []

    def make() -> int:
        made.append("one")
        return 1

    mapping = OnDemand({"one": make, "two": lambda: 2})
    assert list(mapping) == ["one", "two"]
    assert len(mapping) == 2
    assert "one" in mapping
    assert "three" not in mapping
    assert made == []
    assert (mapping["one"], mapping.get("one"), mapping["two"]) == (1, 1, 2)
    assert made == ["one"]


def test_a_name_that_is_not_there_is_one_of_no_mapping() -> None:
    """As with every mapping."""
    mapping: OnDemand[int] = OnDemand({})
    assert mapping.get("one") is None
    with pytest.raises(KeyError, match="one"):
        mapping["one"]


def test_what_a_maker_raises_reaches_who_asked() -> None:
    """And the next who asks has it, too: nothing half-made is kept."""

    def broken() -> int:
        raise ValueError("broken")

    mapping = OnDemand({"one": broken})
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            mapping["one"]
