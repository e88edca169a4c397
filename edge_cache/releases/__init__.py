"""What the node knows of courses: releases and directions, each believed only after its signatures."""
