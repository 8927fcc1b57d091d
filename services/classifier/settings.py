"""The classifier's own settings."""

from __future__ import annotations

from pydantic import Field, field_validator

from services.classifier.languages import languages
from shared.settings import Section


class ClassifierSettings(Section):
    """What the reader reads, and how sure it has to be."""

    languages: tuple[str, ...] = Field(
        tuple(languages()), min_length=1, description="Languages to read; others are passed on unread"
    )
    threshold: float = Field(0.5, ge=0, le=1, description="Least chance of a claim for an item to count as relevant")

    @field_validator("languages")
    @classmethod
    def _there_is_data_for_them(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [code for code in codes if code not in languages()]
        if unknown:
            raise ValueError(f"no data for {', '.join(unknown)}; there are: {', '.join(languages())}")
        return codes
