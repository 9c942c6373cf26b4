"""The staff inside a firm for support: for a reason, for a while, announced, and every view recorded."""
