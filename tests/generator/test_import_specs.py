"""Specifications to catalog files: what is carried over, listed and refused."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.importing.carry import Import, Kind, import_specs
from generator.importing.model import Remarked
from generator.importing.names import Names, make_id
from generator.importing.stream import MAX_CHARACTERS, read_stream
from guardia.document import read_document

SLOTH = """\
version: prometheus/v1
service: shop
labels: {owner: sales, tier: 2}
slos:
  - name: availability
    objective: 99.90
    description: Orders are answered.
    labels: {category: web}
    sli:
      events:
        error_query: sum(rate(http_total{job="shop",code=~"5.."}[{{.window}}])) by (route)
        total_query: sum(rate(http_total{job="shop"}[{{ .window }}])) by (route)
    alerting:
      name: ShopErrors
      labels: {team: Order Desk, severity: page}
      annotations:
        runbook: https://runbooks.example/shop
        hint: see {{ $labels.route }}
      page_alert: {labels: {channel: "#shop"}}
      ticket_alert: {disable: true}
"""

PYRRA = """\
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata:
  name: shop-latency
  namespace: prod
  labels: {pyrra.dev/team: sales, pyrra.dev/tier: "2", role: alert-rules}
  annotations: {pyrra.dev/runbook: "https://runbooks.example/shop", note: x}
spec:
  target: "99.5"
  window: 2w
  description: Orders are answered fast.
  indicator:
    latency:
      success: {metric: 'http_seconds_bucket{job="shop",le="0.5"}'}
      total: {metric: 'http_seconds_count{job="shop"}'}
      grouping: [route]
