"""What a person is shown of an alert: one neutral card, and the forms it takes in text, HTML and Slack blocks. Pure."""

from services.alerter.rendering.card import Card, Dispute, Saying, Standing, make_card

__all__ = ["Card", "Dispute", "Saying", "Standing", "make_card"]
