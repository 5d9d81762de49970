from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Parse, ProblemsOf

HEAD = "version: 1\ndefaults: {client_id: x, jwt_key_file: k}\n"


def test_usernames_stand_once_whatever_their_case(problems_of: ProblemsOf) -> None:
    """Salesforce makes no difference between cases; the later one in the file is pointed at."""
    assert problems_of(
        HEAD
        + "orgs: [a@example.com]\n"
        + "dev_hubs:\n- {username: h@example.com, scratch_orgs: [A@example.com]}\n"
        + "- H@EXAMPLE.com\n"
    ) == [
        '5:44: the user name "A@example.com" is already on line 3',
        '6:3: the user name "H@EXAMPLE.com" is already on line 5',
    ]


def test_aliases_stand_once(problems_of: ProblemsOf) -> None:
    """Two orgs of one alias would overwrite each other; case makes a difference."""
    assert problems_of(
        HEAD
        + "orgs:\n- {username: a@b.com, alias: x}\n- {username: c@d.com, alias: X}\n"
        + "- {username: e@f.com, alias: x}\n"
    ) == ['6:30: the alias "x" is already on line 4']


def test_an_alias_is_no_other_orgs_username(parse: Parse, problems_of: ProblemsOf) -> None:
    """An org's own user name as its alias is pointless, but harms nobody."""
    own = HEAD + "orgs:\n- {username: a@b.com, alias: A@b.com}\n"
    assert parse(own).orgs[0].alias == "A@b.com"
    assert problems_of(own + "- {alias: a@B.com}\n- {username: c@d.com, alias: A@B.com}") == [
        "5:3: username is missing in an entry of orgs",
        '5:11: the alias "a@B.com" is another org\'s user name, on line 4',
        '6:30: the alias "A@B.com" is another org\'s user name, on line 4',
    ]


def test_one_org_is_the_default(parse: Parse, problems_of: ProblemsOf) -> None:
    """One default org and one default Dev Hub, which can be the same."""
    hub = "dev_hubs:\n- {username: h@b.com, set_default: true, set_default_dev_hub: true}\n"
    (org,) = parse(HEAD + hub).orgs
    assert org.set_default
    assert org.set_default_dev_hub
    more = "- {username: i@b.com, set_default_dev_hub: true}\norgs:\n"
    assert problems_of(
        HEAD + hub + more + "- {username: c@d.com, set_default: true}\n"
        "- {username: e@d.com, set_default: false}\n"
    ) == [
        "5:44: set_default_dev_hub: true is already on line 4",
        "7:36: set_default: true is already on line 4",
    ]


def test_one_name_by_two_aliases_of_yaml_is_a_duplicate(problems_of: ProblemsOf) -> None:
    """An anchor does not hide that a name stands twice."""
    assert problems_of(HEAD + "orgs: [&a a@example.com, *a]") == [
        '3:26: the user name "a@example.com" is already on line 3'
    ]


def test_what_is_merged_into_two_orgs_is_a_duplicate(problems_of: ProblemsOf) -> None:
    """A merge key can bring one name, or a whole list of scratch orgs, to two places."""
    assert problems_of(
        HEAD
        + "dev_hubs:\n- &h {username: h@b.com, scratch_orgs: [a@b.com], set_default: true}\n"
        + "- {<<: *h, username: i@b.com}\n"
        + "orgs: [&o {username: c@b.com, alias: c}, *o]\n"
    ) == [
        '4:41: the user name "a@b.com" is taken over by two orgs',
        "4:64: set_default: true is taken over by two orgs",
        '6:22: the user name "c@b.com" is taken over by two orgs',
        '6:38: the alias "c" is taken over by two orgs',
    ]
