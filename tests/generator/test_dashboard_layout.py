"""Laws of the layout and of pages, for panels of any size and services of any name."""

from hypothesis import given
from hypothesis import strategies as st

from generator.dashboards.grafana import Dashboard, Panel, Query, dashboard_json
from generator.dashboards.pages import MOST_PANELS, pages
from generator.naming import dashboard_uid
from tests.dashboards import check_places, panels


@st.composite
def drawn_panels(draw: st.DrawFn) -> list[Panel]:
    sizes = draw(st.lists(st.tuples(st.integers(1, 24), st.integers(1, 20)), max_size=60))
    return [
        Panel(
            kind="timeseries",
            title=f"panel {number}",
            description="Drawn.",
            queries=[Query(expression="up")],
            unit="short",
            width=width,
            height=height,
        )
        for number, (width, height) in enumerate(sizes)
    ]


@given(found=drawn_panels())
def test_panels_of_any_size_lie_in_their_order_apart_and_inside(found: list[Panel]) -> None:
    placed = panels(dashboard_json(drawn_board(found)))
    check_places(placed)
    order = [(panel["gridPos"]["y"], panel["gridPos"]["x"]) for panel in placed]
    assert order == sorted(order)
    assert [panel["title"] for panel in placed] == [panel.title for panel in found]
    assert [panel["id"] for panel in placed] == list(range(1, len(found) + 1))


@given(found=drawn_panels())
def test_pages_hold_all_panels_in_their_order_and_never_too_many(found: list[Panel]) -> None:
    paged = pages(drawn_board(found))
    assert [panel for page in paged for panel in page.panels] == found
    assert all(len(page.panels) <= MOST_PANELS for page in paged)
    assert all(page.panels for page in paged[1:])
    assert paged[0].uid == drawn_board(found).uid  # links to it hold, however many follow


names = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)


@given(found=st.sets(names | st.sampled_from(["a", "a-2", "a-3", "x" * 63, "x" * 62]), max_size=8))
def test_pages_of_different_services_never_share_a_uid(found: set[str]) -> None:
    some = [Panel(kind="stat", title="t", description="d", queries=[], unit="short")] * 45
    uids = [
        page.uid
        for name in found
        for page in pages(drawn_board(some, uid=dashboard_uid("service", name)))
    ]
    assert len(set(uids)) == len(uids) == 3 * len(found)
    assert all(len(uid) <= 40 for uid in uids)


def drawn_board(found: list[Panel], uid: str = "guardia-service-drawn") -> Dashboard:
    return Dashboard(uid=uid, title="t", description="d", tags=[], variables=[], panels=found)
