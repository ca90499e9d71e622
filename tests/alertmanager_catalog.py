"""A catalog that uses all there is of Alertmanager: fallback, Watchdog, maintenance, own parts."""

from pathlib import Path

from tests.catalogs import copy_catalog

SETTINGS = """  repeat_interval: 4h
  fallback:
    email:
      to: oncall@conecta360.example
      from: alertmanager@conecta360.example
      smarthost: mail.conecta360.example:587
      auth_username: alertmanager
      auth_password_file: /etc/alertmanager/secrets/smtp-password
    pagerduty: {routing_key_file: /etc/alertmanager/secrets/pagerduty}
    slack: {api_url_file: /etc/alertmanager/secrets/slack, channel: "#operaciones"}
  watchdog:
    router: true
    dead_mans_switch:
      url: https://watch.example/ping
      token_file: /etc/alertmanager/secrets/switch

maintenance:
  - name: monthly-minor
    services: [casos]
    environments: [prod]
    every: first sunday of the month
    at: 23:00
    lasts: 3h
    zone: Atlantic/Cape_Verde
  - name: quarterly-major
    every: last sunday of the month
    months: [march, june, september, december]
    at: 02:00
    lasts: 4h
    zone: Atlantic/Cape_Verde
  - {name: removal, services: [derivacion], starts: 2099-12-06 22:00, lasts: 4h, zone: UTC}
"""

HIDES = """    runbook: database-down
    hides:
      - {service: casos, slo: availability}
      - {service: derivacion, slo: availability}
      - {alert: CaseAssignmentStalled}
"""

OWN = """routes:
  - receiver: team-chat
    matchers: ['team="plataforma"']
    mute_time_intervals: [nights, guardia-maintenance-monthly-minor]
    routes:
      - receiver: team-log
        matchers: ['severity="critical"']
receivers:
  - name: team-chat
    slack_configs: [{api_url_file: /etc/alertmanager/secrets/team, channel: "#plataforma"}]
  - name: team-log
    webhook_configs: [{url: "http://log.conecta360.example/alerts"}]
time_intervals:
  - name: nights
    time_intervals:
      - times: [{start_time: "22:00", end_time: "24:00"}]
        location: Atlantic/Cape_Verde
inhibit_rules:
  - source_matchers: ['alertname="DatabaseDown"', 'environment=~".+"', 'instance=~".+"']
    target_matchers: ['alertname="CaseAssignmentStalled"']
    equal: [environment, instance]
"""


def copy_full_catalog(to: Path, *, own: str | None = OWN) -> Path:
    """Copy the frozen catalog and add every part; `own` is the team's file, if any."""
    folder = copy_catalog(
        to,
        changes={
            "catalog.yaml": ("  repeat_interval: 4h\n", SETTINGS),
            "services/casos.yaml": ("    runbook: database-down\n", HIDES),
        },
    )
    if own is not None:
        (folder / "alertmanager.yaml").write_text(own, encoding="utf-8")
    return folder
