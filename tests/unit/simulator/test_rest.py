from __future__ import annotations

import pytest

from orgauth.simulator import query
from orgauth.simulator.ids import id18

HUB = "hub@acme.example.com"
SCRATCH = "test-abc@example.com"
TEST = "https://test.salesforce.com"
SESSION_GONE = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
NOT_FOUND = [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]


@pytest.fixture
def hub(client, world):
    hub = world.org(HUB)
    world.scratch_org(SCRATCH, hub=hub, expires="2026-12-01", name="Feature")
    return hub


async def test_versions_need_no_token(client):
    """The list of versions is public, ordered, and labelled by season."""
    answer = await client.request("GET", "/services/data")
    assert answer.status == 200
    assert answer.json[-1] == {
        "label": "Spring '26",
        "url": "/services/data/v66.0",
        "version": "66.0",
    }
    assert answer.json[0]["label"] == "Summer '14"
    assert answer.json == (await client.request("GET", "/services/data/")).json


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/services/data/v60.0"),
        ("GET", "/services/data/v60.0/query?q=SELECT+Id+FROM+User"),
        ("GET", "/services/data/v60.0/limits"),
        ("POST", "/services/data/v60.0/composite/batch"),
    ],
)
async def test_bearer_is_checked(client, method, path):
    """Without a token that works, every resource answers 401 in Salesforce's words."""
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic x"}):
        answer = await client.request(method, path, headers=headers)
        assert (answer.status, answer.json) == (401, SESSION_GONE)


@pytest.mark.parametrize(
    "path",
    ["/", "/services/data/v60.0/nonsense", "/services/data/v99.0/limits", "/services/data/x"],
)
async def test_unknown_paths(client, hub, path):
    """What does not exist is 404 in the REST API's form, with a token or without."""
    answer = await client.get(path, await client.token(HUB))
    assert (answer.status, answer.json) == (404, NOT_FOUND)


async def test_other_methods(client, hub):
    """A resource that can only be read is not found for POST."""
    answer = await client.request("POST", "/services/data/v60.0/limits")
    assert answer.status == 404


async def test_organization_by_kind(client, world, hub, app):
    """IsSandbox and a trial date tell scratch org, sandbox and production apart."""
    world.sandbox("s@acme.example.com.uat", app=app)
    soql = (
        "SELECT Name, InstanceName, IsSandbox, TrialExpirationDate, NamespacePrefix, "
        "OrganizationType FROM Organization"
    )
    seen = {}
    for org in world.orgs:
        answer = await client.query(soql, await client.token(org.username, aud=org.audience))
        (record,) = answer.json["records"]
        assert record["attributes"]["type"] == "Organization"
        assert record["InstanceName"] == "SIM1"
        seen[org.kind] = (record["IsSandbox"], record["TrialExpirationDate"])
    assert seen == {
        "dev_hub": (False, None),
        "sandbox": (True, None),
        "scratch": (True, "2026-12-01T00:00:00.000+0000"),
    }


async def test_scratch_orgs_of_a_hub(client, world, hub):
    """A hub tells of its scratch orgs by their 15-character ids, compared without case."""
    scratch = world.org(SCRATCH)
    fields = "Id, expirationdate, ScratchOrg, LoginUrl, OrgName, CreatedBy.Username"
    where = f"ScratchOrg = '{scratch.org_id.lower()}' AND Status = 'Active'"
    soql = f"SELECT {fields} FROM scratchorginfo WHERE {where}"  # noqa: S608 - no database here
    answer = await client.query(soql, await client.token(HUB))
    full = id18(scratch.info_id)
    assert answer.json == {
        "totalSize": 1,
        "done": True,
        "records": [
            {
                "attributes": {
                    "type": "ScratchOrgInfo",
                    "url": f"/services/data/v60.0/sobjects/ScratchOrgInfo/{full}",
                },
                "Id": full,
                "ExpirationDate": "2026-12-01",
                "ScratchOrg": scratch.org_id,
                "LoginUrl": client.simulator.url,
                "OrgName": "Feature",
                "CreatedBy": {"attributes": {"type": "User"}, "Username": HUB},
            }
        ],
    }


