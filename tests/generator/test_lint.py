"""What the checks of PromQL find, and what they must leave alone."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.promql.check import check_expression
from generator.promql.finding import Finding, Setting, read_expression
from generator.promql.labels import ANY, NONE, Labels, possible_labels
from generator.promql.lint import check_alert_expression, check_rate_expression

SETTING = Setting(
    scrape_interval=timedelta(seconds=15), retention=timedelta(days=30), kept=("environment",)
)
PART, WHOLE = 'sum by (job) (rate(a_total{code=~"5.."}[5m]))', "sum by (job) (rate(a_total[5m]))"
NO_LABELS = Setting(scrape_interval=timedelta(seconds=15), retention=timedelta(days=30), kept=())


def findings(text: str, *, holds_for: str = "5m", setting: Setting = NO_LABELS) -> list[Finding]:
    length = {"5m": timedelta(minutes=5), "15s": timedelta(seconds=15)}[holds_for]
    return list(check_alert_expression(text, holds_for=length, setting=setting))


@pytest.mark.parametrize(
    ("code", "text", "piece"),
    [
        ("rate-on-gauge", "rate(up[5m]) > 1", "up"),
        ("rate-on-gauge", "increase(build_info[5m]) > 1", "build_info"),
        ("rate-on-gauge", "sum(irate(job:requests:rate5m[5m])) > 1", "job:requests:rate5m"),
        ("rate-on-gauge", "rate(last_run_timestamp_seconds[1h]) > 0", "last_run_timestamp_seconds"),
        ("counter-no-rate", "errors_total > 10", "errors_total"),
        ("counter-no-rate", "10 < sum by (job) (errors_total)", "errors_total"),
        ("counter-no-rate", "max(errors_total) / 60 >= 2", "errors_total"),
        ("rate-of-sum", "rate(sum(errors_total)[5m:]) > 1", "rate"),
        ("rate-of-sum", "increase((sum by (job) (errors_total))[1h:1m]) > 1", "increase"),
        ("avg-of-ratio", "avg(rate(a_total[5m]) / rate(b_total[5m])) > 0.1", "avg"),
        (
            "avg-of-ratio",
            "avg_over_time((sum(rate(a_total[5m])) / sum(rate(b_total[5m])))[1h:]) > 0.1",
            "avg_over_time",
        ),
        ("avg-of-ratio", "100 * avg(100 * (a_total / b_total)) > 5", "avg"),
        ("rate-range-too-short", "rate(errors_total[30s]) > 1", "errors_total"),
        ("range-beyond-retention", "avg_over_time(queue_length[31d]) > 1", "queue_length"),
        ("range-beyond-retention", "rate(e_total[1h] offset 30d) > 1", "e_total"),
        ("range-beyond-retention", "max_over_time(rate(e_total[5m])[30d:5m]) > 1", "e_total"),
        ("offset-negative", "queue_length offset -5m > 1", "queue_length"),
        ("comparison-missing", "rate(errors_total[5m])", None),
        ("comparison-missing", "up", None),
        ("comparison-missing", "sum(queue_length)", None),
        ("comparison-missing", "queue_length > bool 3", None),
        ("comparison-missing", "up == 0 or queue_length", "queue_length"),
        ("comparison-missing", "a > 1 or (rate(b[5m]) or c < 1)", "rate"),
        ("comparison-missing", 'min(queue_length{job="x"}) < bool 1', None),
        ("comparison-impossible", 'count(up{job="x"}) == 0', "count"),
        ("matchers-contradict", 'q{a="1",a="2"} > 1', 'a="1"'),
        ("matchers-contradict", 'q{a="1",a!="1"} > 1', 'a="1"'),
        ("matchers-contradict", 'q{a!="1", b="2", a = "1"} > 1', "q"),
        ("matchers-contradict", 'q{code=~"5..",code="200"} > 1', 'code="200"'),
        (
            "matchers-contradict",
            'sum(rate(e_total{a="x"}[5m] offset 1h)) > q{a="1",a!~"1|2"}',
            'a="1"',
        ),
        ("matchers-contradict", 'q{a="",a=~".+"} > 1', 'a=""'),
        ("comparison-impossible", "count_over_time(up[5m]) < 1", "count_over_time"),
        ("comparison-impossible", "absent(up) == 0", "absent"),
        ("comparison-impossible", "max(rate(e_total[5m])) < 0", "max"),
        ("comparison-impossible", "hour() > 24", "hour"),
        # a share is at most the whole
        ("comparison-impossible", f"{PART} / {WHOLE} > 1.5", "sum"),
        ("comparison-impossible", f"100 * ({PART} / {WHOLE}) > 150", "sum"),
        ("comparison-impossible", f"{PART} / ({WHOLE} > 0) > 1", "sum"),
        ("comparison-impossible", f"1 - {PART} / {WHOLE} < 0", "sum"),
        ("comparison-impossible", f"1.2 < {PART} / {WHOLE}", "sum"),
        # what works or does not, and what only counts
        ("comparison-impossible", "min by (job) (up) > 1", "min"),
        ("comparison-impossible", "avg(avg_over_time(probe_success[1h])) > 1.2", "avg"),
        ("comparison-impossible", "sum(increase(e_total[1h])) <= -5", "sum"),
        ("comparison-impossible", "e_total < 0", "e_total"),
        ("comparison-impossible", "rate(a_total[5m]) + rate(b_total[5m]) < 0", "rate"),
        ("comparison-impossible", "-5 > rate(a_total[5m]) / rate(b_total[5m])", "rate"),
        ("comparison-impossible", "60 * minute() >= 3600", "minute"),
        ("comparison-impossible", "a > 1 and a < 0", "a"),
        ("comparison-impossible", "a > 5 and a <= 5", "a"),
        ("comparison-impossible", "(a > 2 and b > 1) and a == 1", "a"),
        ("comparison-impossible", "(a > 5) < 3", "a"),
        ("comparison-impossible", "sum by (job) (a or vector(0)) > 0", "sum"),
        ("group-label-dropped", "sum by (job, path) (sum by (job) (a)) > 1", "sum"),
        ("group-label-dropped", "a * on (path) sum by (job) (b) > 1", "sum"),
        ("group-label-dropped", "a * on (job) group_left (team) sum by (job) (b) > 1", "sum"),
        (
            "group-label-dropped",
            "histogram_quantile(0.9, sum by (job) (rate(d_bucket[5m]))) > 1",
            "d_bucket",
        ),
        ("matching-impossible", "sum by (job) (a) / sum by (job, path) (b) > 1", "sum"),
        ("matching-impossible", "sum(a) > 1 and sum by (job) (b) > 1", "sum"),
        (
            "quantile-range",
            "histogram_quantile(99, sum by (le) (rate(d_bucket[5m]))) > 1",
            "histogram_quantile",
        ),
        ("regexp-redundant", 'a{job=~"casos"} > 1', 'job=~"casos"'),
        ("regexp-redundant", "a{job!~'casos'} > 1", "a"),
        ("regexp-redundant", 'a{job=~".*"} > 1', 'job=~".*"'),
    ],
)
def test_a_mistake_is_found_at_its_place(code: str, text: str, piece: str | None) -> None:
    (found,) = findings(text)
    assert found.code == code
    assert (found.place.piece if found.place is not None else None) == piece


@pytest.mark.parametrize(
    "text",
    [
        # counters and gauges
        "rate(errors_total[5m]) > 1",
        "increase(node_vmstat_oom_kill[5m]) > 0",  # counters of old exporters have any name
        "rate(node_network_receive_bytes[1m]) > 1e6",
        "rate(http_request_duration_seconds_count[5m]) > 1",
        "increase(backup[1h]) > 0",  # ends like `up`, and is another word
        "errors_total > 0",  # has it ever happened
        "errors_total - errors_total offset 5m > 10",
        "jvm_memory_used / jvm_memory_total > 0.9",
        "delta(up[5m]) < 0",
        "max_over_time(sum(rate(errors_total[5m]))[1h:]) > 5",
        # leaders of each instance: the greatest is meant
        "increase((max without (instance) (leader_changes_total))[15m:1m]) >= 4",
        # means
        "sum(rate(a_total[5m])) / sum(rate(b_total[5m])) > 0.1",
        "max(rate(a_total[5m]) / rate(b_total[5m])) > 0.1",
        "avg(node_filesystem_avail_bytes / node_filesystem_size_bytes) < 0.1",
        "avg(rate(a_total[5m]) / 60) > 1",
        # comparisons
        'pg_index_size{indexrelname=~".*ccnew.*"}',  # its presence is what is meant
        "ALERTS",
        "job:errors:too_many",
        "absent(up)",
        "a unless b",
        "vector(1)",
        "count(up == 0) > 2",
        "count(up) < 3",
        "(count(up) or vector(0)) == 0",
        "(sum(rate(e_total[5m])) or vector(0)) > 1",
        "sum(a or vector(0)) > 0",
        "sum by (cluster) (a or vector(0)) == 0",
        "a > 1 and a < 3",
        "a > 1 and b < 0",
        "a > 1 and on (job) a < 0",
        "avg_over_time(a[1h:]) > 1 and avg_over_time(a[1d:]) < 0",
        "a != 1 and a == 1e9",
        "day_of_week() == 0 and on () hour() >= 23",
        # a share of something else, or of another time, may be anything
        f"{WHOLE} / {PART} > 1.5",
        f"{PART} / {WHOLE} > 0.99",
        f"{PART} / {WHOLE} >= 1",
        f"1 - {PART} / {WHOLE} <= 0",
        'sum(rate(a_total{x="1"}[5m])) / sum(rate(b_total[5m])) > 2',
        'sum(rate(a_total{x="1"}[5m])) / sum(rate(a_total{x="2"}[5m])) > 2',
        'sum(rate(a_total{x="1"}[5m])) / sum(rate(a_total[1h])) > 2',
        'sum(rate(a_total{x="1"}[5m])) / sum(rate(a_total[5m] offset 1d)) > 2',
        'sum(rate(a_total{x="1"}[5m])) / sum(increase(a_total[5m])) > 2',
        'sum by (y) (rate(a_total{x="1"}[5m])) / on () group_left sum(rate(a_total[5m])) > 2',
        'avg(rate(a_total{x="1"}[5m])) / avg(rate(a_total[5m])) > 2',
        "rate(a_total[5m]) - rate(b_total[5m]) < 0",
        "a / b < 0",
        "sum(up) > 1",
        "up - up offset 5m < 0",
        "delta(e_total[5m]) < 0",
        "-rate(a_total[5m]) < 0",
        "rate(a_total[5m]) % 2 < -1",
        # labels
        "sum by (job) (a) / on (job) group_left sum by (job) (b) > 1",
        "sum by (job) (a) / ignoring (path) sum by (job, path) (b) > 1",
        "sum by (job) (a) / a > 1",
        "sum by (job) (a) == on () group_left vector(1)",
        "histogram_quantile(0.9, sum by (job, le) (rate(d_bucket[5m]))) > 1",
        "histogram_quantile(0.9, sum by (job) (rate(native_histogram[5m]))) > 1",
        "histogram_quantile(0.9, rate(d_bucket[5m])) > 1",
        "count_values('version', build_info) > 1",
        "sum by (v) (count_values('v', b)) > 1",
        "sum by (new) (label_replace(sum by (job) (a), 'new', '$1', 'job', '(.*)')) > 1",
        "sum by (job) (absent(up{job='x'})) > 0",
        "topk by (job) (3, a) > 1",
        "sum by (path) (topk(3, a)) > 1",
        # regular expressions
        'a{code=~"5.."} > 1',
        'a{job=~"x|y"} > 1',
        'a{job=~"x.*"} > 1',
        'a{job=~".+"} > 1',
        # matchers of one label that agree, or of which nothing is sure
        'a{x="1",x=~"1|2",x!="2",x!~"2.*",y!="1"} > 1',
        'a{x="1"} > 1 or a{x!="1"} > 1',
        'a{x=~"1.*",x=~"2.*"} > 1',
        'a{x="",x!="1"} > 1',
        'a{job!~""} > 1',
        'a{job=~"x\\\\.y"} > 1',
    ],
)
def test_what_may_be_meant_is_left_alone(text: str) -> None:
    assert findings(text) == []


def test_an_alert_must_keep_the_labels_that_say_where_it_came_from() -> None:
    (found,) = findings("sum by (job) (a) > 1", setting=SETTING)
    assert found.code == "environment-missing"
    assert findings("sum by (job, environment) (a) > 1", setting=SETTING) == []
    assert findings("sum without (job) (a) > 1", setting=SETTING) == []


def test_absence_must_last_longer_than_one_lost_scrape() -> None:
    (found,) = findings("absent(up)", holds_for="15s")
    assert found.code == "absent-without-for"
    assert findings("absent_over_time(up[5m])", holds_for="15s") == []


def test_the_second_of_two_names_is_marked_when_it_is_the_wrong_one() -> None:
    text = 'rate(e_total{a="e_total"}[5m]) > 0 and e_total > 5 # e_total'
    (found,) = findings(text)
    assert found.code == "counter-no-rate"
    assert found.place is not None
    assert (found.place.piece, found.place.nth) == ("e_total", 2)


def test_an_sli_over_the_window_is_left_alone() -> None:
    assert check_rate_expression("sum(rate(a_total[$window]))", setting=NO_LABELS) == ()


def test_an_sli_is_checked_for_the_same_mistakes() -> None:
    (found,) = check_rate_expression("sum(rate(up[$window]))", setting=NO_LABELS)
    assert found.code == "rate-on-gauge"
    (lost,) = check_rate_expression("sum(rate(a_total[$window]))", setting=SETTING)
    assert lost.code == "environment-missing"


@pytest.mark.parametrize("sign", ["+a", " or a", " > a", " and on (b) a"])
@pytest.mark.parametrize("number", [90, 101, 900])
def test_a_long_row_of_operators_ends_nothing(sign: str, number: int) -> None:
    text = ("a" + sign * number)[:5000]
    assert (check_expression(text) is None) == (number < 100)
    findings(text)
    minus = "-" * number + "a > 1"
    assert (check_expression(minus) is None) == (number < 100)
    findings(minus)


@pytest.mark.parametrize("text", ["", "sum(", "a[$window]", "(" * 500, "x" * 6000, "a{b=~'('}"])
def test_what_is_no_promql_has_no_findings(text: str) -> None:
    assert findings(text) == []


NAMES = ("a", "b", "c", "le")
some_labels = st.builds(Labels, st.frozensets(st.sampled_from(NAMES)), st.booleans())


@given(one=some_labels, other=some_labels, names=st.frozensets(st.sampled_from(NAMES)))
def test_label_sets_are_what_set_theory_says(
    one: Labels, other: Labels, names: frozenset[str]
) -> None:
    for name in (*NAMES, "unheard_of"):
        first, second, given_ = one.may_have(name), other.may_have(name), name in names
        assert one.both(other).may_have(name) == (first and second)
        assert one.either(other).may_have(name) == (first or second)
        assert one.keep(names).may_have(name) == (first and given_)
        assert one.drop(names).may_have(name) == (first and not given_)
        assert one.add(names).may_have(name) == (first or given_)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("a", ANY),
        ('a{b=""}', ANY.drop(["b"])),
        ("sum(a)", NONE),
        ("time() - 1", NONE),
        ("a / on (b) c", NONE.add(["b"])),
        ("a / ignoring (b) c", ANY.drop(["b"])),
        ("sum by (b) (a) or sum by (c) (a)", NONE.add(["b", "c"])),
        ("sum by (b) (a) unless c", NONE.add(["b"])),
        ("2 * sum by (b) (a)", NONE.add(["b"])),
        ("sum by (b) (a) * on (b) group_left (d) e", NONE.add(["b", "d"])),
        ("e * on (b) group_right (d) sum by (b) (a)", NONE.add(["b", "d"])),
        ("histogram_quantile(0.5, sum by (le, b) (a))", NONE.add(["b"])),
        ('absent(a{b="x",c=~"y",d=""})', NONE.add(["b"])),
        ("rate(a[5m:])", ANY),
    ],
)
def test_which_labels_a_result_can_have(text: str, labels: Labels) -> None:
    assert possible_labels(read_expression(text).top) == labels


words = st.sampled_from(
    [
        *("a", "b_total", "d_bucket", "1", "-", "+", "/", ">", "== bool", "and", "or", "unless"),
        *("(", ")", "sum", "by (x)", "without (x)", "on (x)", "group_left (y)", "rate", "absent"),
        *(
            "[5m]",
            "[1h:1m]",
            "offset -5m",
            '{x="y"}',
            '{x=~"y"}',
            '{x=""}',
            "count",
            "vector",
            "le",
        ),
        *("histogram_quantile", "0.9", ",", "label_replace", '"x"', "topk", "time()", "@ 5"),
    ]
)


@given(st.lists(words, max_size=12).map(" ".join))
def test_whatever_is_written_is_checked_without_an_exception(text: str) -> None:
    for holds_for in ("5m", "15s"):
        findings(text, holds_for=holds_for, setting=SETTING)
    check_rate_expression(text, setting=SETTING)
