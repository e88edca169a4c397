"""The formats that all programs share: pure data and rules, no input or output (docs/format.md)."""
