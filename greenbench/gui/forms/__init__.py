"""The inspector and its forms, built from FieldSpecs: a parameter is described once and nowhere named here."""