"""


def run(kind: Kind, text: str, **options: str) -> Import:
    return import_specs(kind, {"spec.yaml": text}, **options)


def service_of(found: Import, name: str = "shop") -> dict[str, object]:
    document, problems = read_document("x", found.services[f"services/{name}.yaml"])
    assert document is not None, problems
    value: dict[str, object] = document.value
    return value


def slo_of(found: Import, name: str = "shop") -> dict[str, object]:
    slos = service_of(found, name)["slos"]
    assert isinstance(slos, list)
    assert len(slos) == 1
    only: dict[str, object] = slos[0]
    return only


def listed(found: Import, kind: Remarked) -> list[str]:
    return [
        f"{remark.span.line}:{remark.span.column} {remark.text}"
        for remark in found.remarks
        if remark.kind is kind
    ]


def codes(found: Import) -> list[tuple[str, int]]:
    return [(problem.code, problem.span.line) for problem in found.problems]


def test_a_sloth_specification_becomes_a_service_file() -> None:
    found = run("sloth", SLOTH)
    assert found.problems == ()
    assert service_of(found) == {
        "service": "shop",
        "team": "order-desk",
        "description": "Imported; nobody has described it yet.",
        "targets": 'up{job="shop"}',
        "labels": {"owner": "sales", "tier": "2"},
        "slos": [
            {
                "name": "availability",
                "description": "Orders are answered.",
                "objective": "99.90%",
                "by": ["route"],
                "sli": {
                    "ratio": {
                        "bad": 'http_total{job="shop",code=~"5.."}',
                        "total": 'http_total{job="shop"}',
                    }
                },
                "burn_windows": {"medium": "off", "low": "off"},
                "labels": {"category": "web"},
                "annotations": {"hint": "see {{ $labels.route }}"},
                "runbook": "shop-availability",
            }
        ],
    }
    (runbooks,) = found.runbooks.values()
    assert "<https://runbooks.example/shop>" in runbooks["runbooks/shop-availability.md"]


def test_what_sloth_says_and_the_catalog_cannot_is_listed_with_its_place() -> None:
    found = run("sloth", SLOTH)
    assert listed(found, Remarked.LOST) == [
        "14:13 alert name ShopErrors: alerts of SLOs are named ErrorBudgetBurn, and told apart by"
        " their labels `service` and `slo`",
        "15:44 label severity: the rules set this label themselves",
        "19:20 slos[0].alerting.page_alert.labels: the alerts of an SLO differ by their severity"
        " only; routes decide who is told",
    ]
    assert listed(found, Remarked.CHANGED) == [
        "3:9 labels: on alerts only; Sloth writes them on recorded series too",
        "15:22 team Order Desk: now order-desk, since names are lower-case letters, digits and"
        " hyphens",
    ]


def test_a_pyrra_resource_becomes_a_service_file() -> None:
    found = run("pyrra", PYRRA)
    assert found.problems == ()
    slo = slo_of(found)
    assert service_of(found)["team"] == "sales"
    assert slo == {
        "name": "shop-latency",
        "description": "Orders are answered fast.",
        "objective": "99.5%",
        "window": "2w",
        "by": ["route"],
        "sli": {"latency": {"histogram": 'http_seconds{job="shop"}', "below": "500ms"}},
        "labels": {"tier": "2"},
        "runbook": "shop-shop-latency",
    }
    kubernetes = "of the Kubernetes resource only; Pyrra does not write it on rules either"
    assert listed(found, Remarked.LOST) == [
        f"5:3 metadata.namespace: {kubernetes}",
        f"6:56 metadata.labels.role: {kubernetes}",
        f"7:69 metadata.annotations.note: {kubernetes}",
    ]


def test_the_service_of_pyrras_slos_can_be_named() -> None:
    assert list(run("pyrra", PYRRA, service="web").services) == ["services/web.yaml"]
    labelled = PYRRA.replace("{pyrra.dev/team", "{pyrra.dev/service: cart, pyrra.dev/team")
    assert list(run("pyrra", labelled).services) == ["services/cart.yaml"]
    jobless = PYRRA.replace('job="shop",', "").replace('{job="shop"}', "")
    assert list(run("pyrra", jobless).services) == ["services/shop-latency.yaml"]


def test_a_team_is_only_given_to_what_has_none() -> None:
    unowned = SLOTH.replace("owner: sales, ", "").replace("team: Order Desk, ", "")
    assert service_of(run("sloth", unowned))["team"] == "unassigned"
    assert service_of(run("sloth", unowned, team="night"))["team"] == "night"
    assert service_of(run("sloth", SLOTH, team="night"))["team"] == "order-desk"


def test_an_unknown_key_is_listed_and_no_empty_one() -> None:
    text = SLOTH.replace("tier: 2}", "tier: 2}\nnew_key: {deep: 1}\nempty: {}\nnone:")
    lost = listed(run("sloth", text), Remarked.LOST)
    assert [line for line in lost if line.startswith(("4:", "5:", "6:"))] == [
        "4:1 new_key: no such key is known for this kind of specification"
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("service: shop", 'service: ""', ("missing-key", 2)),
        ("service: shop\n", "", ("missing-key", 1)),
        ("objective: 99.90", "objective: 100", ("objective-range", 6)),
        ("objective: 99.90", "objective: 0", ("objective-range", 6)),
        ("objective: 99.90", "objective: high", ("wrong-type", 6)),
        ("objective: 99.90", "objective: [99.9]", ("wrong-type", 6)),
        ("objective: 99.90", "objective: 1e999999999", ("wrong-type", 6)),
        ("name: ShopErrors", 'name: ""', ("missing-key", 14)),
        ("[{{ .window }}]", "[5m]", ("missing-window", 12)),
        ("total_query: sum(", "total_query: summ(", ("promql-syntax", 12)),
        ('code=~"5.."', 'code=~"[[:digit:]]+"', ("selector-expression", 11)),
        ("      events:", "      events: {}\n      more:", ("missing-key", 10)),
        ("      events:", "      unknown:", ("wrong-value", 10)),
        (" by (route)\n    alerting", " by (job2)\n    alerting", ("sli-not-importable", 11)),
        ("by (route)", "by (service)", ("label-reserved", 10)),
        ("disable: true", "disable: sure", ("wrong-type", 20)),
        ("version: prometheus/v1", "version: prometheus/v2", ("spec-unknown", 1)),
        ("version: prometheus/v1", "version: [x]", ("spec-unknown", 1)),
        ("owner: sales", 'owner: "{{ .Values.owner }}"', ("spec-template", 3)),
        ("owner: sales", "owner: sales, owner: x", ("duplicate-key", 3)),
        ("service: shop", "service: 'shop", ("yaml-syntax", 21)),
    ],
)  # fmt: skip
def test_what_cannot_be_imported_from_sloth_is_refused_where_it_stands(
    old: str, new: str, problem: tuple[str, int]
) -> None:
    assert old in SLOTH
    found = run("sloth", SLOTH.replace(old, new))
    assert problem in codes(found)
    assert not found.services


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('target: "99.5"', 'target: "100"', ("objective-range", 9)),
        ("window: 2w", "window: 2 weeks", ("duration-invalid", 10)),
        ("  window: 2w\n", "", ("missing-key", 8)),
        ("name: shop-latency", "name:", ("missing-key", 3)),
        ("    latency:", "    latencyNative:", ("sli-not-importable", 14)),
        ("    latency:", "    novel:", ("wrong-value", 13)),
        ('le="0.5"}', 'le="0.5"}[5m]', ("promql-selector", 14)),
        ("grouping: [route]", 'grouping: ["a b"]', ("wrong-value", 16)),
        ("kind: ServiceLevelObjective", "kind: Service", ("spec-unknown", 1)),
        ("pyrra.dev/v1alpha1", "openslo/v1", ("spec-unknown", 1)),
    ],
)
def test_what_cannot_be_imported_from_pyrra_is_refused_where_it_stands(
    old: str, new: str, problem: tuple[str, int]
) -> None:
    assert old in PYRRA
    found = run("pyrra", PYRRA.replace(old, new))
    assert problem in codes(found)
    assert not found.services


@pytest.mark.parametrize(
    ("kind", "old", "new", "message"),
    [
        ("sloth", "      name: ShopErrors\n", "", "`alerting.name` is missing"),
        ("sloth", "name: ShopErrors", "name:", "`alerting.name` is missing"),
        ("sloth", "name: ShopErrors", 'name: ""', "`alerting.name` is empty"),
        ("sloth", "name: availability", "slug: x", "`name` is missing"),
        ("pyrra", "      total:", "      more:", "`latency.total.metric` is missing"),
        ("pyrra", "success: {metric", "success: {m", "`latency.success.metric` is missing"),
    ],
)
def test_what_is_missing_is_named_so_that_nothing_else_can_be_meant(
    kind: Kind, old: str, new: str, message: str
) -> None:
    text = SLOTH if kind == "sloth" else PYRRA
    assert old in text
    (problem,) = run(kind, text.replace(old, new)).problems
    assert problem.message == message
    assert message.split("`")[1] in problem.fix


def test_labels_of_the_catalogs_places_are_listed_and_not_carried_over() -> None:
    text = SLOTH.replace("tier: 2", "tier: 2, environment: prod")
    text = text.replace("category: web", "category: web, region: cv")
    places = ("environment", "region")
    found = import_specs("sloth", {"spec.yaml": text}, place_labels=places)
    written = found.services["services/shop.yaml"]
    assert "environment:" not in written
    assert "region:" not in written
    assert "category: web" in written
    apart = "the catalog tells its environments or regions apart by this label"
    lost = "\n".join(listed(found, Remarked.LOST))
    assert f"label environment: {apart}: prod" in lost
    assert f"label region: {apart}: cv" in lost


def test_pyrras_labels_of_the_catalogs_places_are_listed_too() -> None:
    text = PYRRA.replace("pyrra.dev/tier", "pyrra.dev/environment")
    found = import_specs("pyrra", {"spec.yaml": text}, place_labels=("environment",))
    assert "environment:" not in found.services["services/shop.yaml"]
    assert any("label environment: " in line for line in listed(found, Remarked.LOST))


def test_empty_labels_and_annotations_are_listed() -> None:
    text = SLOTH.replace("category: web", 'category: ""')
    text = text.replace("hint: see", 'e: ""\n        n: null\n        hint: see')
    lost = "\n".join(listed(run("sloth", text), Remarked.LOST))
    for what in ("label category", "annotation e", "annotation n"):
        assert f"{what}: it is empty, which is as good as none" in lost


def test_a_refused_slo_leaves_the_others_and_lists_nothing_of_itself() -> None:
    plugin = "  - {name: p, objective: 99, sli: {plugin: {id: x}}, alerting: {name: a, odd: 1}}\n"
    found = run("sloth", SLOTH + plugin)
    assert codes(found) == [("sli-not-importable", 21)]
    assert slo_of(found)["name"] == "availability"
    assert not [remark for remark in found.remarks if remark.span.line == 21]
    assert (found.outcomes[0].imported, found.outcomes[0].found) == (1, 2)


def test_bad_events_outside_the_total_are_refused_as_the_catalog_would() -> None:
    found = run("sloth", SLOTH.replace('http_total{job="shop"}', 'http_total{job="cart"}'))
    assert codes(found) == [("bad-not-in-total", 10)]
    assert not found.services


def test_an_objective_that_leaves_no_room_for_critical_goes_without() -> None:
    found = run("pyrra", PYRRA.replace("99.5", "90"))
    assert slo_of(found)["burn_windows"] == {"critical": "off"}
    assert "critical: off # it could never fire" in found.services["services/shop.yaml"]
    assert any("no critical alert" in text for text in listed(found, Remarked.CHANGED))


def test_a_window_shorter_than_a_pair_goes_without_it() -> None:
    found = run("pyrra", PYRRA.replace("2w", "2d"))
    assert slo_of(found)["burn_windows"] == {"low": "off"}


@pytest.mark.parametrize("off", ["disabled: true", "burnrates: false"])
def test_pyrras_alerts_can_be_off(off: str) -> None:
    found = run("pyrra", PYRRA + f"  alerting: {{{off}, name: Slow}}\n")
    assert slo_of(found)["burn_windows"] == dict.fromkeys(
        ("critical", "high", "medium", "low"), "off"
    )
    assert any("spec.alerting.name" in text for text in listed(found, Remarked.LOST))


def test_an_alert_that_pyrra_leaves_out_and_we_cannot_is_listed() -> None:
    found = run("pyrra", PYRRA + "  alerting: {absent: false, absentName: Gone}\n")
    assert "burn_windows" not in slo_of(found)
    lost = listed(found, Remarked.LOST)
    assert any(text.startswith("17:22 no alert for an absent metric") for text in lost)
    assert any("spec.alerting.absentName" in text for text in lost)


def test_a_success_metric_counts_good_events_and_a_gauge_is_uptime() -> None:
    ratio = PYRRA.replace("    latency:", "    ratio:").replace("le=", "x=")
    assert slo_of(run("pyrra", ratio))["sli"] == {
        "ratio": {
            "good": 'http_seconds_bucket{job="shop",x="0.5"}',
            "total": 'http_seconds_count{job="shop"}',
        }
    }
    head = PYRRA[: PYRRA.index("    latency:")]
    gauge = head + "    bool_gauge: {metric: 'up{job=\"shop\"}', grouping: [pod]}\n"
    assert slo_of(run("pyrra", gauge))["sli"] == {"uptime": {"gauge": 'up{job="shop"}'}}


def test_services_of_several_documents_are_joined_and_differing_labels_stay_with_their_slo() -> (
    None
):
    second = SLOTH.replace("tier: 2", "tier: 3").replace("name: availability", "name: more")
    found = run("sloth", f"---\n{SLOTH}\n---\n# nothing\n---\n{second}")
    service = service_of(found)
    assert service["labels"] == {"owner": "sales"}
    slos = service["slos"]
    assert isinstance(slos, list)
    assert [(slo["name"], slo["labels"]["tier"]) for slo in slos] == [
        ("availability", "2"),
        ("more", "3"),
    ]


def test_a_kubernetes_list_is_read_item_by_item() -> None:
    items = [yaml.safe_load(PYRRA), yaml.safe_load(PYRRA.replace("shop-latency", "other"))]
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items})
    assert run("pyrra", text).outcomes[0].imported == 2


def test_the_same_slo_twice_is_refused_twice() -> None:
    found = import_specs("sloth", {"a.yaml": SLOTH, "b.yaml": SLOTH})
    assert [(p.code, p.span.path, p.label) for p in found.problems] == [
        ("duplicate-id", "a.yaml", "also at b.yaml:5"),
        ("duplicate-id", "b.yaml", "also at a.yaml:5"),
    ]
    assert not found.services


def test_names_that_become_one_are_numbered_and_listed() -> None:
    other = SLOTH.replace("name: availability", "name: Availability")
    found = import_specs("sloth", {"a.yaml": SLOTH, "b.yaml": other})
    assert "  - name: availability-2\n" in found.services["services/shop.yaml"]
    assert any("availability-2" in text for text in listed(found, Remarked.CHANGED))
    namespaces = PYRRA + "---\n" + PYRRA.replace("namespace: prod", "namespace: qa")
    assert "  - name: shop-latency-2\n" in run("pyrra", namespaces).services["services/shop.yaml"]


@given(st.lists(st.text(max_size=80), max_size=6))
def test_names_are_ids_and_differ_where_what_they_name_differs(written: list[str]) -> None:
    names = Names()
    given_names = {text: names.give(text) for text in written}
    assert len(set(given_names.values())) == len(given_names)
    for name in (*given_names.values(), *map(make_id, written)):
        assert name
        assert len(name) <= 63
        assert name == make_id(name)


texts = st.text(
    st.sampled_from(":#{}[]|>-'\"\\ \t\n%@&*!,?~0123456789.eE") | st.characters(codec="utf-8"),
    min_size=1,
    max_size=30,
)


@given(text=texts, label=texts, name=texts)
def test_any_text_comes_back_from_the_file_as_it_was(text: str, label: str, name: str) -> None:
    spec = {
        **yaml.safe_load(SLOTH),
        "labels": {"kept": label},
    }
    spec["slos"][0] |= {"description": text, "name": name}
    document = yaml.safe_dump(spec, allow_unicode=True)
    read, _ = read_stream("spec.yaml", document)
    found = run("sloth", document)
    if not found.services or not read:
        return  # refused, or a sign that YAML does not take
    # PyYAML writes some texts so that they come back as others.
    described = as_text(read[0].value["slos"][0]["description"], text)
    kept = as_text(read[0].value["labels"]["kept"], label)
    assert slo_of(found)["description"] == described.rstrip("\n")
    labels = service_of(found).get("labels", {})
    assert labels == ({} if "{{" in kept else {"kept": kept.rstrip("\n")})


def as_text(value: object, written: str) -> str:
    """Return a value as the import takes it: a number, such as PyYAML makes of 0E0, as written."""
    return value if isinstance(value, str) else written


@given(st.text(max_size=200))
def test_no_text_breaks_an_import(text: str) -> None:
    kinds: tuple[Kind, ...] = ("sloth", "pyrra")
    for kind in kinds:
        found = import_specs(kind, {"x.yaml": text})
        assert found.problems or found.services


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=6,
    ),
    st.data(),
)
def test_no_wrong_type_breaks_an_import(value: object, data: st.DataObject) -> None:
    specs: tuple[tuple[Kind, str], ...] = (("sloth", SLOTH), ("pyrra", PYRRA))
    for kind, text in specs:
        spec = yaml.safe_load(text)
        holder = spec
        while True:
            key = data.draw(st.sampled_from(sorted(holder)))
            if not isinstance(holder[key], dict) or data.draw(st.booleans()):
                break
            holder = holder[key]
        holder[key] = value
        found = import_specs(kind, {"x.yaml": yaml.safe_dump(spec)})
        assert found.problems or found.services


def test_a_file_too_large_too_deep_or_empty_is_refused() -> None:
    assert codes(run("sloth", "# " + "x" * MAX_CHARACTERS)) == [("yaml-syntax", 1)]
    assert codes(run("sloth", "---\na: " + "[" * 500 + "]" * 500)) == [("yaml-syntax", 2)]
    assert codes(run("sloth", "# nothing\n---\n")) == [("spec-unknown", 1)]


def test_places_are_those_of_the_whole_file() -> None:
    text = "a: 1\r\n---\r\n# c\r\nb: [2]\r\n--- {c: 3}\r\n"
    documents, problems = read_stream("f", text)
    assert problems == ()
    assert [document.value for document in documents] == [{"a": 1}, {"b": [2]}, {"c": 3}]
    spans = [documents[1].span(("b", 0)), documents[2].span(("c",))]
    assert [(span.line, span.column) for span in spans] == [(4, 5), (5, 9)]


WINDOWS = """\
apiVersion: sloth.slok.dev/v1
kind: AlertWindows
spec:
  sloPeriod: 7d
  page:
    quick: {errorBudgetPercent: 8, shortWindow: 5m, longWindow: 1h}
    slow: {errorBudgetPercent: 12.5, shortWindow: 30m, longWindow: 6h}
  ticket:
    quick: {errorBudgetPercent: 20, shortWindow: 2h, longWindow: 1d}
    slow: {errorBudgetPercent: 42, shortWindow: 6h, longWindow: 3d}
