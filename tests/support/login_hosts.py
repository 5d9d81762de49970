"""Login hosts that tests change, and the real core run over them; all in virtual time."""

import asyncio
import random
from dataclasses import dataclass, field, replace

import jwt

from orgauth import failures
from orgauth.assertion import AssertionBuilder
from orgauth.authorizer import Authorizer
from orgauth.breaker import Breaker
from orgauth.errors import AttemptFailed
from orgauth.exchange import Exchange
from orgauth.keys.pem import RsaSigner
from orgauth.models import Credentials, OrgFacts, OrgKind, Secret
from orgauth.pace import Pace
from orgauth.perseverance import World
from orgauth.settings import NotApprovedPolicy, RetryPolicies
from orgauth.slots import Slots
from support import EventList, in_virtual_time, make_org, private_key

FACTS = OrgFacts(
    organization_name="Acme",
    instance_name="USA1S",
    namespace_prefix=None,
    edition="Developer Edition",
    is_sandbox=False,
    is_scratch=False,
    is_dev_hub=True,
)
LONGEST_ASSERTION = 480.0
POLICIES = RetryPolicies(not_approved=NotApprovedPolicy(5, 60, 600))


def refusal(error, description=""):
    return lambda org: AttemptFailed(failures.classify(org, 400, error, description))


NOT_APPROVED = refusal("invalid_grant", "user hasn't approved this consumer")
WRONG_KEY = refusal("invalid_grant", "invalid assertion")
INACTIVE = refusal("inactive_user")
WRONG_AUDIENCE = refusal("invalid_grant", "audience is invalid")


@dataclass
class LoginHosts:
    """A world of login hosts and orgs that tests change; times are virtual."""

    latency: float = 0.1
    replicated_at: dict = field(default_factory=dict)
    refuses: dict = field(default_factory=dict)
    wants_audience: dict = field(default_factory=dict)
    clock_ahead: float = 0.0
    throttles: list = field(default_factory=list)
    facts: dict = field(default_factory=dict)
    refuses_calls: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    let_in: dict = field(default_factory=dict)
    in_flight: int = 0
    most_in_flight: int = 0

    def now(self):
        return asyncio.get_running_loop().time()

    async def exchange(self, org, assertion):
        claims = jwt.decode(
            assertion.reveal(),
            private_key().public_key(),
            algorithms=["RS256"],
            options={"verify_aud": False, "verify_exp": False},
        )
        self.asked.append((org.username, self.now(), claims["aud"]))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.latency)
        finally:
            self.in_flight -= 1
        if self.throttles:
            raise AttemptFailed(
                failures.classify_status(org.login_host, 429, retry_after=self.throttles.pop())
            )
        wanted = self.wants_audience.get(org.login_host)
        if wanted not in (None, claims["aud"]):
            raise WRONG_AUDIENCE(org)
        if claims["exp"] > self.now() + self.clock_ahead + LONGEST_ASSERTION:
            too_far_ahead = WRONG_KEY(org).failure
            raise AttemptFailed(replace(too_far_ahead, server_time=self.now() + self.clock_ahead))
        if claims["exp"] < self.now() + self.clock_ahead:
            raise AttemptFailed(
                failures.classify(
                    org,
                    400,
                    "invalid_grant",
                    "expired authorization code",
                    server_time=self.now() + self.clock_ahead,
                )
            )
        if org.username in self.refuses:
            raise self.refuses[org.username](org)
        if self.now() < self.replicated_at.get(org.username, 0.0):
            raise NOT_APPROVED(org)
        self.let_in[org.username] = self.now()
        return Credentials(
            Secret(f"token of {org.username}"),
            "https://acme.my.salesforce.com",
            f"00D{abs(hash(org.username)) % 10**15:015d}",
            "005000000000000AAA",
        )

    async def inspect(self, org, credentials):
        await asyncio.sleep(self.latency)
        if org.username in self.refuses_calls:
            raise AttemptFailed(self.refuses_calls[org.username])
        by_kind = replace(
            FACTS,
            is_dev_hub=org.kind is OrgKind.DEV_HUB,
            is_scratch=org.kind is OrgKind.SCRATCH,
            is_sandbox=org.kind is OrgKind.SANDBOX,
        )
        return self.facts.get(org.username, by_kind)


def authorize(orgs, world, **options):
    """Run the real core over a world of login hosts; return outcomes by username, and more."""

    async def main():
        return await authorize_now(orgs, world, **options)

    return in_virtual_time(main())


async def authorize_now(
    orgs,
    world,
    *,
    slots=32,
    verify=True,
    saver=None,
    stop_at=None,
    in_play=64,
    signer=None,
    policies=POLICIES,
    memory=None,
    keep_going=False,
    per_second=None,
):
    """Do the same in a loop that runs already."""
    loop = asyncio.get_running_loop()
    observer, delivered = EventList(), []
    breaker = Breaker(keep_going=keep_going)
    key = RsaSigner(private_key())
    assertions = AssertionBuilder(signer or (lambda ref: key), clock=loop.time)
    gates = Slots(
        total=slots,
        per_host=slots,
        clock=loop.time,
        policy=policies.throttled,
        rng=random.Random(8),
        observer=observer,
    )
    authorizer = Authorizer(
        exchange=Exchange(
            assertions=assertions,
            endpoint=world,
            slots=gates,
            pace=Pace(per_second, clock=loop.time),
            breaker=breaker,
            observer=observer,
        ),
        slots=gates,
        breaker=breaker,
        policies=policies,
        world=World(loop.time, asyncio.sleep, random.Random(7)),
        observer=observer,
        deliver=delivered.append,
        probe=world if verify else None,
        saver=saver,
        memory=memory,
        in_play=in_play,
    )
    if stop_at is not None:
        loop.call_later(stop_at, authorizer.stop)
    await authorizer.run(orgs)
    elapsed = loop.time()
    await assertions.close()
    await gates.close()
    assert len(delivered) == len({outcome.org.username for outcome in delivered}) == len(orgs)
    return {outcome.org.username: outcome for outcome in delivered}, observer, elapsed


def scratch_orgs(count, **changes):
    return [
        make_org(f"s{number}@acme.example.com", kind=OrgKind.SCRATCH, **changes)
        for number in range(count)
    ]


HUB = make_org("hub@acme.example.com", kind=OrgKind.DEV_HUB, alias="hub")
