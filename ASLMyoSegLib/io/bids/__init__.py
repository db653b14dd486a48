"""Series and results as BIDS lays them out."""
