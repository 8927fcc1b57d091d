"""What is known of each language: a folder of data files each, and the script that writes Russian case forms."""
