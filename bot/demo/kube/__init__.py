"""A Kubernetes API server on loopback that stores objects and knows no Flux.

Rule of this package: it knows the API (docs/kubernetes.md), nothing of the bot, and it answers as the real server
does; `tests/demo/kube/checks.py` is run against both. `apiserver.ApiServer` is the door: synchronous and without
I/O. `site.Site` puts it on HTTP.
"""
