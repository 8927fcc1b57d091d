"""The classifier's own settings."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from services.classifier.second_reader.settings import SecondReaderSettings
from shared.settings import Section

Language = Literal["en", "ru", "ar", "tr", "uk"]


class ClassifierSettings(Section):
    """What the reader reads, and how sure it has to be."""

    languages: tuple[Language, ...] = Field(
        ("en", "ru", "ar", "tr", "uk"), min_length=1, description="Languages to read; others are passed on unread"
    )
    threshold: float = Field(0.5, ge=0, le=1, description="Least chance of a claim for an item to count as relevant")
    second_reader: SecondReaderSettings = SecondReaderSettings()
