"""A demo that needs no Slack and no cluster: simulators of both, and what starts the bot on them.

Rule of this package: the simulators import nothing of the bot, so that they can judge it; only the starting
script knows the bot. Nothing else in the bot but its command line imports from here.
"""
