"""The attack on large tables: thousands of blanks at once, from published values only.

Same questions and same verdicts as the attack on small tables, other means. ``first_table`` finds one whole-number table
that agrees with everything published; ``repair`` brings a table back within its bounds by ``moves`` that no published
figure shows, and ``walk`` has it do so until nearly every blank has had two values far enough apart; ``decide_rest`` decides
what is left by linear and integer programs; ``report`` says what came of it. Only this package compiles
loops, the first time one is called, and only ``compiled`` says how.
"""
