"""Images of any other format: what their files say, and their pixels."""