"""


def test_alert_windows_become_a_piece_of_catalog_yaml() -> None:
    found = run("sloth", WINDOWS)
    (windows,) = found.windows
    assert yaml.safe_load(windows.text) == {
        "slo_defaults": {
            "window": "7d",
            "burn_windows": {
                "critical": {"budget": "8%", "long": "1h", "short": "5m"},
                "high": {"budget": "12.5%", "long": "6h", "short": "30m"},
                "medium": {"budget": "20%", "long": "1d", "short": "2h"},
                # 42% of a week's budget in three days is a burn rate of 0.98.
                "low": {"burn_rate": 1, "long": "3d", "short": "6h"},
            },
        }
    }
    assert [remark.span.line for remark in found.remarks] == [10]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("sloPeriod: 7d", "sloPeriod: week", ("duration-invalid", 4)),
        ("sloPeriod: 7d", "sloPeriod: 2d", ("wrong-value", 10)),
        ("Percent: 8", "Percent: 0", ("budget-share-invalid", 6)),
        ("errorBudgetPercent: 8, ", "", ("missing-key", 6)),
    ],
)
def test_alert_windows_that_make_no_sense_are_refused(
    old: str, new: str, problem: tuple[str, int]
) -> None:
    found = run("sloth", WINDOWS.replace(old, new))
    assert problem in codes(found)
    assert not found.windows
