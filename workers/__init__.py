"""The workers: Celery, the relay, and the pipeline from a source to packs."""
