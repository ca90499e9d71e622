"""The tokens of a file: which are valid, and that a change of the file is seen."""

from pathlib import Path

import pytest

from router.web.tokens import TokenFile, TokensUnavailableError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "token"


def test_every_line_is_valid_but_comments_and_empty_ones(file: Path) -> None:
    file.write_text("# of the old Alertmanager\nold \r\n\n   # until Friday\n  new\n")
    tokens = TokenFile(file)

    assert [tokens.allows(f"Bearer {one}") for one in ("old", "new")] == [True, True]
    for none in ("", "# of the old Alertmanager", "#", "old new", "ol", "oldnew", "NEW"):
        assert not tokens.allows(f"Bearer {none}")


@pytest.mark.parametrize("header", ["old", "Basic old", "Bearerold", "", "Bearer", "bearer, old"])
def test_only_a_bearer_token_is_taken(file: Path, header: str) -> None:
    file.write_text("old\n")
    assert not TokenFile(file).allows(header)
    assert TokenFile(file).allows("bearer  old")  # the scheme in any case, by RFC 9110, 11.1


def test_a_changed_file_is_read_again_also_when_it_keeps_its_size(file: Path) -> None:
    file.write_text("first\n")
    tokens = TokenFile(file)
    assert tokens.allows("Bearer first")

    written = file.with_suffix(".new")
    written.write_text("other\n")
    written.rename(file)  # as Kubernetes and careful editors replace it

    assert tokens.allows("Bearer other")
    assert not tokens.allows("Bearer first")


@pytest.mark.parametrize("content", ["", "\n \n", "# only\n# comments\n"])
def test_a_file_without_a_token_lets_nobody_in_and_says_so(file: Path, content: str) -> None:
    file.write_text(content)
    tokens = TokenFile(file)
    for ask in (tokens.check, lambda: tokens.allows("Bearer ")):
        with pytest.raises(TokensUnavailableError, match="holds no token"):
            ask()


def test_a_file_that_comes_back_is_read(file: Path) -> None:
    tokens = TokenFile(file)
    with pytest.raises(TokensUnavailableError, match="No such file"):
        tokens.check()
    file.write_text("back\n")
    assert tokens.allows("Bearer back")
