"""Claims: one module for each question that is asked of a sentence."""
