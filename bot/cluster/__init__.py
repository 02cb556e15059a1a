"""The Kubernetes edge: the only place that talks to API servers. The rules it keeps are docs/kubernetes.md."""
