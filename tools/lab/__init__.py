"""What the demo, the benches and the integration tests share: programs that
are started and stopped by pid, free ports, deployments and a fault proxy.
Python standard library only."""
