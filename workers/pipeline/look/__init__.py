"""Looks before anything is encoded: what is in the pictures and the sound over the lesson's time.

ffmpeg decodes once and writes small frames; numpy reads them in chunks; pure functions turn them into a `Look`.
Every number that decides is in `thresholds.py`.
"""
