"""Attachments: files that a partner gives pupils and teachers with a lesson."""
