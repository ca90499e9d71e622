"""Numbers on the command line that are none: the sentence says which would be."""

import pytest

from guardia.cli.main import main


@pytest.mark.parametrize("text", ["0", "-1", "a", "1e3", "99999999999"])
def test_a_rate_that_is_none_is_told_what_one_is(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["explain", "slo", "casos/availability", f"--events-per-second={text}"])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert f"'{text}' must be a number of events above 0 and up to 1000000000" in told
    assert "parse_rate" not in told


def test_a_number_of_an_incident_that_is_none_is_told_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["ack", "#ten"])
    assert ended.value.code == 2
    assert "'#ten' is no number of an incident, such as 1042" in capsys.readouterr().err
