"""Reading what the former system stored: banks, common fields and formats, turned into those of this one."""
