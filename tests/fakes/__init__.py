"""Fakes of PagerDuty, Slack and a mail server that refuse what the real ones refuse."""
