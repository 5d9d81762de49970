"""What the fuzzers have found so far: every input that reached new code keeps what is promised."""

import pytest

from fuzz import corpus
from support import promises


@pytest.mark.parametrize("target", corpus.TARGETS)
def test_every_input_that_was_ever_of_interest(target):
    """A find becomes an input here, and a test of its own where it belongs."""
    keep = getattr(promises, f"keep_for_{target}")
    inputs = corpus.inputs(target)

    for data in inputs:
        keep(data)

    assert inputs


@pytest.mark.parametrize("target", corpus.TARGETS)
def test_packing_a_corpus_changes_no_byte(target, tmp_path, monkeypatch):
    """Bytes of every kind survive as JSON."""
    strange = [b"", b"\xff\x00\xed\xa0\x80", "é\u2028".encode()]
    (tmp_path / "corpus").mkdir()
    for name in corpus.TARGETS:
        (tmp_path / "in" / name).mkdir(parents=True)
        for number, data in enumerate(strange):
            (tmp_path / "in" / name / str(number)).write_bytes(data)
    monkeypatch.setattr(corpus, "FOLDER", tmp_path / "corpus")
    monkeypatch.setattr(corpus, "seeds", lambda _: [b"seed"])

    corpus.pack(tmp_path / "in")
    corpus.unpack(tmp_path / "out")

    assert sorted(corpus.inputs(target)) == sorted([b"seed", *strange])
    assert len(list((tmp_path / "out" / target).iterdir())) == len(strange) + 1
