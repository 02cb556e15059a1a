"""What the bot's notices say, in words. Pure: Slack, the terminal and Kubernetes Events share it."""
