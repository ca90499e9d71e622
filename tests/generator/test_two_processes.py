"""Work shared with a second process gives what one process gives, failures included."""

import os

import pytest

from generator.two_processes import FEWEST, map_rendered


def _square(number: int) -> str:
    return f"{number * number} ñ\n"


@pytest.mark.parametrize("number", [0, 1, FEWEST - 1, FEWEST, FEWEST + 1, 40 * FEWEST])
def test_texts_come_back_in_order(number: int) -> None:
    assert map_rendered(_square, range(number)) == [_square(value) for value in range(number)]


def test_more_text_than_a_pipe_holds_comes_back_whole() -> None:
    def long(number: int) -> str:
        return f"{number}" * 100_000

    assert map_rendered(long, range(FEWEST)) == [long(value) for value in range(FEWEST)]


def test_two_processes_work_where_the_system_can_fork() -> None:
    processes = set(map_rendered(lambda _: str(os.getpid()), range(FEWEST)))

    assert len(processes) == 2
    assert str(os.getpid()) in processes


def test_one_process_works_where_the_system_cannot_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")

    assert set(map_rendered(lambda _: str(os.getpid()), range(FEWEST))) == {str(os.getpid())}


@pytest.mark.parametrize("wrong", [0, FEWEST - 1])
def test_what_fails_in_either_process_is_raised_here(wrong: int) -> None:
    def refuse(number: int) -> str:
        if number == wrong:
            raise ValueError(f"not {number}")
        return "x" * 100_000

    with pytest.raises(ValueError, match=f"not {wrong}"):
        map_rendered(refuse, range(FEWEST))


def test_what_only_the_second_process_cannot_do_is_done_here() -> None:
    here = os.getpid()

    def only_here(number: int) -> str:
        if os.getpid() != here:
            raise OSError("out of memory")
        return str(number)

    assert map_rendered(only_here, range(FEWEST)) == [str(number) for number in range(FEWEST)]
