from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import ProblemsOf

HEAD = "version: 1\ndefaults: {client_id: x, jwt_key_file: k}\norgs:\n"


def test_a_hundred_problems_are_shown_and_the_rest_counted(problems_of: ProblemsOf) -> None:
    """Nobody reads more, and the count says how bad it is."""
    assert len(problems_of(HEAD + "- user\n" * 100)) == 100
    one_more = problems_of(HEAD + "- user\n" * 101)
    assert one_more[-2:] == [
        '103:3: username "user" has not the form of an e-mail address, name@example.com',
        "104:3: … and 1 more problem",
    ]
    assert problems_of(HEAD + "- user\n" * 345)[-1] == "104:3: … and 245 more problems"


def test_a_file_of_nothing_but_mistakes_is_given_up(problems_of: ProblemsOf) -> None:
    """Neither time nor memory is spent on the hundred-thousandth mistake."""
    assert problems_of(HEAD + "- 1\n" * 20_000)[-1] == "104:3: … and at least 9,900 more problems"


def test_what_a_message_repeats_cannot_move_the_cursor(problems_of: ProblemsOf) -> None:
    """An escape sequence written as an escape in YAML reaches no terminal."""
    (problem,) = problems_of(HEAD + '- "a\\e[2J\\n::error::@example.com"\n')
    assert "\\x1b[2J\\n\\x3a:error::" in problem
    assert problem.isprintable()
    (problem,) = problems_of(HEAD + '- {username: a@example.com, "\\e\\u202e": 1}\n')
    assert 'unknown key "\\x1b\\u202e"' in problem
