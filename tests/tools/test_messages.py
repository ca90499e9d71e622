"""The files of translations: what is added, kept and taken out."""

from pathlib import Path

from tools.messages import Said, find_said_in, render_catalog, render_entries


def test_what_is_translated_stays_what_is_new_is_added_and_the_rest_goes() -> None:
    said = {
        Said("Snooze"): ["router/message/slack_buttons.py"],
        Said("It is {colour}."): ["router/new.py", "router/other.py"],
        Said("{count} alert", "{count} alerts"): ["router/new.py"],
    }

    _, snooze, new, alerts, end = render_catalog("es", said).split("\n\n")

    assert snooze == '#: router/message/slack_buttons.py\nmsgid "Snooze"\nmsgstr "Posponer"'
    assert new.splitlines() == [
        "#: router/new.py router/other.py",
        "#, python-brace-format",
        'msgid "It is {colour}."',
        'msgstr ""',
    ]
    assert alerts.endswith('msgstr[0] "{count} alerta"\nmsgstr[1] "{count} alertas"')
    assert end == ""


def test_what_is_missing_is_shown_as_it_has_to_be_written() -> None:
    shown = render_entries([Said("Why you")])

    assert shown.strip() == 'msgid "Why you"\nmsgstr ""'


def test_sentences_are_found_in_code_and_in_templates(tmp_path: Path) -> None:
    code, template = tmp_path / "code.py", tmp_path / "templates" / "page.html"
    template.parent.mkdir()
    code.write_text(
        'phrase("One "\n       "sentence")\nself._reader.counted("1", "{count}", n)\n'
        'reader.text("Two")\ntext("SELECT 1")\n',
        encoding="utf-8",
    )
    template.write_text(
        '<p title="{{ _("Three", x=1) }}">{{ counted("4", "{count}", n) }}</p>{# _("no") #}',
        encoding="utf-8",
    )

    assert list(find_said_in(code)) == [Said("One sentence"), Said("1", "{count}"), Said("Two")]
    assert list(find_said_in(template)) == [Said("Three"), Said("4", "{count}")]
