"""The real thing: etcd, kube-apiserver and Flux's controllers as processes on loopback (docs/real.md)."""
