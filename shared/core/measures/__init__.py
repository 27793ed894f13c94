"""The measure library (指标库): what each measure is called, measured in, and read by. One page a family.

What a measure is worth is computed by the page of the same name in `services.rating.core.measures`.
"""
