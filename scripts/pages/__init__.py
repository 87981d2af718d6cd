"""The pages in a real browser: a world in many states to show, wallets that sign and send, and the screenshots."""
