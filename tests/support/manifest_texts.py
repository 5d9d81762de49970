"""Manifests for property tests: first what is to be loaded, then one of many ways to write it.

A value that an org would inherit may be left out or written once more; names are long, short or
foreign; texts are plain, quoted or come from variables; mappings are in block or flow style.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import strategies as st

from orgauth.models import KeyRef, Org, OrgKind
from orgauth.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FOLDER, HOME = "/srv/nightly", "/home/jane"
LOGIN, TEST = "https://login.salesforce.com", "https://test.salesforce.com"

_VISIBLE = st.characters(categories=["L", "N", "P", "S"], exclude_characters="/\\@=")
_WORD = st.text(_VISIBLE, min_size=1, max_size=12)
_LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
_DOMAIN = st.lists(_LABEL, min_size=1, max_size=3).map(lambda labels: ".".join([*labels, "com"]))
_USERNAME = st.builds(
    "{}@{}".format, _WORD.filter(lambda word: not word.startswith(".")), _DOMAIN
) | st.integers(0, 30).map("org-{}@example.com".format)
_ALIAS = _WORD.filter(lambda word: not word.startswith("-"))
_FILE = _WORD.filter(lambda word: not word.startswith(("~", ".")))
_KEY = st.one_of(
    _FILE.map(lambda name: ("jwt_key_file", name, f"{FOLDER}/{name}")),
    _FILE.map(lambda name: ("jwt_key_file", f"./keys/{name}", f"{FOLDER}/keys/{name}")),
    _FILE.map(lambda name: ("jwt_key_file", f"/etc/{name}", f"/etc/{name}")),
    _FILE.map(lambda name: ("jwt_key_file", f"~/{name}", f"{HOME}/{name}")),
    st.sampled_from(["KEY_1", "KEY_2"]).map(lambda name: ("jwt_key_env", name, name)),
)
_URL = st.one_of(
    st.sampled_from([LOGIN, TEST, "http://127.0.0.1:8080", "http://localhost", "https://[::1]:8"]),
    _DOMAIN.map("https://{}".format),
    st.builds("https://{}:{}".format, _DOMAIN, st.integers(1, 65535).filter(lambda n: n != 443)),
)
_AUDIENCE = _URL | st.builds("https://{}/{}".format, _DOMAIN, _LABEL)
_INHERITED = {
    "client_id": _WORD,
    "key": _KEY,
    "passphrase": st.sampled_from(["PASS_1", "PASS_2"]) | st.none(),
    "audience": _AUDIENCE,
    "new": st.booleans(),
}
_OWN = st.fixed_dictionaries({}, optional={**_INHERITED, "instance_url": _URL})
_URLS = {"instance_url": _URL, "scratch_instance_url": _URL}
_DEFAULTS = st.fixed_dictionaries({}, optional={**_INHERITED, **_URLS}) | st.fixed_dictionaries(
    {"client_id": _WORD, "key": _KEY}, optional=_URLS
)
_SETTINGS = {
    "concurrency": st.integers(1, 1000),
    "per_host": st.integers(1, 1000),
    "requests_per_second": st.none() | st.floats(0.001, 100_000),
    "timeout_seconds": st.floats(0, 86_400, exclude_min=True) | st.integers(1, 86_400),
}
# Other programs may take such a text for something else where it is not quoted.
_BETTER_QUOTED = re.compile(r"[^A-Za-z/]|(?i:null|true|false)\Z")


@dataclass(frozen=True)
class WrittenManifest:
    """A text, and what it says."""

    data: bytes
    environ: Mapping[str, str]
    orgs: tuple[Org, ...]
    settings: Settings


@st.composite
def written_manifests(draw: Callable[..., Any]) -> WrittenManifest:
    """Return a manifest of a few orgs, and what has to come out."""
    # How a thing is written is one choice, not hundreds: they are what costs hypothesis time.
    hand = random.Random(draw(st.integers(0, 2**32)))
    writer = _Writer(draw, hand)
    settings = draw(st.fixed_dictionaries({}, optional=_SETTINGS))
    content: dict[str, Any] = {"version": 1, **writer.content()}
    if settings or hand.random() < 0.5:
        content["settings"] = settings or None
    keys = hand.sample(list(content), len(content))
    text = _yaml({key: content[key] for key in keys}, hand)
    mark = hand.choice([b"\xef\xbb\xbf", b""])
    loaded = {"per_host": settings.get("concurrency", 32), **settings}
    return WrittenManifest(mark + text, writer.environ, tuple(writer.orgs), Settings(**loaded))


class _Writer:
    """Makes up orgs, and the mappings that say them."""

    def __init__(self, draw: Callable[..., Any], hand: random.Random) -> None:
        self._draw = draw
        self._hand = hand
        self.environ = {"HOME": HOME, "UNSET": ""}
        self.environ |= dict.fromkeys(("KEY_1", "KEY_2", "PASS_1", "PASS_2"), "made up")
        self.orgs: list[Org] = []
        lower = str.lower
        self._usernames = draw(st.lists(_USERNAME, min_size=1, max_size=8, unique_by=lower))
        count = len(self._usernames)
        self._aliases = draw(st.lists(_ALIAS, min_size=count, max_size=count, unique=True))
        self._left = {"set_default", "set_default_dev_hub"}
        self._defaults = draw(_DEFAULTS)

    def content(self) -> dict[str, Any]:
        hubs, others = [], []
        while self._usernames:
            if self._draw(st.booleans()):
                hubs.append(self._hub())
            else:
                kind = self._draw(st.sampled_from(["production", "sandbox", "scratch"]))
                others.append((OrgKind(kind), self._usernames.pop()))
        # Whatever the order of the sections, Dev Hubs come first.
        found: dict[str, Any] = {}
        if hubs:
            found["dev_hubs"] = hubs
        if others:
            found["orgs"] = [self._entry(kind, username, {}) for kind, username in others]
        if self._defaults or self._hand.random() < 0.5:
            found["defaults"] = self._written(self._defaults) or None
        return found

    def _hub(self) -> Any:
        username, draw = self._usernames.pop(), self._draw
        passed_on: dict[str, Any] = {}
        entry = self._entry(OrgKind.DEV_HUB, username, passed_on)
        count = draw(st.integers(0, min(4, len(self._usernames))))
        urls = draw(st.fixed_dictionaries({}, optional={"scratch_instance_url": _URL}))
        if count == 0 and not urls:
            return entry
        entry = entry if isinstance(entry, dict) else {"username": self._text(username)}
        entry |= self._written(urls)
        inherited = {"hub": username, **passed_on, **urls}
        scratch_orgs = [
            self._entry(OrgKind.SCRATCH, self._usernames.pop(), inherited) for _ in range(count)
        ]
        return entry | {"scratch_orgs": scratch_orgs or None}

    def _entry(self, kind: OrgKind, username: str, hub: dict[str, Any]) -> Any:
        """Make up one org, note it, and return how it is written: as a name, or a mapping.

        ``hub`` is what a scratch org's Dev Hub passes on; a Dev Hub fills it in.
        """
        draw, above = self._draw, {**self._defaults}
        if kind is OrgKind.SCRATCH:
            above |= {key: hub[key] for key in ("client_id", "key", "passphrase") if key in hub}
            urls = (level.get("scratch_instance_url") for level in (hub, self._defaults))
            above["instance_url"] = next(filter(None, urls), TEST)
        above.setdefault("instance_url", TEST if kind is OrgKind.SANDBOX else LOGIN)
        above.setdefault("passphrase", None)
        own = draw(st.builds(dict) | _OWN)
        for must in ("client_id", "key"):
            if must not in above and must not in own:
                own[must] = draw(_INHERITED[must])
        has = {**above, **own}
        if kind is OrgKind.DEV_HUB:
            hub.update({key: has[key] for key in ("client_id", "key", "passphrase")})
        entry = self._written(own) | self._names(kind)
        if kind in (OrgKind.SANDBOX, OrgKind.SCRATCH) and "hub" not in hub:
            entry["kind"] = kind.value
        marks = {key: True for key in ("set_default", "set_default_dev_hub") if key in entry}
        alias = entry.get("alias")
        self._note(kind, username, has, alias=alias, dev_hub=hub.get("hub"), **marks)
        if alias is not None:
            entry["alias"] = self._text(alias)
        if not entry and self._hand.random() < 0.5:
            return self._text(username)
        return {"username": self._text(username), **entry}

    def _names(self, kind: OrgKind) -> dict[str, Any]:
        names: dict[str, Any] = {}
        if self._draw(st.booleans()):
            names["alias"] = self._aliases.pop()
        for key in sorted(self._left):
            fits = key == "set_default" or kind is OrgKind.DEV_HUB
            if fits and self._hand.randrange(5) == 0:
                names[key] = True
                self._left.remove(key)
        return names

    def _note(self, kind: OrgKind, username: str, has: dict[str, Any], **more: Any) -> None:
        in_test = kind in (OrgKind.SANDBOX, OrgKind.SCRATCH)
        name, _, location = has["key"]
        url = has["instance_url"]
        usual = url if url in (LOGIN, TEST) else TEST if in_test else LOGIN
        self.orgs.append(
            Org(
                username=username,
                client_id=has["client_id"],
                key=KeyRef(name.removeprefix("jwt_key_"), location, has["passphrase"]),
                login_url=url,
                audience=has.get("audience", usual),
                audience_is_explicit="audience" in has,
                kind=kind,
                is_new=kind is OrgKind.SCRATCH or has.get("new", False),
                **more,
            )
        )

    def _written(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values under the manifest's own keys, in some order and form."""
        found: dict[str, Any] = {}
        for key in self._hand.sample(list(values), len(values)):
            value = values[key]
            if key == "key":
                found[value[0]] = self._text(value[1])
            elif key == "passphrase":
                found["jwt_key_passphrase_env"] = value and self._text(value)
            elif key.endswith("instance_url"):
                forms = [value, f"{value}/", value.upper().replace("HTTP", "http")]
                found[key] = self._text(self._hand.choice(forms))
            else:
                found[key] = self._text(value) if isinstance(value, str) else value
        return found

    def _text(self, value: str) -> str:
        """Write a text as it is, or with a variable for a part of it."""
        literal = value.replace("${", "$${")
        match self._hand.randrange(8):
            case 0 if "}" not in value and "${" not in value:
                return self._hand.choice(["${UNSET:-%s}", "${NOBODY:-%s}"]) % value
            case 1:
                name = f"VALUE_{len(self.environ)}"
                self.environ[name] = value
                return f"${{{name}}}"
            case _:
                return literal


def _yaml(content: dict[str, Any], hand: random.Random) -> bytes:
    class Dumper(yaml.SafeDumper):
        def represent_str(self, data: str) -> Any:
            styles = ["'", '"'] if _BETTER_QUOTED.match(data) else [None, "'", '"', "|", ">"]
            return self.represent_scalar("tag:yaml.org,2002:str", data, hand.choice(styles))

        def represent_dict(self, data: dict[str, Any]) -> Any:
            flow = hand.randrange(4) == 0
            return self.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=flow)

    Dumper.add_representer(str, Dumper.represent_str)
    Dumper.add_representer(dict, Dumper.represent_dict)
    return yaml.dump(
        content,
        Dumper=Dumper,
        encoding="utf-8",
        allow_unicode=hand.random() < 0.5,
        line_break=hand.choice(["\n", "\r\n", "\r"]),
        indent=hand.randint(2, 6),
        width=hand.choice([20, 80, 1000]),
        explicit_start=hand.random() < 0.5,
    )
