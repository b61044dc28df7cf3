"""Reports over recordings and exported decisions."""
