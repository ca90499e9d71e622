"""What presets' examples cannot tell, since they are one state that lasts: stories by their names.

Both judge the presets: `tests/contract/test_preset_stories.py` as they are, `make mutate` as they
might wrongly be.
"""

from tests.preset_stories import (
    applications,
    backups_and_certificates,
    happenings,
    http,
    kafka,
    kubernetes,
    memory_leak,
    node,
    postgresql,
)
from tests.preset_stories.story import Story

STORIES: dict[str, Story] = {
    **applications.STORIES,
    **memory_leak.STORIES,
    **happenings.STORIES,
    **kafka.STORIES,
    **postgresql.STORIES,
    **backups_and_certificates.STORIES,
    **http.STORIES,
    **kubernetes.STORIES,
    **node.STORIES,
}
