"""Every command line of ffmpeg that we run: the only room that imports `ffmpeg` (ffmpeg-python).

It only builds argument lists (`.compile()`); `process.run` runs them. `tests/unit/test_pipeline_commands.py` pins them.
"""
