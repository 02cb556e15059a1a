"""State behind the ports: in memory for now."""
