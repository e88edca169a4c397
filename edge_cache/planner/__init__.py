"""The planner of the fill: pure rules, plain data in (`given`) and out (`result`). docs/planning.md explains it."""
