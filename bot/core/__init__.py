"""Values and rules. Everything here only computes: no I/O, no asyncio, no clock, no logging, no third party."""
