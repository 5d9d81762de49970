from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgauth.errors import StoreError
from orgauth.stores.salesforce_cli.crypto import Cipher, is_encrypted, new_key

V1_KEY = "0123456789abcdef0123456789abcdef"
V2_KEY = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
ANY_KEY = st.from_regex(r"[!-~]{32}|[0-9a-f]{64}", fullmatch=True)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
BOTH = pytest.mark.parametrize("key", [V1_KEY, V2_KEY], ids=["v1", "v2"])

# Made-up texts, encrypted with these made-up keys by @salesforce/core 9.4.0.
BY_THE_CLI = [
    (
        V1_KEY,
        "made-up text, not a token",
        (
            "b69fa24c73e19b9312e5b76afd9df4f8011b808d0c6bf3cd626de98e424ca6"
            ":e59a3bae91e54abca65eb46cf03c0f62"
        ),
    ),
    (V1_KEY, "", "137b2cb5e9fe:6fe20acc6d6a28be9085cc7557a9b159"),
    (V1_KEY, "zoë ☃", "b108dad255d902a6970d1a225a61:e6d7aad97f41281057c7b0de0325aa81"),
    (
        V2_KEY,
        "made-up text, not a token",
        (
            "c92dcf15a5891cda99738fbbc9ebe99b647a67e057cd90950dc02427b42023cdf6680072a3"
            ":38fd8212c8702bf892d1e3b72435a875"
        ),
    ),
    (V2_KEY, "", "80b4c2c9abcb601d56244f81:c993c2dd254bd949681884bedbe36e89"),
    (
        V2_KEY,
        "zoë ☃",
        "547c5b37fa475bee1845dbcf6088abea508dbff9:09e9e5dcd1da3324402bf93c7946bdb6",
    ),
]


@pytest.mark.parametrize(("key", "plain", "sealed"), BY_THE_CLI)
def test_what_the_cli_encrypted_is_read(key: str, plain: str, sealed: str) -> None:
    assert is_encrypted(sealed)
    assert Cipher(key).decrypt(sealed) == plain


@pytest.mark.parametrize(("key", "plain", "sealed"), BY_THE_CLI)
def test_with_the_clis_iv_the_same_text_comes_out(key: str, plain: str, sealed: str) -> None:
    iv = bytes.fromhex(sealed[:12] if key == V1_KEY else sealed[:24])
    assert Cipher(key, lambda count: iv[:count]).encrypt(plain) == sealed


@given(key=ANY_KEY, plain=ANY_TEXT, random=st.binary(min_size=12, max_size=12))
def test_every_text_comes_back_and_looks_encrypted(key: str, plain: str, random: bytes) -> None:
    sealed = Cipher(key, lambda count: random[:count]).encrypt(plain)
    assert is_encrypted(sealed)
    assert Cipher(key).decrypt(sealed) == plain


@given(key=ANY_KEY, plain=ANY_TEXT, data=st.data())
def test_with_one_character_changed_nothing_comes_back(
    key: str, plain: str, data: st.DataObject
) -> None:
    sealed = Cipher(key).encrypt(plain)
    place = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.sampled_from("0123456789abcdef:x").filter(lambda c: c != sealed[place]))
    with pytest.raises(StoreError):
        Cipher(key).decrypt(sealed[:place] + other + sealed[place + 1 :])


@given(key=st.text(max_size=70), random=st.binary(min_size=32, max_size=32))
def test_a_key_is_one_of_a_version_or_refused(key: str, random: bytes) -> None:
    try:
        refusal, version = "", Cipher(key).version
    except StoreError as error:
        refusal, version = str(error), 0
    assert version == (0 if refusal else {32: 1, 64: 2}[len(key)])
    assert len(key) < 4 or key not in refusal
    assert Cipher(new_key(1, lambda count: random[:count])).version == 1
    assert Cipher(new_key(2, lambda count: random[:count])).version == 2


@BOTH
def test_no_two_encryptions_are_alike(key: str) -> None:
    cipher = Cipher(key)
    assert cipher.encrypt("text") != cipher.encrypt("text")


@BOTH
def test_another_key_is_told_without_showing_anything(key: str) -> None:
    sealed = Cipher(key[::-1]).encrypt("text")
    with pytest.raises(StoreError, match="another key") as caught:
        Cipher(key).decrypt(sealed)
    assert "Log in" in caught.value.advice
    assert sealed not in str(caught.value)


@BOTH
@given(text=st.text())
def test_any_other_text_is_refused_in_words(key: str, text: str) -> None:
    with pytest.raises(StoreError) as caught:
        Cipher(key).decrypt(f"canary{text}")
    assert "canary" not in str(caught.value)


def test_a_token_in_the_clear_does_not_look_encrypted() -> None:
    assert not is_encrypted("00D000000000001!AQ.made_up")
    assert not is_encrypted("")


@pytest.mark.parametrize(("version", "characters"), [(1, 32), (2, 64)])
def test_a_new_key_is_one_of_its_version(version: int, characters: int) -> None:
    key = new_key(version)
    assert len(key) == characters
    assert Cipher(key).version == version
    assert new_key(version) != key


@pytest.mark.parametrize(
    "key", ["", "abc", V1_KEY[:-1], V2_KEY[:-1] + "x", "é" * 32, V1_KEY + "\n"]
)
def test_a_key_of_the_wrong_length_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(StoreError, match=f"{len(key)} characters") as caught:
        Cipher(key)
    assert not key or key not in str(caught.value)


def test_a_cipher_does_not_show_its_key() -> None:
    assert V1_KEY not in repr(Cipher(V1_KEY))