async def test_active_scratch_orgs(client, world, hub):
    """A deleted scratch org stays in ScratchOrgInfo and leaves ActiveScratchOrg."""
    world.org(SCRATCH).status = "Deleted"
    token = await client.token(HUB)
    info = await client.query("SELECT Status FROM ScratchOrgInfo", token)
    active = await client.query("SELECT Id FROM ActiveScratchOrg", token)
    assert (info.json["totalSize"], active.json["totalSize"]) == (1, 0)


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Id FROM ScratchOrgInfo limit 1", "INVALID_TYPE"),
        ("SELECT Id FROM Nonsense", "INVALID_TYPE"),
        ("SELECT Nonsense FROM User", "INVALID_FIELD"),
        ("SELECT Id FROM User WHERE Nonsense = 1", "INVALID_FIELD"),
        ("SELECT Id FROM User ORDER BY Nonsense", "INVALID_FIELD"),
        ("SELECT", "MALFORMED_QUERY"),
    ],
)
async def test_bad_queries(client, world, hub, soql, code):
    """An org that is no hub has no ScratchOrgInfo; other mistakes have codes of their own."""
    token = await client.token(SCRATCH, aud=TEST)
    answer = await client.query(soql, token)
    assert (answer.status, answer.json[0]["errorCode"]) == (400, code)
    columns = {"q": soql, "columns": "true"}
    answer = await client.get("/services/data/v60.0/query", token, params=columns)
    # The columns are those of the SELECT; conditions and order are not looked at.
    expected = 200 if "WHERE" in soql or "ORDER" in soql else 400
    assert answer.status == expected


async def test_columns(client, hub):
    """The Salesforce CLI asks for a query's columns; those of a parent are joined."""
    parameters = {"q": "SELECT id, CreatedBy.Username FROM ScratchOrgInfo", "columns": "true"}
    token = await client.token(HUB)
    answer = await client.get("/services/data/v60.0/query", token, params=parameters)
    columns = answer.json["columnMetadata"]
    assert [one["columnName"] for one in columns] == ["Id", "CreatedBy"]
    assert [one["columnName"] for one in columns[1]["joinColumns"]] == ["Username"]


async def test_count_order_limit(client, world, hub):
    """COUNT(), ORDER BY, LIMIT and OFFSET do what they say."""
    for number in (3, 1, 2):
        world.scratch_org(f"test-{number}@example.com", hub=hub)
    token = await client.token(HUB)
    count = await client.query("SELECT COUNT() FROM ScratchOrgInfo", token)
    assert count.json == {"totalSize": 4, "done": True, "records": []}
    text = "SELECT SignupUsername FROM ScratchOrgInfo ORDER BY SignupUsername {} LIMIT 2 OFFSET 1"
    for direction, expected in (("ASC", ["test-2", "test-3"]), ("DESC", ["test-3", "test-2"])):
        answer = await client.query(text.format(direction), token)
        names = [one["SignupUsername"].partition("@")[0] for one in answer.json["records"]]
        assert names == expected
    nulls = await client.query("SELECT Id FROM ScratchOrgInfo ORDER BY Namespace", token)
    assert nulls.json["totalSize"] == 4


