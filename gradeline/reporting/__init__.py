"""Reports of a day: ageing, what is overdue, grades, exposure."""
