"""Fixtures for whole runs: a simulated Salesforce, a manifest of it, a home of the test's own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import hypothesis
import pytest

from orgauth.simulator import BackgroundSimulator
from orgauth.simulator.rehearsal import Size, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from orgauth.simulator import World
    from orgauth.simulator.rehearsal import Rehearsal

# Everybody tries the same examples, so that nobody's change fails for another's reason.
# HYPOTHESIS_PROFILE=thorough tries many new ones, for an hour or so.
hypothesis.settings.register_profile(
    "same",
    max_examples=100,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile(
    "thorough",
    hypothesis.settings.get_profile("same"),
    max_examples=5000,
    derandomize=False,
    print_blob=True,
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(scope="session")
def rehearsal_key(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A key and its certificate, made once: making them takes longer than most tests."""
    folder = tmp_path_factory.mktemp("key")
    rehearsal = prepare(folder, Size(dev_hubs=0, scratch_orgs=0, sandboxes=0, late=0))
    return rehearsal.key_file.read_bytes(), rehearsal.certificate_file.read_bytes()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and an environment that says nothing of Salesforce."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("SF_USE_GENERIC_UNIX_KEYCHAIN", "true")
    for name in ("SF_AUDIENCE_URL", "SF_ORG_INSTANCE_URL", "SF_CRYPTO_V2"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    return folder


class Salesforce:
    """A simulated Salesforce that runs, the rehearsal it serves, and its manifest."""

    def __init__(self, rehearsal: Rehearsal, simulator: BackgroundSimulator) -> None:
        self.rehearsal = rehearsal
        self.world: World = rehearsal.world
        self.simulator = simulator
        self.url = simulator.url
        self.manifest = rehearsal.write_manifest(simulator.url)

    def change_manifest(self, old: str, new: str) -> None:
        """Replace a text of the manifest that must be there."""
        text = self.manifest.read_text()
        assert old in text
        self.manifest.write_text(text.replace(old, new))


@pytest.fixture
def salesforce(
    tmp_path: Path,
    home: Path,
    rehearsal_key: tuple[bytes, bytes],
) -> Iterator[Callable[..., Salesforce]]:
    """Start simulated Salesforces; ``salesforce(dev_hubs=1, …)`` takes ``Size``'s arguments."""
    started: list[BackgroundSimulator] = []

    def start(**size: int) -> Salesforce:
        folder = tmp_path / f"salesforce{len(started)}"
        folder.mkdir()
        key, certificate = rehearsal_key
        (folder / "server.key").write_bytes(key)
        (folder / "server.key").chmod(0o600)
        (folder / "server.crt").write_bytes(certificate)
        counts = {"dev_hubs": 1, "scratch_orgs": 2, "sandboxes": 1, "late": 0} | size
        rehearsal = prepare(folder, Size(**counts))
        simulator = BackgroundSimulator(rehearsal.world)
        simulator.__enter__()
        started.append(simulator)
        return Salesforce(rehearsal, simulator)

    yield start
    for simulator in started:
        simulator.__exit__(None, None, None)
