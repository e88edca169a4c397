"""An old source against a new one: what was changed, what only moved, and which old segments the new release keeps.

`features` decodes each source once, to something small; `align` finds what was kept; `inherit` lays out the segments.
The last two are pure.
"""
