from __future__ import annotations

import pytest

from orgauth.simulator.ids import IdSource, id18


@pytest.mark.parametrize(
    ("short", "full"),
    [
        # Pairs from Salesforce's own documentation and help pages.
        ("001A0000006Vm9r", "001A0000006Vm9rIAC"),
        ("0015000000Gv7qJ", "0015000000Gv7qJAAR"),
        # By hand: 4+8+16 = 28 is "2", none is "A", 8 is "I".
        ("00DDE00000485Lg", "00DDE00000485Lg2AI"),
    ],
)
def test_checksum(short, full):
    """The three added characters tell which of the fifteen are capitals."""
    assert id18(short) == full


def test_other_lengths_are_refused():
    """Only 15 characters have an 18-character form."""
    with pytest.raises(ValueError, match="18"):
        id18("0" * 18)


def test_ids_are_distinct_but_for_case():
    """A thousand ids differ, some of them by case alone, as Salesforce's do."""
    source = IdSource("00D9A")
    ids = [source.next() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert len({one.lower() for one in ids}) < 1000
    assert {len(one) for one in ids} == {15}
