"""From an episode to the people who should know: policy -> rows of deliveries -> channels.

`policy` decides who gets what and when, as rows; `due` decides anew when a row has fallen due;
`dispatch` claims rows and hands them to the channels; `compose` puts a row into words, from what
`library` finds in the store; ``channels`` has one file per way to reach somebody.
"""
