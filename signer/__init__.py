"""The signer: the separate program that holds all keys (design §5, ADR 7)."""
