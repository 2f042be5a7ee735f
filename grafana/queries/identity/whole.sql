-- Days are filled in where months are wanted: a fill has no step of a month beside one of seconds.
(NOT monthly OR toDayOfMonth(time) = 1)
