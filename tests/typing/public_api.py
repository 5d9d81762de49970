"""A typed program over the public API: mypy checks it with everything else; it is not run."""

from typing import assert_never, assert_type

import orgauth


async def loop() -> list[str]:
    """Outcomes are a closed union; each member has the fields that the README promises."""
    tokens: list[str] = []
    async for outcome in orgauth.authorize("orgs.yaml", only=["uat"], if_needed=True):
        assert_type(outcome.org, orgauth.Org)
        match outcome:
            case orgauth.Authorized(credentials=credentials):
                assert_type(credentials, orgauth.Credentials)
                tokens.append(credentials.access_token.reveal())
            case orgauth.Reused(credentials=credentials, facts=facts):
                assert_type(facts, orgauth.OrgFacts)
                tokens.append(credentials.access_token.reveal())
            case orgauth.Failed(failure=failure) | orgauth.Skipped(failure=failure):
                assert_type(failure.kind, orgauth.FailureKind)
                assert_type(failure.advice, str)
            case _:
                assert_never(outcome)
    return tokens


def script() -> None:
    """The synchronous form; errors have one root."""
    try:
        outcomes = orgauth.authorize_all("orgs.yaml")
    except orgauth.ManifestError as error:
        assert_type(error.problems, tuple[orgauth.Problem, ...])
    except orgauth.OrgauthError as error:
        assert_type(error.advice, str)
    else:
        assert_type(outcomes, list[orgauth.Outcome])
