"""The assertion: its claims, its signature, and where it is signed."""

import asyncio
import threading

import jwt
import pytest

from orgauth.assertion import LIFETIME_SECONDS, AssertionBuilder
from orgauth.errors import KeySourceError
from orgauth.keys.pem import load_signer
from orgauth.models import KeyRef, OrgKind, Secret
from support import KEY, make_org, pem_of, private_key

NOW = 1_750_000_000.9
AUDIENCE = "https://test.salesforce.com"
BROKEN = KeyRef("file", "/keys/broken.key")


class WatchedSigner:
    """A real key that takes note of the threads it signs in."""

    def __init__(self):
        self.threads = []
        self._signer = load_signer(pem_of(private_key()), where="server.key", passphrase=None)

    def sign(self, message):
        self.threads.append(threading.current_thread())
        return self._signer.sign(message)

    def public_key_der(self):
        return self._signer.public_key_der()


class RefusingSigner(WatchedSigner):
    """A key whose holder refuses: a card pulled out, say."""

    def sign(self, message):
        raise KeySourceError("the key's holder refuses")


@pytest.fixture
def signer():
    return WatchedSigner()


@pytest.fixture
async def builder(signer):
    signers = {KEY: signer, BROKEN: RefusingSigner()}
    builder = AssertionBuilder(signers.__getitem__, clock=lambda: NOW)
    yield builder
    await builder.close()


def verified(assertion, *, now=NOW):
    """Return header and claims, verified as Salesforce would."""
    text = assertion.reveal()
    claims = jwt.decode(
        text,
        private_key().public_key(),
        algorithms=["RS256"],
        audience=AUDIENCE,
        options={"verify_exp": False, "require": ["iss", "sub", "aud", "exp"]},
    )
    assert claims["exp"] > now
    return jwt.get_unverified_header(text), claims


async def test_the_assertion_says_who_logs_in_where_and_until_when(builder):
    """These claims, and no others; ``exp`` in whole seconds, three minutes ahead."""
    org = make_org("ci@acme.example.com", client_id="3MVG9.app", kind=OrgKind.SCRATCH)

    header, claims = verified(await builder.build(org, audience=AUDIENCE))

    assert header == {"alg": "RS256", "typ": "JWT"}
    assert claims == {
        "iss": "3MVG9.app",
        "sub": "ci@acme.example.com",
        "aud": AUDIENCE,
        "exp": 1_750_000_180,
    }
    assert type(claims["exp"]) is int
    assert LIFETIME_SECONDS == 180


async def test_the_audience_is_the_attempts_not_the_orgs(builder):
    """The host may have taught another one meanwhile."""
    org = make_org(audience="https://login.salesforce.com")

    assert verified(await builder.build(org, audience=AUDIENCE))[1]["aud"] == AUDIENCE


@pytest.mark.parametrize(("skew", "exp"), [(600.0, 1_750_000_780), (-600.4, 1_749_999_580)])
async def test_the_end_follows_the_hosts_clock(builder, skew, exp):
    """A machine whose clock is wrong logs in all the same."""
    assertion = await builder.build(make_org(), audience=AUDIENCE, skew_seconds=skew)

    _, claims = verified(assertion, now=NOW + skew)

    assert claims["exp"] == exp
    assert builder.now == NOW


async def test_each_attempt_gets_a_fresh_one(signer):
    """An assertion that waited would have expired."""
    moments = iter([NOW, NOW + 700])
    builder = AssertionBuilder(lambda _: signer, clock=lambda: next(moments))
    try:
        first = await builder.build(make_org(), audience=AUDIENCE)
        second = await builder.build(make_org(), audience=AUDIENCE)
    finally:
        await builder.close()

    assert verified(second)[1]["exp"] - verified(first)[1]["exp"] == 700
    assert len(signer.threads) == 2


async def test_an_assertion_is_a_secret(builder):
    """Whoever has it can log in."""
    assertion = await builder.build(make_org(), audience=AUDIENCE)

    assert isinstance(assertion, Secret)
    assert assertion.reveal() not in f"{assertion} {assertion!r}"


async def test_signing_happens_off_the_event_loop(builder, signer):
    """In one thread of its own."""
    orgs = [make_org(f"u{number}@acme.example.com") for number in range(100)]

    assertions = await asyncio.gather(*(builder.build(org, audience=AUDIENCE) for org in orgs))

    assert [verified(assertion)[1]["sub"] for assertion in assertions] == [
        org.username for org in orgs
    ]
    assert len(set(signer.threads)) == 1
    assert threading.current_thread() not in signer.threads
    assert signer.threads[0].name.startswith("orgauth-sign")


async def test_a_key_that_does_not_sign_costs_only_its_own_org(builder):
    """Its neighbours in the batch get their assertions."""
    orgs = [make_org(), make_org(key=BROKEN), make_org(key=KeyRef("env", "NO_SUCH")), make_org()]

    first, refused, unknown, last = await asyncio.gather(
        *(builder.build(org, audience=AUDIENCE) for org in orgs), return_exceptions=True
    )

    assert verified(first)
    assert verified(last)
    assert isinstance(refused, KeySourceError)
    assert isinstance(unknown, KeyError)


async def test_names_from_all_over_the_world_are_signed_as_they_are(builder):
    """JSON escapes what is not ASCII; the reader gets it back."""
    org = make_org("j.müller@例え.example.com")

    assert verified(await builder.build(org, audience=AUDIENCE))[1]["sub"] == org.username


async def test_close_lets_the_signing_thread_go(signer):
    """No thread is left behind."""
    builder = AssertionBuilder(lambda _: signer)
    await builder.build(make_org(), audience=AUDIENCE)
    await builder.close()

    assert not signer.threads[0].is_alive()


async def test_the_hook_only_signs(builder, signer):
    """Nothing is verified here, and no key goes in or out by way of PyJWT."""
    algorithm = builder._jws.get_algorithm_by_name("RS256")

    assert builder._jws.get_algorithms() == ["RS256"]
    for forbidden in (
        lambda: algorithm.verify(b"message", signer, b"signature"),
        lambda: algorithm.to_jwk(signer),
        lambda: algorithm.from_jwk("{}"),
    ):
        with pytest.raises(TypeError):
            forbidden()