async def test_pages(client, world, hub):
    """More than 2,000 rows come in pages, to be followed by nextRecordsUrl."""
    for number in range(4_500):
        world.scratch_org(f"test-{number}@example.com", hub=hub)
    token = await client.token(HUB)
    page = (await client.query("SELECT ScratchOrg FROM ScratchOrgInfo", token)).json
    rows = page["records"]
    sizes = [len(rows)]
    first_next = page["nextRecordsUrl"]
    while not page["done"]:
        page = (await client.get(page["nextRecordsUrl"], token)).json
        rows += page["records"]
        sizes.append(len(page["records"]))
        assert page["totalSize"] == 4_501
    assert sizes == [2_000, 2_000, 501]
    assert len({row["ScratchOrg"] for row in rows}) == 4_501
    assert "nextRecordsUrl" not in page
    assert world.requests.count("query_more") == 2
    # Another org's token opens no cursor of this one.
    other = await client.token(SCRATCH, aud=TEST)
    answer = await client.get(first_next, other)
    assert answer.json[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


async def test_old_cursors_are_forgotten(client, hub, monkeypatch):
    """Only the newest long queries are remembered."""
    monkeypatch.setattr(query, "PAGE", 0)
    monkeypatch.setattr(query, "REMEMBERED", 1)
    token = await client.token(HUB)
    soql = "SELECT Id FROM ScratchOrgInfo"
    old, new = [(await client.query(soql, token)).json["nextRecordsUrl"] for _ in range(2)]
    assert (await client.get(old, token)).status == 400
    assert (await client.get(new, token)).status == 200


async def test_resources_and_limits(client, world, hub):
    """The list of resources and the limits; those of scratch orgs in a hub only."""
    token = await client.token(HUB)
    resources = await client.get("/services/data/v60.0/", token)
    assert resources.json["query"] == "/services/data/v60.0/query"
    assert resources.json["identity"] == hub.id_url
    limits = await client.get("/services/data/v60.0/limits", token)
    assert limits.json["ActiveScratchOrgs"]["Remaining"] == 99_999
    other = await client.token(SCRATCH, aud=TEST)
    answer = await client.get("/services/data/v60.0/limits", other)
    assert list(answer.json) == ["DailyApiRequests"]


async def test_sobject(client, hub):
    """One record by its id, 15 or 18 characters; any other is not found."""
    token = await client.token(HUB)
    base = "/services/data/v60.0/sobjects/User/"
    for record_id in (hub.user_id, id18(hub.user_id)):
        answer = await client.get(base + record_id, token)
        assert answer.json["Username"] == HUB
    for path in (base + "0" * 15, base, "/services/data/v60.0/sobjects/X/1"):
        assert (await client.get(path, token)).status == 404


async def test_tooling_query(client, hub):
    """The tooling API's query answers like the other."""
    path = "/services/data/v60.0/tooling/query?q=SELECT+Id+FROM+Organization"
    assert (await client.get(path, await client.token(HUB))).json["totalSize"] == 1


async def batch(client, body, username=HUB, **claims):
    token = await client.token(username, **claims)
    headers = {"Authorization": f"Bearer {token}"}
    path = "/services/data/v59.0/composite/batch"
    options = {"data": body} if isinstance(body, bytes) else {"json": body}
    return await client.request("POST", path, headers=headers, **options)


async def test_batch(client, hub):
    """Several requests in one, each with its own status; urls are relative to /services/data."""
    urls = [
        "v59.0/query?q=SELECT+Id+FROM+Organization",
        "/services/data/v59.0/query/?q=SELECT%20Id%20FROM%20Nonsense",
        "/v59.0/limits",
        "nonsense",
        "v59.0/composite/batch",
    ]
    body = {"batchRequests": [{"method": "Get", "url": url} for url in urls]}
    answer = await batch(client, body)
    assert answer.status == 200
    assert answer.json["hasErrors"] is True
    results = answer.json["results"]
    assert [one["statusCode"] for one in results] == [200, 400, 200, 404, 404]
    assert results[0]["result"]["records"][0]["Id"] == id18(hub.org_id)
    assert results[1]["result"][0]["errorCode"] == "INVALID_TYPE"


async def test_batch_that_halts(client, hub):
    """With haltOnError nothing after the first failure is done."""
    urls = ["v59.0/limits", "v59.0/x", "v59.0/limits"]
    requests = [{"method": "GET", "url": url} for url in urls]
    answer = await batch(client, {"batchRequests": requests, "haltOnError": True})
    assert [one["statusCode"] for one in answer.json["results"]] == [200, 404, 412]


@pytest.mark.parametrize(
    "body", [b"no json", b"[]", b"{}", b'{"batchRequests": 7}', b'{"batchRequests": [{}]}', b"7"]
)
async def test_malformed_batches(client, hub, body):
    """A batch that cannot be read is refused as a whole."""
    answer = await batch(client, body)
    assert (answer.status, answer.json[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


async def test_batch_limit(client, hub):
    """A batch has at most 25 requests."""
    one = {"method": "GET", "url": "v59.0/limits"}
    assert (await batch(client, {"batchRequests": [one] * 25})).status == 200
    answer = await batch(client, {"batchRequests": [one] * 26})
    assert answer.json[0]["errorCode"] == "LIMIT_EXCEEDED"


async def test_userinfo(client, hub):
    """Who is logged in, and the OAuth endpoints' own words for a bad token."""
    answer = await client.get("/services/oauth2/userinfo", await client.token(HUB))
    assert answer.json["preferred_username"] == HUB
    assert answer.json["organization_id"] == id18(hub.org_id)
    answer = await client.get("/services/oauth2/userinfo", "nonsense")
    assert (answer.status, answer.body) == (403, b"Bad_OAuth_Token")


async def test_revoke(client, world, hub):
    """A revoked token opens nothing; revoking it again is an error."""
    token = await client.token(HUB)
    other = await client.token(HUB)
    for status in (200, 400):
        answer = await client.request("POST", "/services/oauth2/revoke", data={"token": token})
        assert answer.status == status
    assert (await client.get("/services/data/v60.0/limits", token)).status == 401
    assert (await client.get("/services/data/v60.0/limits", other)).status == 200
    answer = await client.request("GET", "/services/oauth2/revoke", params={"token": other})
    assert answer.status == 200
    assert hub.tokens == []


async def test_tokens_revoked_by_the_world(client, world, hub):
    """All tokens of an org can be made worthless at once; a new login works."""
    tokens = [await client.token(HUB) for _ in range(2)]
    hub.revoke_tokens()
    for token in tokens:
        assert (await client.get("/services/data/v60.0/limits", token)).status == 401
    fresh = await client.token(HUB)
    assert (await client.get("/services/data/v60.0/limits", fresh)).status == 200


async def test_calls_refused_though_the_login_works(client, hub):
    """An org can let everybody in and refuse every call."""
    hub.refuses_calls(times=1)
    token = await client.token(HUB)
    answer = await client.get("/services/data/v60.0/limits", token)
    assert (answer.status, answer.json[0]["errorCode"]) == (403, "API_DISABLED_FOR_ORG")
    assert (await client.get("/services/data/v60.0/limits", token)).status == 200
