"""One org and its user, whom this simulator does not tell apart: one username, one org."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from orgauth.simulator import errors, faults
from orgauth.simulator.behaviour import Behaviour
from orgauth.simulator.ids import id18

if TYPE_CHECKING:
    from orgauth.simulator.errors import OAuthError
    from orgauth.simulator.keys import ConnectedApp
    from orgauth.simulator.world import World

__all__ = ["Kind", "Org"]

Kind = Literal["production", "dev_hub", "sandbox", "scratch"]
LOGIN = "https://login.salesforce.com"
TEST = "https://test.salesforce.com"
LIFETIME = dt.timedelta(days=7)
HOUR = 3600.0


def as_date(day: str | dt.date) -> dt.date:
    """Return a day from its ISO text, or unchanged."""
    return dt.date.fromisoformat(day) if isinstance(day, str) else day


def week_from(now: float) -> dt.date:
    """Return the day seven days after ``now`` (seconds since 1970), a scratch org's usual life."""
    return dt.datetime.fromtimestamp(now, dt.UTC).date() + LIFETIME


class Org(Behaviour):
    """An org that can be logged in to, and how it behaves; made by ``World``.

    The attributes that follow may be changed at any time.
    """

    app: ConnectedApp | None = None
    """The only app it has installed; ``None``: every app of the world."""
    hub: Org | None = None
    expires: dt.date | None = None
    """A scratch org's last day; ``None`` for every other kind."""
    status = "Active"
    """``ScratchOrgInfo.Status``: ``Active``, ``Deleted``…"""
    org_id = ""
    """15 characters."""
    user_id = ""
    """15 characters."""
    info_id = ""
    """15 characters: the ``ScratchOrgInfo`` record in its hub."""
    namespace: str | None = None
    instance_url_override: str | None = None
    """``instance_url`` of its token answers; ``None``: the simulator's own."""
    my_domain: str | None = None
    """A host name (no port) that knows this org at once, whatever replication says."""
    user_active = True
    org_active = True
    approved = True
    """Whether the user may use the app."""
    logins_per_hour: int | None = None
    """How many logins succeed in any hour; ``None`` for no limit (the real one is 3,600)."""
    token_requests = 0
    """Token requests that got as far as the question of approval."""
    logins = 0
    """Token requests that succeeded."""

    _first_asked: float | None = None
    _counts_from_the_world = False
    _hidden_attempts = 0
    _hidden_seconds = 0.0
    _hidden_error = errors.NOT_APPROVED

    def __init__(
        self, world: World, kind: Kind, username: str, *, name: str = "", audience: str = TEST
    ) -> None:
        super().__init__()
        self.world = world
        self.kind: Kind = kind
        self.username: str = username
        self.key = username.lower()
        """How the world finds it: usernames are the same in any case."""
        self.name: str = name or f"Org of {username}"
        self.audience = audience
        """The only ``aud`` it accepts."""
        self.scratch_orgs: list[Org] = []
        self.tokens: list[str] = []
        """Access tokens that work, oldest first."""
        self._login_times: list[float] = []

    # -- changing it ---------------------------------------------------------------------------

    def replicates_after(
        self,
        attempts: int = 0,
        seconds: float = 0.0,
        error: OAuthError = errors.NOT_APPROVED,
        *,
        of_the_world: bool = False,
    ) -> None:
        """Be unknown to the login host for the first ``attempts`` token requests, and until
        ``seconds`` after the first one; counted anew from now. ``error`` is the answer meanwhile.

        With ``of_the_world`` the seconds are counted from the first token request that the
        world meets, whoever asks: the org was made before the run, and nobody's asking matters.
        """  # noqa: D205 - one sentence that needs two lines
        self.token_requests = 0
        self._counts_from_the_world = of_the_world
        self._first_asked = None
        self._hidden_attempts, self._hidden_seconds = attempts, seconds
        self._hidden_error = error

    def refuses(self, error: OAuthError, times: int | None = None) -> None:
        """Refuse token requests with a row of ``errors.TABLE``, always or ``times`` times."""
        self.answers(faults.refusal(error), times=times)

    def refuses_calls(self, times: int | None = None) -> None:
        """Let logins succeed and refuse every REST call after them (403)."""
        self.answers(faults.call_refusal(), times=times, on="rest")

    def revoke_tokens(self) -> None:
        """Make every access token issued so far worthless; new logins work."""
        for token in tuple(self.tokens):
            self.world.revoke(token)

    # -- what the endpoints ask -----------------------------------------------------------------

    @property
    def org_id18(self) -> str:
        """``org_id`` with its checksum, as ``id_url`` and the REST API give it."""
        return id18(self.org_id)

    @property
    def id_url(self) -> str:
        """The identity URL: login host, 18-character org id, 18-character user id."""
        return f"{self.audience}/id/{self.org_id18}/{id18(self.user_id)}"

    @property
    def instance_url(self) -> str:
        """Where its REST API is: the simulator itself unless overridden."""
        return self.instance_url_override or self.world.host.url

    @property
    def login_url(self) -> str:
        """``ScratchOrgInfo.LoginUrl``: its My Domain at the simulator's port, if it has one."""
        if self.my_domain is None:
            return self.world.host.url
        host = urlsplit(self.world.host.url)
        port = "" if host.port is None else f":{host.port}"
        return f"{host.scheme}://{self.my_domain}{port}"

    def refusal_now(self, host_name: str) -> OAuthError | None:
        """Return why the user cannot log in at ``host_name`` now, or ``None``; counts the try."""
        now = self.world.clock()
        self.token_requests += 1
        if self._first_asked is None:
            self._first_asked = now
        if self.world.first_asked is None:
            self.world.first_asked = now
        if not self.org_active:
            return errors.INACTIVE_ORG
        if not self.user_active:
            return errors.INACTIVE_USER
        if not self.approved:
            return errors.NOT_APPROVED
        world_asked = self.world.first_asked
        since = world_asked if self._counts_from_the_world else self._first_asked
        hidden = self.token_requests <= self._hidden_attempts or now < since + self._hidden_seconds
        if hidden and (self.my_domain is None or host_name != self.my_domain):
            return self._hidden_error
        return self._rate_refusal(now)

    def _rate_refusal(self, now: float) -> OAuthError | None:
        if self.logins_per_hour is None:
            return None
        self._login_times = [when for when in self._login_times if when > now - HOUR]
        if len(self._login_times) >= self.logins_per_hour:
            return errors.LOGIN_RATE_EXCEEDED
        self._login_times.append(now)
        return None
