"""Banks and branches as CSV and XLSX files: read, compared with what is there, stored whole or not at all.

django-import-export was considered and left: it stores row by row through a model's ``save``, while branches
are parts of one document that is written once, on condition that it is still the one that was compared.
"""
