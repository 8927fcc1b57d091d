"""What is known of the theatre: places of Syria, who speaks of it, signs of other wars."""
