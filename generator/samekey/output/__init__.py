"""Files on disk, and what is kept between runs."""
