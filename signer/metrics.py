"""Metrics of the signer, in a registry of its own."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class SignerMetrics:
    """What ops can count and watch."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.drafts = Counter("songtan_signer_drafts", "releases taken to be signed", registry=self.registry)
        self.signatures = Counter("songtan_signer_signatures", "signatures by people", registry=self.registry)
        self.refusals = Counter(
            "songtan_signer_refusals", "requests refused, by the error's code", ("code",), registry=self.registry
        )
        self.directions = Counter("songtan_signer_directions", "directions signed", registry=self.registry)
        self.upkeep_failures = Counter(
            "songtan_signer_upkeep_failures", "times that the store could not be brought up", registry=self.registry
        )
        self.expires = Gauge(
            "songtan_signer_expires_seconds",
            "time until a statement expires, by role",
            ("role",),
            registry=self.registry,
        )
