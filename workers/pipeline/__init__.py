"""From a source to packs: probe, plan, cut, encode, measure, pack. No database and no broker in here."""
