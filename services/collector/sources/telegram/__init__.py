"""Public Telegram channels: one normal form, two ways in (preview pages, an account)."""
