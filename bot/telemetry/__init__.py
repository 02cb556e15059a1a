"""What the bot tells its operators: log lines and metrics, both made of the same facts."""
