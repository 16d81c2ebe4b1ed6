"""A made-up marketplace of any size, written in the landing layout (LANDING.md): the demo, the benchmark, the tests.

Everything about one paid day follows from (seed, day) alone, so that the same arguments give the same bytes and a
longer range only adds deliveries. Does not belong here: anything that reads deliveries back (``orchestration``).
"""

from orchestration.sample.marketplace import SampleSummary, write_sample

__all__ = ["SampleSummary", "write_sample"]
