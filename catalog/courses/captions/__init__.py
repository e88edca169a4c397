"""Captions: whatever file a partner has becomes one small WebVTT file that every player in a school reads.

`service` stores; `reading` turns a file's bytes into cues and says which format it is: `encodings` finds the text in
the bytes, one of `webvtt`, `subrip`, `substation` and `ttml` takes the cues out (each with `markup` for what is inside
a cue), `cues` puts them in order and in time, and `webvtt` writes them. `remarks` are what a person should know.

The parsers are our own and small, because each input is hostile until read: pysubs2 takes time with the square of a
line's length and goes by no `Format:` line, ttconv takes a tenth of a second a cue and a stack frame a nested tag, and
neither says in which line a fault is. They check our parsers in the tests.
"""
