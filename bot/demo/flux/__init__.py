"""Flux's controllers, simulated: clients of an API server that write what real ones write, in the same order.

`Flux` runs them, `Origins` is the world that they fetch from, `Journal` tells afterwards what was true. Rule of this
package: it knows Flux (docs/flux.md) and the API of Kubernetes, nothing of the bot and of no other simulator.
"""
