"""A pure, deterministic model of the example platform.

From a seed it says what happened in every tick of time and what each exporter
shows then. `demo.platform` serves it live; `demo.model.history` writes it with
timestamps, and a test can add up the same ticks by itself.
"""
