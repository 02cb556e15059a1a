"""What can be computed from values alone, by the standard library: nothing reads, waits, logs or asks the time."""
