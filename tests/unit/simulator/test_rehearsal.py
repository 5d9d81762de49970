from __future__ import annotations

import aiohttp
import jwt
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from orgauth.simulator import Simulator
from orgauth.simulator.rehearsal import CLIENT_ID, Size, prepare


@pytest.fixture
def folder(tmp_path, key):
    """A folder with a key in it, which saves making one."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "server.key").write_bytes(pem)
    return tmp_path


def test_a_new_key(tmp_path):
    """A fresh folder gets an RSA-2048 key for its owner's eyes only, and its certificate."""
    rehearsal = prepare(tmp_path / "new" / "folder", Size(1, 0, 0, 0, 0))
    key = load_pem_private_key(rehearsal.key_file.read_bytes(), None)
    assert key.key_size == 2048
    assert rehearsal.key_file.stat().st_mode & 0o777 == 0o600
    pem = rehearsal.certificate_file.read_bytes()
    assert len(pem) < 4096
    assert x509.load_pem_x509_certificate(pem).public_key() == key.public_key()


def test_what_lies_there_is_used_again(folder, key):
    """A key stays, its certificate too; what is another's is never written over."""
    first = prepare(folder)
    pem = first.certificate_file.read_bytes()
    assert prepare(folder).certificate_file.read_bytes() == pem
    assert load_pem_private_key(first.key_file.read_bytes(), None).public_key() == key.public_key()
    other = prepare(folder / "other", Size(1, 0, 0, 0, 0)).certificate_file.read_bytes()
    first.certificate_file.write_bytes(other)
    with pytest.raises(FileExistsError, match="another key"):
        prepare(folder)
    assert first.certificate_file.read_bytes() == other


def test_a_persons_own_folder_is_left_as_it_is(tmp_path):
    """A manifest, or a certificate without its key, that no rehearsal made: nothing is written."""
    for name, content in (("orgs.yaml", "version: 1\n"), ("server.crt", "somebody's")):
        folder = tmp_path / name.replace(".", "-")
        folder.mkdir()
        (folder / name).write_text(content)
        with pytest.raises(FileExistsError, match="another folder"):
            prepare(folder)
        assert [path.name for path in folder.iterdir()] == [name]
        assert (folder / name).read_text() == content


def test_a_key_with_a_passphrase_is_refused(tmp_path, key):
    """It cannot be opened, and is not written over."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (tmp_path / "server.key").write_bytes(pem)
    with pytest.raises(ValueError, match="has a passphrase"):
        prepare(tmp_path)
    assert (tmp_path / "server.key").read_bytes() == pem


def test_other_keys_are_refused(tmp_path):
    """An EC key that lies there is no use, and is not written over."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "server.key").write_bytes(pem)
    with pytest.raises(ValueError, match="no RSA key"):
        prepare(tmp_path)
    assert (tmp_path / "server.key").read_bytes() == pem


def test_the_demonstration(folder):
    """By default: 2 hubs, 45 scratch orgs spread over them, 10 of them late, 3 sandboxes."""
    rehearsal = prepare(folder)
    hubs = [org for org in rehearsal.world.orgs if org.kind == "dev_hub"]
    assert [len(hub.scratch_orgs) for hub in hubs] == [23, 22]
    late = [org for org in rehearsal.world.orgs if org._hidden_seconds]
    assert len(late) == 10
    assert {org.hub for org in late} == set(hubs)
    assert {org._hidden_seconds for org in late} == {5.0}
    assert str(rehearsal.size) == (
        "2 Dev Hubs, 45 scratch orgs (10 replicating 5 s late), 3 sandboxes"
    )


def test_sizes():
    """What cannot be is refused, and one of a kind is not many."""
    assert str(Size(1, 1, 1, 1, 0)) == "1 Dev Hub, 1 scratch org, 1 sandbox, 1 production org"
    with pytest.raises(ValueError, match="fewer than 0"):
        Size(dev_hubs=-1)
    with pytest.raises(ValueError, match="at least one Dev Hub"):
        Size(dev_hubs=0)
    with pytest.raises(ValueError, match="11 scratch orgs cannot be late where there are 10"):
        Size(scratch_orgs=10, late=11)


