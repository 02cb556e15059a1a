"""Use cases: async, against ports, no third party. They say facts; edges say how these look."""
