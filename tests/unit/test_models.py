"""The words: secrets that mask themselves, orgs that know their names."""

import copy
import pickle

import pytest

from orgauth.models import Cause, KeyRef, Secret
from support import make_org


def test_secret_shows_nothing_of_itself_in_any_text_form():
    """repr, str and format are how secrets usually slip into logs."""
    secret = Secret("00D!canary")

    for text in (repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", f"{secret}"):
        assert "canary" not in text
    assert secret.reveal() == "00D!canary"


def test_secret_is_never_pickled():
    """A pickle is a file or a pipe to another process."""
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(Secret("x"))


def test_a_copy_of_a_secret_is_the_secret():
    """`dataclasses.asdict` of an outcome copies deeply, and must neither fail nor unmask."""
    secret = Secret("x")

    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret
    with pytest.raises(TypeError, match="never pickled"):
        secret.__getstate__()


def test_a_secret_that_is_no_text_is_compared_without_being_told():
    """An error of the encoder would carry it."""
    assert Secret("a\ud800") == Secret("a\ud800") != Secret("a?")


def test_secrets_compare_by_what_they_hide():
    """Equal secrets are one in a set; a secret never equals its own text."""
    assert Secret("a") == Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a")}) == 1
    assert Secret("a") != "a"


def test_org_is_called_by_its_alias_where_it_has_one():
    """Messages say what the person wrote."""
    assert make_org("a@b.example.com", alias="uat").name == "uat"
    assert make_org("a@b.example.com").name == "a@b.example.com"


def test_login_host_keeps_the_port():
    """Two simulators on one machine are two hosts."""
    assert make_org(login_url="http://127.0.0.1:8080").login_host == "127.0.0.1:8080"


def test_key_references_read_as_people_write_them():
    """A path is a path; a variable has its dollar."""
    assert str(KeyRef("file", "/keys/a.key")) == "/keys/a.key"
    assert str(KeyRef("env", "SF_KEY")) == "$SF_KEY"


def test_only_key_and_client_id_are_shared_with_scratch_orgs():
    """A Dev Hub's own user or policy says nothing about its scratch orgs."""
    shared = {Cause.KEY, Cause.CLIENT_ID, Cause.BREAKER}
    assert {cause for cause in Cause if cause.is_shared} == shared
