"""What the operator says: settings, the cluster list, the allowlist's file. Read when asked, never at import."""
