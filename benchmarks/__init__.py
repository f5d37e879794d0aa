"""Programs that measure Teahouse: `bin/bench` lists them."""
