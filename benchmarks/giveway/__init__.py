"""What the school's own traffic feels of the fill: a video call and a page load, alone and beside it."""
