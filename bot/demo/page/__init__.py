"""The workspace and its clusters in a browser: one page, told by one stream, acting by posts (docs/demo.md)."""
