"""The measure library (指标库): one page a family; `catalogue` lists them all and compiles what a method reads."""
