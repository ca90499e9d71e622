"""What holds for all tests."""

from hypothesis import settings

# Speed is measured in benchmarks/; on a busy machine a time limit only says that it is busy.
settings.register_profile("guardia", deadline=None)
settings.load_profile("guardia")
