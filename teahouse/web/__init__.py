"""Pages for browsers: templates, static ES modules and the views behind them."""