def test_manifest(folder):
    """The manifest is YAML with comments on top, and names every org once."""
    rehearsal = prepare(folder, Size(2, 3, 1, 2, 1, 10.0))
    path = rehearsal.write_manifest("http://127.0.0.1:1234")
    text = path.read_text()
    assert text.startswith("# A rehearsal, made by `orgauth simulate`: every org here is simulated")
    assert yaml.safe_load(text) == {
        "version": 1,
        "defaults": {
            "client_id": CLIENT_ID,
            "jwt_key_file": "server.key",
            "instance_url": "http://127.0.0.1:1234",
            "scratch_instance_url": "http://127.0.0.1:1234",
        },
        "dev_hubs": [
            {
                "username": "hub1@acme.example.com",
                "alias": "hub1",
                "set_default_dev_hub": True,
                "scratch_orgs": [
                    {
                        "username": "test-0001@example.com",
                        "alias": "hub1-1",
                        "set_default": True,
                    },
                    {"username": "test-0003@example.com", "alias": "hub1-2"},
                ],
            },
            {
                "username": "hub2@acme.example.com",
                "alias": "hub2",
                "scratch_orgs": [{"username": "test-0002@example.com", "alias": "hub2-1"}],
            },
        ],
        "orgs": [
            {
                "username": "ci@acme.example.com.sandbox1",
                "alias": "sandbox1",
                "kind": "sandbox",
            },
            {"username": "ci@acme1.example.com", "alias": "production1"},
            {"username": "ci@acme2.example.com", "alias": "production2"},
        ],
        "retry": {
            "not_approved": {"initial_seconds": 0.5, "max_seconds": 2, "timeout_seconds": 100}
        },
    }


@pytest.mark.parametrize(
    ("size", "sections"),
    [
        (Size(1, 0, 0, 0, 0), {"version", "defaults", "dev_hubs", "retry"}),
        (Size(0, 0, 1, 0, 0), {"version", "defaults", "orgs", "retry"}),
    ],
)
def test_manifest_of_one_kind(folder, size, sections):
    """A kind of which there is none has no section, and an empty hub no list."""
    document = yaml.safe_load(prepare(folder, size).manifest_text("http://127.0.0.1:1"))
    assert set(document) == sections
    assert "scratch_orgs" not in document.get("dev_hubs", [{}])[0]


def test_somebody_elses_manifest(folder):
    """A manifest that a person wrote is not written over; a rehearsal's own is."""
    rehearsal = prepare(folder)
    rehearsal.write_manifest("http://127.0.0.1:1")
    rehearsal.write_manifest("http://127.0.0.1:2")
    assert "127.0.0.1:2" in rehearsal.manifest_file.read_text()
    rehearsal.manifest_file.write_text("version: 1\n")
    with pytest.raises(FileExistsError, match="name another folder"):
        rehearsal.write_manifest("http://127.0.0.1:3")
    assert rehearsal.manifest_file.read_text() == "version: 1\n"


async def test_every_org_of_the_manifest_logs_in(folder):
    """Key, certificate, manifest and world belong together."""
    rehearsal = prepare(folder, Size(1, 2, 1, 1, 0))
    async with Simulator(rehearsal.world) as simulator, aiohttp.ClientSession() as session:
        document = yaml.safe_load(rehearsal.write_manifest(simulator.url).read_text())
        hub = document["dev_hubs"][0]
        wanted = {hub["username"]: "login"}
        wanted |= {org["username"]: "test" for org in hub["scratch_orgs"]}
        wanted |= {
            org["username"]: "test" if org.get("kind") == "sandbox" else "login"
            for org in document["orgs"]
        }
        assert len(wanted) == 5
        key = (folder / document["defaults"]["jwt_key_file"]).read_bytes()
        for username, host in wanted.items():
            claims = {
                "iss": document["defaults"]["client_id"],
                "sub": username,
                "aud": f"https://{host}.salesforce.com",
                "exp": int(rehearsal.world.clock()) + 180,
            }
            form = {
                "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "assertion": jwt.encode(claims, key, "RS256"),
            }
            url = f"{document['defaults']['instance_url']}/services/oauth2/token"
            async with session.post(url, data=form) as response:
                assert response.status == 200
