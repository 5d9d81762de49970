"""A Salesforce DX project, found upward as the Salesforce CLI finds it."""

import pytest

from orgauth.errors import UsageError
from orgauth.sfdx_project import find_project


def test_the_nearest_project_upward_is_found(tmp_path):
    """From any folder inside it."""
    (tmp_path / "sfdx-project.json").write_text('{"sfdcLoginUrl": "https://outer.example.com"}')
    inner = tmp_path / "inner"
    deep = inner / "force-app" / "main"
    deep.mkdir(parents=True)
    assert find_project(deep).root == tmp_path

    (inner / "sfdx-project.json").write_text('{"sfdcLoginUrl": "https://test.salesforce.com"}')
    found = find_project(deep)
    assert (found.root, found.sfdc_login_url) == (inner, "https://test.salesforce.com")


def test_no_project_is_fine(tmp_path):
    """Most CI folders have none."""
    assert find_project(tmp_path) is None


@pytest.mark.parametrize("text", ["{}", '{"sfdcLoginUrl": ""}', '{"sfdcLoginUrl": 3}', "[]"])
def test_a_project_need_not_name_a_login_url(tmp_path, text):
    """Then the next rule decides."""
    (tmp_path / "sfdx-project.json").write_text(text)

    assert find_project(tmp_path).sfdc_login_url is None


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_project_file_that_is_no_json_is_told_with_its_path(tmp_path, content):
    """Silently another login URL would be worse."""
    (tmp_path / "sfdx-project.json").write_bytes(content)

    with pytest.raises(UsageError, match=r"sfdx-project\.json cannot be read"):
        find_project(tmp_path)
