"""The embedded stack: the engines that production uses, started from their wheels, and who watches over them."""
