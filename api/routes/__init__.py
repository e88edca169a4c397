"""The routes of the JSON API: they parse, authorise and call."""
