"""From an episode to the people who should know: policy -> rows of deliveries -> channels.

`policy` decides who gets what and when, as rows; `dispatch` claims rows and hands them to the
channels; `compose` puts a row into words; ``channels`` has one file per way to reach somebody.
"""
