"""What a story is: series over time, and when a preset's condition is true of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

HERE = 'environment="prod"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Series in promtool's notation, one value each 15 s; when the preset is true and when not.

    What is true is pending or firing; `fires_at` and `quiet_at` are of firing alone, after the
    preset's `for`.
    """

    preset: str
    given: Mapping[str, str] = field(default_factory=dict)
    series: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=dict)  # of what alone it is true
    true_at: tuple[str, ...] = ()
    empty_at: tuple[str, ...] = ()
    fires_at: tuple[str, ...] = ()
    quiet_at: tuple[str, ...] = ()


def promtool_test(story: Story, alert: str) -> dict[str, object]:
    """Return the item of a promtool file's `tests` that tells it to the rule of this alert."""
    return {
        "interval": "15s",
        "input_series": [
            {"series": series, "values": values} for series, values in story.series.items()
        ],
        "promql_expr_test": [
            *_asked(story, f'ALERTS{{alertname="{alert}"}}', story.true_at, story.empty_at),
            *_asked(
                story,
                f'ALERTS{{alertname="{alert}",alertstate="firing"}}',
                story.fires_at,
                story.quiet_at,
            ),
        ],
    }


def _asked(
    story: Story, alerts: str, true_at: tuple[str, ...], empty_at: tuple[str, ...]
) -> Iterator[dict[str, object]]:
    labels = ", ".join(f'{name}="{value}"' for name, value in story.labels.items())
    found = [{"labels": f"{{{labels}}}", "value": 1}]
    for at, is_true in (
        *((at, True) for at in true_at),
        *((at, False) for at in empty_at),
    ):
        yield {
            "expr": f"clamp_max(count by ({', '.join(story.labels)}) ({alerts}), 1)",
            "eval_time": at,
            "exp_samples": found if is_true else [],
        }
