"""From files to results: a series, or a cohort of them; the one place where files go out."""
