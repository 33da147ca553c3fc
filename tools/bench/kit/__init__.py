"""The parts of the benches: what runs, what loads it, what it costs, and how
that is told. Python standard library only, over tools/lab."""
