"""The central service: the JSON API, and the partner and ops pages (`web`)."""
