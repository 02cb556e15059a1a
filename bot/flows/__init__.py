"""What the bot does when asked, told as facts. The outside is reached through bot/ports.py only."""
