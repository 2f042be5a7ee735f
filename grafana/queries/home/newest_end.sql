)
HAVING sum(found) > 0
