"""The bot's own HTTP server: probes and metrics now, webhooks when their issue comes."""
