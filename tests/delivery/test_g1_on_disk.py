"""G1 with whole processes: a 2xx means that it is on disk, and what is not is 503."""

import resource

import pytest

from tests.delivery.router_process import PATIENT, Town, critical, running
from tests.delivery.store_out_of_order import let_files_grow, taking_nothing

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_dying_before_the_commit_answers_nothing_and_keeps_nothing(town: Town) -> None:
    with running(town, dies="after router.web.webhooks.arrivals:record_notifications") as router:
        router.post_unanswered(critical())

    with running(town) as restarted:
        assert restarted.ask("/api/incidents") == {"incidents": [], "next": None}
        assert restarted.post(critical()) == 200  # Alertmanager tries again
        town.pagerduty.wait_for(lambda fake: fake.pages)
        assert restarted.ask("/api/incidents/1")["timeline"]
        assert restarted.stop() == 0

    assert len(town.pagerduty.pages) == 1


def test_dying_between_the_commit_and_the_200_pages_and_the_next_attempt_changes_nothing(
    town: Town,
) -> None:
    with running(town, dies="before starlette.responses:Response.__call__") as router:
        router.post_unanswered(critical())

    with running(town) as restarted:
        town.pagerduty.wait_for(lambda fake: fake.pages)
        assert restarted.post(critical()) == 200  # Alertmanager tries again
        assert restarted.stop() == 0

    assert len(town.pagerduty.accepted) == 1


def test_killed_right_after_the_200_and_again_every_notification_becomes_its_page(
    town: Town,
) -> None:
    with town.pagerduty.refusing_connections():
        for number in range(2):
            with running(town) as router:
                assert router.post(critical(instance=f"db-{number}")) == 200
                router.kill()

    with running(town) as restarted:
        # Both alerts join one incident of their group, and so one page.
        town.pagerduty.wait_for(lambda fake: fake.pages)
        alerts = restarted.wait_for(
            "/api/incidents/1", lambda incident: len(incident["alerts"]) == 2
        )["alerts"]
        assert {one["labels"]["instance"] for one in alerts} == {"db-0", "db-1"}
        assert restarted.stop() == 0

    assert len(town.pagerduty.pages) == 1


def test_a_store_that_takes_nothing_is_503_and_what_comes_after_is_paged(town: Town) -> None:
    with running(town) as router:
        with taking_nothing(town, router):
            assert router.post(critical()) == 503
            assert router.post(critical()) == 503

        assert router.post(critical()) == 200
        town.pagerduty.wait_for(lambda fake: fake.pages)
        assert router.stop() == 0

    assert len(town.pagerduty.pages) == 1
    of_web = [line for line in router.lines if line.get("logger", "").startswith("router.web")]
    assert "cannot" in str(of_web) or "could not" in str(of_web)
    assert "Traceback" not in str(of_web)


@ON_SQLITE
def test_a_disk_that_fills_after_the_200_delays_the_page_and_loses_it_not(town: Town) -> None:
    gate = town.pagerduty.hold_next(processes=True)
    with running(town, sets=PATIENT) as router:
        assert router.post(critical()) == 200
        town.pagerduty.wait_for(lambda fake: fake.held == 1)
        let_files_grow(router, to_bytes=0)
        gate.open()  # the outcome of the page cannot be recorded
        router.wait_for_log("the outcome of a message is not recorded, it is claimed again")

        let_files_grow(router, to_bytes=resource.RLIM_INFINITY)
        router.kill()

    with running(town) as restarted:
        town.pagerduty.wait_for(lambda fake: len(fake.accepted) == 2)
        assert restarted.stop() == 0

    assert len(town.pagerduty.pages) == 1
