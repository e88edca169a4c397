"""The partner pages: courses, lessons, uploads, captions, publishing."""
