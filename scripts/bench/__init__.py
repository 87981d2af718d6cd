"""What ``scripts/bench_log.py`` measures: every figure beside its own yardstick, in one run."""
