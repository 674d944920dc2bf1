"""What runs: passes over sources, processes of live sources, the monitoring service."""
